import type { Clock } from './clock.js';
import type { Logger } from './logger.js';
import { TokenBucket } from './token-bucket.js';

const BURST = 10;
const PER_SECOND = 0.2;
const SUMMARY_MS = 60_000;

/**
 * Warnings that somebody outside can cause at will: a few are written as they are, and of the rest once a minute how
 * many there were.
 */
export class ThrottledLog {
  readonly #logger: Logger;
  readonly #bucket: TokenBucket;
  readonly #summary: (count: number) => string;
  #unwritten = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(logger: Logger, clock: Clock, summary: (count: number) => string) {
    this.#logger = logger;
    this.#bucket = new TokenBucket({ burst: BURST, perSecond: PER_SECOND }, clock);
    this.#summary = summary;
  }

  warn(fields: object, text: string): void {
    if (this.#bucket.take()) {
      this.#logger.warn(fields, text);
      return;
    }
    this.#unwritten += 1;
    this.#timer ??= setTimeout(() => this.flush(), SUMMARY_MS).unref();
  }

  /** Says now how many were not written. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#unwritten > 0) this.#logger.warn({ count: this.#unwritten }, this.#summary(this.#unwritten));
    this.#unwritten = 0;
  }
}
