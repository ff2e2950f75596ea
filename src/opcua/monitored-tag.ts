import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/logger.js';
import type { MonitorItem } from './subscription.js';
import { TagClock } from './tag-clock.js';
import type { TagSample } from './tag-history.js';
import type { TagValue } from './values.js';

export interface TagRequest {
  readonly nodeId: string;
  readonly samplingMs: number;
  /** How long the server may be silent before the tag's user calls the value stale. */
  readonly maxSilenceMs?: number;
  /** Values the server keeps between two publishings. Default: as many as it can sample, with a margin. */
  readonly queueSize?: number;
  readonly onSample: (sample: TagSample) => void;
  /** The server refused the tag; null when it is asked for anew. */
  readonly onFault?: (fault: TagFault | null) => void;
  /** The server monitors the tag and samples it as often as it says here. */
  readonly onMonitored?: (samplingMs: number) => void;
}

/** What all tags of a connection share. */
export interface TagSurroundings {
  readonly publishingMs: number;
  /** A server that is silent for longer is given up, with what it keeps for us. */
  readonly lostAfterMs: number;
  readonly clock: Clock;
  /** What is to be taken from a source time of the server to have the gateway's time. */
  readonly correctionMs: () => number;
  /** Source times that agree with no clock are replaced by the times of arrival. */
  readonly mistrust: boolean;
  /** The server's queue for a tag was full: values are lost. */
  readonly onOverflow: () => void;
}

/** Why the server does not let a tag be monitored. */
export interface TagFault {
  /** OPC UA status by name. */
  readonly status: string;
  /** A plain sentence. */
  readonly text: string;
}

const MOST_QUEUED = 1000;
/** What a network may hold up a value without its time being called implausible. */
const NETWORK_MS = 1000;

/** A tag that someone wants to follow, over all lives of its connection. */
export class MonitoredTag {
  readonly maxSilenceMs: number;
  readonly #request: TagRequest;
  readonly #queueSize: number;
  readonly #surroundings: TagSurroundings;
  readonly #times = new TagClock();
  #samplingMs: number;
  #generation = 0;
  #fault: string | null = null;
  #refused = false;
  #lastLogged = '';
  #saidTime = false;
  #saidOverflow = false;
  #drop: (() => void) | undefined;

  constructor(request: TagRequest, surroundings: TagSurroundings) {
    this.#request = request;
    this.#surroundings = surroundings;
    this.#samplingMs = request.samplingMs;
    this.maxSilenceMs = request.maxSilenceMs ?? Number.POSITIVE_INFINITY;
    // The network may be held up for as long as the server is not given up: nothing of that time is to be lost.
    const { publishingMs, lostAfterMs } = surroundings;
    const sampled = Math.ceil((lostAfterMs + 2 * publishingMs) / request.samplingMs) + 4;
    this.#queueSize = Math.min(MOST_QUEUED, request.queueSize ?? sampled);
  }

  get nodeId(): string {
    return this.#request.nodeId;
  }

  /** What is wrong with the tag in a plain sentence; null where nothing is. */
  get fault(): string | null {
    return this.#fault;
  }

  /** The server would not monitor it: worth another try later. */
  get refused(): boolean {
    return this.#refused;
  }

  /** A sentence where the source times of the tag are not of the clock they should be of; else null. */
  get timeNote(): string | null {
    const { mistrust, correctionMs } = this.#surroundings;
    if (!this.#times.isWrong(mistrust ? 'server' : 'gateway')) return null;
    const lagMs = this.#times.lagMs + correctionMs();
    const off = `${(Math.abs(lagMs) / 1000).toFixed(1)} s ${lagMs > 0 ? 'behind' : 'ahead'}`;
    const instead = { server: '', gateway: "; the gateway's clock fits them", arrival: '; the time of arrival counts' };
    return `The source times of ${this.nodeId} are ${off}${mistrust ? instead[this.#times.basis] : ''}.`;
  }

  /** Makes the item for one new subscription; what an earlier one still delivers is ignored from then on. */
  begin(logger: Logger, life: number): MonitorItem {
    this.#generation += 1;
    const generation = this.#generation;
    let first = true;
    this.#drop = undefined;
    this.#refused = false;
    this.#setFault(null, logger);
    this.#request.onFault?.(null);
    return {
      nodeId: this.nodeId,
      samplingMs: this.#request.samplingMs,
      queueSize: this.#queueSize,
      onValue: (value: TagValue) => {
        if (generation !== this.#generation) return;
        this.#setFault(value.fault?.message ?? null, logger);
        if (value.overflow) this.#overflowed(logger);
        const receivedAtMs = this.#surroundings.clock.nowMs();
        const sourceTimeMs = this.#gatewayTime(value.sourceTimeMs, receivedAtMs, first);
        this.#request.onSample({ ...value, sourceTimeMs, receivedAtMs, life, first });
        first = false;
        this.#sayTime(logger);
      },
      onFault: (status: string, fault: Error) => {
        if (generation !== this.#generation) return;
        this.#refused = true;
        this.#setFault(fault.message, logger);
        this.#request.onFault?.({ status, text: fault.message });
      },
      onMonitored: (drop, samplingMs) => {
        if (generation !== this.#generation) return drop();
        this.#drop = drop;
        this.#samplingMs = Math.max(samplingMs, this.#request.samplingMs);
        this.#request.onMonitored?.(this.#samplingMs);
      },
    };
  }

  /** Ends the monitoring on the server too. */
  end(): void {
    this.#generation += 1;
    this.#drop?.();
    this.#drop = undefined;
  }

  /** A source time on the gateway's clock; null where there is none that can be believed. */
  #gatewayTime(statedMs: number | null, arrivedMs: number, first: boolean): number | null {
    if (statedMs === null) return null;
    const { publishingMs, correctionMs, mistrust } = this.#surroundings;
    const aheadMs = correctionMs();
    const latestMs = publishingMs + this.#samplingMs + NETWORK_MS;
    // The first value of a subscription may have rested for long.
    if (!first) this.#times.take({ statedMs, arrivedMs, aheadMs, latestMs });
    const basis = mistrust ? this.#times.basis : 'gateway';
    if (basis === 'arrival') return null;
    return basis === 'server' ? statedMs - aheadMs : statedMs;
  }

  #overflowed(logger: Logger): void {
    this.#surroundings.onOverflow();
    if (this.#saidOverflow) return;
    this.#saidOverflow = true;
    logger.warn({ nodeId: this.nodeId }, `The server's queue for ${this.nodeId} was full: values of it are lost.`);
  }

  #sayTime(logger: Logger): void {
    const { timeNote } = this;
    if (timeNote !== null && !this.#saidTime) logger.warn({ nodeId: this.nodeId }, timeNote);
    this.#saidTime = timeNote !== null;
  }

  /** The same trouble again, as after each reconnection, is said once. */
  #setFault(text: string | null, logger: Logger): void {
    this.#fault = text;
    if (text === null || text === this.#lastLogged) return;
    this.#lastLogged = text;
    logger.warn({ nodeId: this.nodeId }, text);
  }
}
