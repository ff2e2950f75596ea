/** How often `beat` is to be called, ms. */
export const BEAT_MS = 10;

/** An event loop that was away for less is taken to have been there. */
const AWAY_MS = 100;

/**
 * Tells how long the bytes that are read now may have waited in the socket. Normally they are read as they come. When
 * the process was held up (stopped, swapped out, busy), a stream goes on filling the buffers of both ends, and what is
 * read afterwards is of any age up to the beginning of the halt: it is taken for that old until the socket has been
 * empty once, or for as long as the halt was where it never is.
 *
 * All times are of the monotonic clock, in ms.
 */
export class ArrivalTimes {
  #aliveMs: number;
  /** Beats since the last bytes. */
  #idleBeats = 0;
  #backlog: { readonly sinceMs: number; readonly untilMs: number } | undefined;

  constructor(nowMs: number) {
    this.#aliveMs = nowMs;
  }

  /** The event loop is there, and has come by the sockets since the last beat. */
  beat(nowMs: number): void {
    this.#notice(nowMs);
    this.#idleBeats += 1;
    // Bytes that had lain there at the first beat would have been read before the second.
    if (this.#idleBeats >= 2) this.#backlog = undefined;
  }

  /** Bytes are read: by how many ms they may be older than now. */
  read(nowMs: number): number {
    this.#notice(nowMs);
    this.#idleBeats = 0;
    return this.#backlog === undefined ? 0 : nowMs - this.#backlog.sinceMs;
  }

  #notice(nowMs: number): void {
    const awayMs = nowMs - this.#aliveMs;
    if (awayMs > AWAY_MS) {
      const sinceMs = this.#backlog?.sinceMs ?? this.#aliveMs;
      this.#backlog = { sinceMs, untilMs: nowMs + (nowMs - sinceMs) };
      this.#idleBeats = 0;
    } else if (this.#backlog !== undefined && nowMs > this.#backlog.untilMs) this.#backlog = undefined;
    this.#aliveMs = nowMs;
  }
}
