import type { StreamPicture } from './framing.js';

/** A source counts its pictures if it has gone up by one so many times in a row. */
const COUNTS_BEFORE_TRUST = 3;
const INTERVALS_KEPT = 9;
/** More at once is no loss but a source that has begun anew. */
const MOST_AT_ONCE = 1000;

/**
 * How many pictures were lost before each one, as far as the source lets it be seen: by its count, where it has one, or
 * for a camera at a constant rate by the time between its stamps.
 */
export class LostPictures {
  readonly #constantRate: boolean;
  #lastCount: number | undefined;
  #inARow = 0;
  #lastSentAtMs: number | undefined;
  #intervals: number[] = [];

  constructor(constantRate: boolean) {
    this.#constantRate = constantRate;
  }

  before({ count, sentAtMs }: Pick<StreamPicture, 'count' | 'sentAtMs'>): number {
    const byCount = this.#byCount(count);
    const byTime = this.#constantRate ? this.#byTime(sentAtMs) : 0;
    return byCount ?? byTime;
  }

  #byCount(count: number | undefined): number | undefined {
    const last = this.#lastCount;
    this.#lastCount = count;
    if (count === undefined || last === undefined) return undefined;
    const step = count - last;
    if (step === 1) {
      this.#inARow += 1;
      return this.#inARow >= COUNTS_BEFORE_TRUST ? 0 : undefined;
    }
    const trusted = this.#inARow >= COUNTS_BEFORE_TRUST && step > 1 && step <= MOST_AT_ONCE;
    if (!trusted) this.#inARow = 0;
    return trusted ? step - 1 : undefined;
  }

  #byTime(sentAtMs: number | undefined): number {
    const last = this.#lastSentAtMs;
    this.#lastSentAtMs = sentAtMs;
    if (sentAtMs === undefined || last === undefined || sentAtMs <= last) return 0;
    const interval = sentAtMs - last;
    this.#intervals = [...this.#intervals.slice(1 - INTERVALS_KEPT), interval];
    if (this.#intervals.length < INTERVALS_KEPT) return 0;
    const usual = this.#intervals.toSorted((left, right) => left - right)[Math.floor(INTERVALS_KEPT / 2)] ?? interval;
    return Math.min(MOST_AT_ONCE, Math.max(0, Math.round(interval / usual) - 1));
  }
}
