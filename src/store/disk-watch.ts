import { systemClock } from '../base/clock.js';
import type { Logger } from '../base/logger.js';
import { CommitLatency } from './commit-latency.js';
import { type Condition, conditionAt } from './disk-condition.js';
import type { Report } from './protocol.js';

/** How often the condition is looked at when the thread says nothing. */
const LOOK_MS = 500;

export interface DiskWatchOptions {
  /** The storage folder. */
  readonly where: string;
  readonly logger: Logger;
  /** Whether the thread owes an answer. */
  readonly isAsked: () => boolean;
  /** What the log says beside each change. */
  readonly figures: () => object;
  readonly onFailing: (condition: Condition) => void;
  readonly onWorking: () => void;
}

/** Follows the condition of the disk from outside the store's thread, which cannot speak while the disk holds it. */
export class DiskWatch {
  readonly #options: DiskWatchOptions;
  readonly #latency = new CommitLatency();
  readonly #onDisk = new Int32Array(new SharedArrayBuffer(4));
  #report: Pick<Report, 'trouble' | 'lowSpace' | 'commits'> = { trouble: undefined, lowSpace: undefined, commits: 0 };
  #heardMs = 0;
  #condition: Condition | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: DiskWatchOptions) {
    this.#options = options;
  }

  /** For the thread; see `WorkerData`. */
  get onDisk(): SharedArrayBuffer {
    return this.#onDisk.buffer as SharedArrayBuffer;
  }

  get condition(): Condition | undefined {
    return this.#condition;
  }

  start(): void {
    this.#timer = setInterval(() => this.look(), LOOK_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** The thread is asked something after it had nothing to do: its silence counts from now on. */
  asked(): void {
    this.#heardMs = systemClock.monotonicMs();
  }

  /** The thread has answered. */
  heard(report: Report): void {
    this.#heardMs = systemClock.monotonicMs();
    if (report.commits > this.#report.commits) this.#latency.add(this.#heardMs, report.lastCommitMs);
    this.#report = report;
    this.look();
  }

  /** Takes the condition anew, and tells where it has changed. */
  look(): void {
    const { where, isAsked, onFailing, onWorking } = this.#options;
    const nowMs = systemClock.monotonicMs();
    const isHeldByDisk = isAsked() && Atomics.load(this.#onDisk, 0) === 1;
    const { trouble, lowSpace } = this.#report;
    const signs = {
      trouble,
      silentMs: isHeldByDisk ? nowMs - this.#heardMs : 0,
      commitP95Ms: this.#latency.p95Ms(nowMs),
      lowSpace,
    };
    const before = this.#condition;
    const now = conditionAt(signs, before, where, systemClock.nowMs());
    this.#condition = now;
    if (now?.code !== before?.code) this.#log(before, now);
    if (now?.state === 'failing' && before?.state !== 'failing') onFailing(now);
    if (now?.state !== 'failing' && before?.state === 'failing') onWorking();
  }

  #log(before: Condition | undefined, now: Condition | undefined): void {
    const { logger, figures } = this.#options;
    if (before?.state === 'failing' && now?.state !== 'failing') {
      const seconds = Math.round((systemClock.nowMs() - before.sinceMs) / 1000);
      logger.info(figures(), `The database is written again after ${seconds} s.`);
    }
    if (now?.state === 'failing') logger.error(figures(), now.text);
    else if (now !== undefined) logger.warn({}, now.text);
    else if (before?.state === 'degraded') logger.info({}, 'The disk of the store is well again.');
  }
}
