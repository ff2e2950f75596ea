import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/logger.js';
import type { MonitorItem } from './link.js';
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
}

/** Why the server does not let a tag be monitored. */
export interface TagFault {
  /** OPC UA status by name. */
  readonly status: string;
  /** A plain sentence. */
  readonly text: string;
}

const MOST_QUEUED = 1000;

/** A tag that someone wants to follow, over all lives of its connection. */
export class MonitoredTag {
  readonly maxSilenceMs: number;
  readonly #request: TagRequest;
  readonly #queueSize: number;
  readonly #clock: Clock;
  #generation = 0;
  #fault: string | null = null;
  #refused = false;
  #lastLogged = '';
  #drop: (() => void) | undefined;

  constructor(request: TagRequest, publishingMs: number, clock: Clock) {
    this.#request = request;
    this.#clock = clock;
    this.maxSilenceMs = request.maxSilenceMs ?? Number.POSITIVE_INFINITY;
    const sampled = Math.ceil((2 * publishingMs) / request.samplingMs) + 4;
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
        this.#request.onSample({ ...value, receivedAtMs: this.#clock.nowMs(), life, first });
        first = false;
      },
      onFault: (status: string, fault: Error) => {
        if (generation !== this.#generation) return;
        this.#refused = true;
        this.#setFault(fault.message, logger);
        this.#request.onFault?.({ status, text: fault.message });
      },
      onMonitored: (drop) => {
        if (generation === this.#generation) this.#drop = drop;
        else drop();
      },
    };
  }

  /** Ends the monitoring on the server too. */
  end(): void {
    this.#generation += 1;
    this.#drop?.();
    this.#drop = undefined;
  }

  /** The same trouble again, as after each reconnection, is said once. */
  #setFault(text: string | null, logger: Logger): void {
    this.#fault = text;
    if (text === null || text === this.#lastLogged) return;
    this.#lastLogged = text;
    logger.warn({ nodeId: this.nodeId }, text);
  }
}
