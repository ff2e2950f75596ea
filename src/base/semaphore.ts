/** Bounds how many pieces of work are under way; those who wait are let in first come, first served. */
export class Semaphore {
  readonly #waiting: Array<() => void> = [];
  #limit: number;
  /** Below 0 while more are inside than a lowered limit allows. */
  #free: number;

  constructor(limit: number) {
    this.#limit = limit;
    this.#free = limit;
  }

  get limit(): number {
    return this.#limit;
  }

  get inUse(): number {
    return this.#limit - this.#free;
  }

  /** A lower limit lets those inside finish; a higher one lets in who waits. */
  set limit(limit: number) {
    this.#free += limit - this.#limit;
    this.#limit = limit;
    while (this.#free > 0 && this.#waiting.length > 0) {
      this.#free -= 1;
      this.#waiting.shift()?.();
    }
  }

  async acquire(): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  release(): void {
    const next = this.#free < 0 ? undefined : this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
