/**
 * Runs a piece of work one at a time on request. However many requests come during a run, one more run after it serves
 * them all: it begins later than each of them, so it sees what they were made for.
 */
export class Rerun {
  readonly #work: () => Promise<void>;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(work: () => Promise<void>) {
    this.#work = work;
  }

  /** Settles with the run that serves this request. */
  request(): Promise<void> {
    if (this.#next !== undefined) return this.#next;
    if (this.#running === undefined) return this.#run();
    this.#next = this.idle().then(() => {
      this.#next = undefined;
      return this.#run();
    });
    return this.#next;
  }

  /** Resolves when the run under way, if there is one, is over, however it ends. */
  async idle(): Promise<void> {
    await this.#running?.catch(() => undefined);
  }

  #run(): Promise<void> {
    const running = this.#work().finally(() => {
      this.#running = undefined;
    });
    this.#running = running;
    return running;
  }
}
