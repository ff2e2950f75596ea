import type { JidokaError } from '../../base/errors.js';

interface SentRow {
  readonly sentAtMs: number;
  readonly resolve: () => void;
  readonly reject: (error: JidokaError) => void;
}

/**
 * Data goes with QoS 0: nobody acknowledges it, and what was written into a connection that had died unnoticed is gone.
 * So a row counts as received when the connection has lived twice the keep-alive after it, and the broker has answered a
 * ping that was sent behind it: a connection keeps its order, so the row was read before that ping.
 *
 * One object for one connection. Times are those of a monotonic clock.
 */
export class Proof {
  readonly #rows: SentRow[] = [];
  #ended: JidokaError | undefined;
  readonly #waitMs: number;
  /** Pings without an answer, oldest first. */
  readonly #pings: number[] = [];
  /** Everything sent before this time was read by the broker. */
  #readUpToMs = Number.NEGATIVE_INFINITY;

  constructor(keepAliveMs: number) {
    this.#waitMs = 2 * keepAliveMs;
  }

  get size(): number {
    return this.#rows.length;
  }

  /** Resolves when the row that was sent at that time is known to be received; rejects with the reason of `end`. */
  received(sentAtMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) reject(this.#ended);
      else this.#rows.push({ sentAtMs, resolve, reject });
    });
  }

  pinged(nowMs: number): void {
    this.#pings.push(nowMs);
  }

  answered(nowMs: number): void {
    this.#readUpToMs = this.#pings.shift() ?? this.#readUpToMs;
    this.heard(nowMs);
  }

  /** Any packet of the broker. */
  heard(nowMs: number): void {
    const borderMs = Math.min(this.#readUpToMs, nowMs - this.#waitMs);
    const first = this.#rows.findIndex(({ sentAtMs }) => sentAtMs > borderMs);
    const settled = this.#rows.splice(0, first === -1 ? this.#rows.length : first);
    for (const { resolve } of settled) resolve();
  }

  /** The connection is gone. */
  end(reason: JidokaError): void {
    this.#ended = reason;
    for (const { reject } of this.#rows.splice(0)) reject(reason);
  }
}
