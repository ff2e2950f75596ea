import { type Clock, systemClock } from './clock.js';

/** How much of a second's allowance can be saved up: small, so that no second sees much more than the rate. */
const SAVED_SECONDS = 0.05;

export interface Rate {
  readonly perSecond: number;
  /** So many at once, also at the beginning. Without it the bucket begins empty and saves up hardly anything. */
  readonly burst?: number;
}

/** Bounds how often something happens: at most `perSecond` times a second on average. */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #capacity: number;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  #tokens: number;
  #filledAtMs: number;

  constructor({ perSecond, burst }: Rate, clock: Pick<Clock, 'monotonicMs'> = systemClock) {
    this.#perSecond = perSecond;
    this.#capacity = burst ?? Math.max(1, perSecond * SAVED_SECONDS);
    this.#clock = clock;
    this.#tokens = burst ?? 0;
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
    return Math.max(1, Math.ceil(((1 - this.#tokens) * 1000) / this.#perSecond));
  }

  #fill(): void {
    const nowMs = this.#clock.monotonicMs();
    const earned = ((nowMs - this.#filledAtMs) / 1000) * this.#perSecond;
    this.#tokens = Math.min(this.#capacity, this.#tokens + earned);
    this.#filledAtMs = nowMs;
  }
}
