import { type Clock, systemClock } from './clock.js';

/** How much of a second's allowance can be saved up: small, so that no second sees much more than the rate. */
const SAVED_SECONDS = 0.05;

/**
 * Bounds how often something happens: at most `perSecond` times a second on average. It begins empty, so that a burst
 * after a long wait is bounded too.
 */
export class TokenBucket {
  readonly #capacity: number;
  #tokens = 0;
  #filledAtMs: number;

  constructor(
    private readonly perSecond: number,
    private readonly clock: Clock = systemClock,
  ) {
    this.#capacity = Math.max(1, perSecond * SAVED_SECONDS);
    this.#filledAtMs = clock.monotonicMs();
  }

  /** Takes one token; false when there is none now. */
  take(): boolean {
    this.#fill();
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Time until the next token, ms; at least 1, since a timer cannot be set shorter. */
  waitMs(): number {
    this.#fill();
    return Math.max(1, Math.ceil(((1 - this.#tokens) * 1000) / this.perSecond));
  }

  #fill(): void {
    const nowMs = this.clock.monotonicMs();
    const earned = ((nowMs - this.#filledAtMs) / 1000) * this.perSecond;
    this.#tokens = Math.min(this.#capacity, this.#tokens + earned);
    this.#filledAtMs = nowMs;
  }
}
