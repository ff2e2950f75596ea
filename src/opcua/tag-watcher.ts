import { systemClock } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import { withTimeout } from '../base/lifecycle.js';
import type { Logger } from '../base/logger.js';
import { ThrottledLog } from '../base/throttled-log.js';
import type { ReadingValue } from '../domain/reading.js';
import type { ReadBeside, TagChange, TagWatcher } from '../ports/sensors.js';
import type { OpcuaConnection } from './connection.js';
import { opcuaErrors } from './errors.js';
import type { TagSample } from './tag-history.js';

export interface OpcuaTagWatcherOptions {
  readonly connection: OpcuaConnection;
  readonly logger: Logger;
}

/** Edges the server keeps between two publishings; at 50 ms sampling, ten seconds of them. */
const QUEUE_SIZE = 200;
const READ_TIMEOUT_MS = 1000;

/**
 * Watches PLC tags for changes. What happens faster than the sampling interval the server cannot see, so a trigger is
 * best a counter or a toggle.
 *
 * A value that comes with a new subscription, or after one of bad quality, is a new starting point and never a change:
 * when the part passed is unknown, and a part inspected at the wrong time is worse than one that is counted as missed.
 */
export class OpcuaTagWatcher implements TagWatcher {
  readonly #options: OpcuaTagWatcherOptions;
  readonly #faults = new Map<string, string>();
  /** NodeId → the life of the connection in which its last value came; absent where that was bad. */
  readonly #seen = new Map<string, number>();
  readonly #renewals = new Map<string, Set<() => void>>();
  readonly #unread: ThrottledLog;
  #missed = 0;

  constructor(options: OpcuaTagWatcherOptions) {
    this.#options = options;
    this.#unread = new ThrottledLog(
      options.logger,
      systemClock,
      (count) => `${count} more parts without id or recipe.`,
    );
  }

  /** Changes nobody could see since the start, as far as the values betray them: at least this many. */
  get missedChanges(): number {
    return this.#missed;
  }

  /** NodeId → its error in a plain sentence, for each watched tag that cannot be read. */
  faults(): ReadonlyMap<string, string> {
    return this.#faults;
  }

  watch(nodeId: string, samplingMs: number, onChange: (change: TagChange) => void): () => void {
    let end = this.#begin(nodeId, samplingMs, onChange);
    const renew = (): void => {
      end();
      end = this.#begin(nodeId, samplingMs, onChange);
    };
    const renewals = this.#renewals.get(nodeId) ?? new Set();
    this.#renewals.set(nodeId, renewals.add(renew));
    return () => {
      renewals.delete(renew);
      if (renewals.size === 0) this.#renewals.delete(nodeId);
      this.#unread.flush();
      end();
    };
  }

  renew(nodeId: string): void {
    for (const renew of this.#renewals.get(nodeId) ?? []) renew();
  }

  #begin(nodeId: string, samplingMs: number, onChange: (change: TagChange) => void): () => void {
    const edges = new EdgeFilter();
    let batch: TagSample[] = [];
    let ended = false;
    // One publish response brings several values one by one; they are put in the order of source time together.
    const flush = (): void => {
      const samples = batch;
      batch = [];
      for (const sample of inOrder(samples)) {
        if (ended) return;
        const { change, missed } = edges.take(sample);
        if (missed > 0) this.#report(nodeId, missed);
        if (change !== null) onChange(change);
      }
    };
    const release = this.#options.connection.monitor({
      nodeId,
      samplingMs,
      queueSize: QUEUE_SIZE,
      onSample: (sample) => {
        if (sample.fault === null) this.#faults.delete(nodeId);
        else this.#faults.set(nodeId, sample.fault.message);
        if (sample.quality === 'bad' || sample.value === null) this.#seen.delete(nodeId);
        else this.#seen.set(nodeId, sample.life);
        if (batch.length === 0) queueMicrotask(flush);
        batch.push(sample);
      },
      onFault: (fault) => {
        if (fault === null) this.#faults.delete(nodeId);
        else this.#faults.set(nodeId, fault.text);
      },
    });
    return () => {
      ended = true;
      this.#faults.delete(nodeId);
      this.#seen.delete(nodeId);
      release();
    };
  }

  sees(nodeId: string): boolean {
    const { connection } = this.#options;
    return connection.isLive && this.#seen.get(nodeId) === connection.life;
  }

  async readBeside(request: ReadBeside): Promise<readonly ReadingValue[] | undefined> {
    const { nodeId, change, pulse, others } = request;
    try {
      // The watched tag comes last: what it still holds then, it held while the others were read.
      const answer = this.#options.connection.readValues([...others, nodeId]);
      const values = await withTimeout(answer, READ_TIMEOUT_MS, () =>
        opcuaErrors.OPCUA_SERVER_SILENT({ expected: `an answer within ${READ_TIMEOUT_MS} ms` }),
      );
      const now = values.at(-1)?.value ?? null;
      const fault = values.find((value) => value.fault !== null)?.fault;
      if (fault !== undefined && fault !== null) return this.#couldNotRead(nodeId, fault.message);
      const fallen = pulse && now === false;
      if (now !== change.value && !fallen) return this.#couldNotRead(nodeId, `the tag is ${now} already`);
      return values.slice(0, -1).map(({ value }) => value);
    } catch (error) {
      return this.#couldNotRead(nodeId, messageOf(error));
    }
  }

  #couldNotRead(where: string, got: string): undefined {
    this.#unread.warn({ nodeId: where }, opcuaErrors.OPCUA_PART_UNREAD({ where, got }).message);
  }

  #report(nodeId: string, missed: number): void {
    this.#missed += missed;
    const { message } = opcuaErrors.OPCUA_CHANGES_MISSED({ where: nodeId, got: `at least ${missed}` });
    this.#options.logger.warn({ nodeId, missed, missedChanges: this.#missed }, message);
  }
}

interface Edge {
  readonly change: TagChange | null;
  /** Changes that must have happened unseen before this sample, at least. */
  readonly missed: number;
}

/** Tells changes from starting points, and reckons what was missed between two of them. */
export class EdgeFilter {
  #last: ReadingValue = null;
  #blind = true;

  take(sample: TagSample): Edge {
    if (sample.first) this.#blind = true;
    if (sample.quality === 'bad' || sample.value === null) {
      this.#blind = true;
      return { change: null, missed: 0 };
    }
    const before = this.#last;
    this.#last = sample.value;
    if (this.#blind) {
      this.#blind = false;
      return { change: null, missed: steps(before, sample.value) };
    }
    if (sample.value === before) return { change: null, missed: 0 };
    const sourceTimeMs = Math.min(sample.sourceTimeMs ?? sample.receivedAtMs, sample.receivedAtMs);
    const lost = sample.overflow ? Math.max(1, steps(before, sample.value) - 1) : 0;
    return { change: { value: sample.value, before, sourceTimeMs }, missed: lost };
  }
}

/** A counter tells how often it changed; anything else that differs changed at least once. */
function steps(before: ReadingValue, after: ReadingValue): number {
  if (before === null || before === after) return 0;
  const counted = typeof before === 'number' && typeof after === 'number' ? after - before : 1;
  return Number.isInteger(counted) && counted > 1 ? counted : 1;
}

/** Stable, so that values of one time keep the order the server gave them. */
function inOrder(samples: readonly TagSample[]): readonly TagSample[] {
  return samples.length < 2
    ? samples
    : [...samples].sort((a, b) => Number(b.first) - Number(a.first) || timeOf(a) - timeOf(b));
}

function timeOf(sample: TagSample): number {
  return sample.sourceTimeMs ?? sample.receivedAtMs;
}
