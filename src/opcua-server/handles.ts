import { METHOD_ERRORS } from './protocol.js';

const MOST = 1024;

/**
 * Handles of results that clients hold. Nothing is kept for them, since an answer is a copy; they are known so that a
 * wrong one is told as such. The oldest are forgotten.
 */
export class Handles {
  readonly #given = new Set<number>();
  #last = 0;

  give(): number {
    this.#last = (this.#last % 0xffff_ffff) + 1;
    this.#given.add(this.#last);
    const [oldest] = this.#given;
    if (this.#given.size > MOST && oldest !== undefined) this.#given.delete(oldest);
    return this.#last;
  }

  /** The value of the output argument Error. */
  release(handle: number): number {
    return this.#given.delete(handle) ? METHOD_ERRORS.OK : METHOD_ERRORS.HANDLE_UNKNOWN;
  }
}
