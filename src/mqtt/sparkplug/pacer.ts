/** Runs something when it is asked for, at once or after the rest of the interval since the last time. */
export class Pacer {
  #timer: NodeJS.Timeout | undefined;
  #lastMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly intervalMs: number,
    private readonly run: () => void,
  ) {}

  /** True while a run that was asked for is still to come. */
  get pending(): boolean {
    return this.#timer !== undefined;
  }

  request(): void {
    if (this.#timer !== undefined) return;
    const waitMs = this.#lastMs + this.intervalMs - performance.now();
    if (waitMs <= 0) this.#go();
    else this.#timer = setTimeout(() => this.#go(), waitMs);
  }

  /** Forgets a run that is still to come. */
  cancel(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #go(): void {
    this.cancel();
    this.#lastMs = performance.now();
    this.run();
  }
}
