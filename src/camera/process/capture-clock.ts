/** How long the quickest picture is remembered, at least; at most twice as long. */
const WINDOW_MS = 3000;
/** A picture is not believed to be older than this: the sender's clock has jumped, or runs at a pace of its own. */
const MAX_AGE_MS = 5000;

/**
 * The wall time at which a picture was taken, by the sender's clock where it has one.
 *
 * A picture comes later than it was taken, by a time that varies: queues, a busy gateway, a network that stood still for a
 * moment. The sender stamps each picture with a clock whose zero is not known. The least difference between the
 * gateway's clock and the stamp, seen over the last seconds, belongs to a picture that came without delay; what another
 * one has more, it was delayed. The constant part of the way cannot be seen so, and is what `latencyMs` is for.
 */
export class CaptureClock {
  readonly #latencyMs: number;
  #windowEndsAtMs = Number.NEGATIVE_INFINITY;
  #leastNow = Number.POSITIVE_INFINITY;
  #leastBefore = Number.POSITIVE_INFINITY;
  #lastStampMs = Number.NEGATIVE_INFINITY;

  constructor(latencyMs: number) {
    this.#latencyMs = latencyMs;
  }

  /** `cameAtMs` and `nowMs` are the same moment, on the monotonic clock and on the wall. */
  capturedAtMs(stampMs: number | undefined, cameAtMs: number, nowMs: number): number {
    const delayMs = stampMs === undefined ? 0 : this.#delayMs(stampMs, cameAtMs);
    return Math.floor(nowMs - this.#latencyMs - delayMs);
  }

  #delayMs(stampMs: number, cameAtMs: number): number {
    const difference = cameAtMs - stampMs;
    if (stampMs < this.#lastStampMs) this.#forget();
    this.#lastStampMs = stampMs;
    if (cameAtMs >= this.#windowEndsAtMs) {
      this.#leastBefore = this.#leastNow;
      this.#leastNow = Number.POSITIVE_INFINITY;
      this.#windowEndsAtMs = cameAtMs + WINDOW_MS;
    }
    this.#leastNow = Math.min(this.#leastNow, difference);
    const delayMs = difference - Math.min(this.#leastNow, this.#leastBefore);
    if (delayMs <= MAX_AGE_MS) return delayMs;
    this.#forget();
    this.#leastNow = difference;
    return 0;
  }

  #forget(): void {
    this.#leastNow = Number.POSITIVE_INFINITY;
    this.#leastBefore = Number.POSITIVE_INFINITY;
  }
}
