import { setImmediate } from 'node:timers/promises';

/** Positions in one call, so that one long deletion does not hold up the commits. */
const MAX_A_CALL = 1000;

/** Settles rows in batches, one call at a time, for as long as it takes; until then it knows them. */
export class Settler {
  readonly #settle: (positions: readonly number[]) => Promise<void>;
  readonly #failed: (error: unknown) => Promise<void>;
  readonly #done: (count: number) => void;
  readonly #signal: AbortSignal;
  readonly #known = new Set<number>();
  #waiting: number[] = [];
  #running: Promise<void> | undefined;

  constructor(options: {
    readonly settle: (positions: readonly number[]) => Promise<void>;
    /** Told of each failure; the rows are tried again when it resolves. */
    readonly failed: (error: unknown) => Promise<void>;
    readonly done: (count: number) => void;
    /** Once aborted a failure is final: the rows stay in the outbox and go out again at the next start. */
    readonly signal: AbortSignal;
  }) {
    this.#settle = options.settle;
    this.#failed = options.failed;
    this.#done = options.done;
    this.#signal = options.signal;
  }

  /** Rows that are not settled yet. */
  get size(): number {
    return this.#known.size;
  }

  has(position: number): boolean {
    return this.#known.has(position);
  }

  add(positions: readonly number[]): void {
    for (const position of positions) {
      this.#known.add(position);
      this.#waiting.push(position);
    }
    if (this.#waiting.length === 0 || this.#running !== undefined) return;
    this.#running = this.#run().finally(() => {
      this.#running = undefined;
      // What came in between the last look and now must not wait for the next acknowledgement.
      if (!this.#signal.aborted) this.add([]);
    });
  }

  /** Resolves when nothing is being settled. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    // Acknowledgements arrive several in one packet: let them all come in first.
    await setImmediate();
    while (this.#waiting.length > 0) {
      const positions = this.#waiting.splice(0, MAX_A_CALL);
      try {
        await this.#settle(positions);
      } catch (error) {
        if (this.#signal.aborted) return;
        this.#waiting = [...positions, ...this.#waiting];
        await this.#failed(error);
        continue;
      }
      for (const position of positions) this.#known.delete(position);
      this.#done(positions.length);
    }
  }
}
