/** Bounds how many pieces of work are under way; those who wait are let in first come, first served. */
export class Semaphore {
  readonly #waiting: Array<() => void> = [];
  #free: number;

  constructor(readonly limit: number) {
    this.#free = limit;
  }

  get inUse(): number {
    return this.limit - this.#free;
  }

  async acquire(): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
