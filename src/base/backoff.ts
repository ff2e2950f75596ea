export interface BackoffOptions {
  readonly initialMs: number;
  readonly maxMs: number;
  /** 0…1, tests give a fixed one. */
  readonly random?: () => number;
}

/**
 * Exponential back-off with full jitter: each wait is drawn evenly from half to the whole of a bound that doubles up
 * to `maxMs`, so that a plant's gateways do not return to a broker all at once.
 */
export class Backoff {
  readonly #options: BackoffOptions;
  #attempt = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** The next wait in milliseconds. */
  next(): number {
    const bound = Math.min(this.#options.maxMs, this.#options.initialMs * 2 ** this.#attempt);
    this.#attempt = Math.min(this.#attempt + 1, 30);
    const random = this.#options.random ?? Math.random;
    return Math.round(bound * (0.5 + 0.5 * random()));
  }

  /** Call after a success: the next wait starts small again. */
  reset(): void {
    this.#attempt = 0;
  }
}
