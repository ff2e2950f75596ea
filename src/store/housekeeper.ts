import { messageOf } from '../base/errors.js';
import { sleep } from '../base/lifecycle.js';

/** Work that nobody waits for, done a little at a time. */
export interface Chore {
  readonly name: string;
  /** One small step. Resolves true where there is more to do at once. */
  step(): Promise<boolean>;
}

export interface HousekeeperOptions {
  /** Between two rounds when nothing is left to do. */
  readonly idleMs?: number;
  /** Between two steps: the commits' share of the thread and of the disk. */
  readonly pauseMs?: number;
  /** A step that could not be done; it is tried again after the idle time. */
  readonly onTrouble: (chore: string, reason: string) => void;
}

/** Does the chores in turn, in small steps with pauses, so that commits go on beside them. */
export class Housekeeper {
  readonly #chores: readonly Chore[];
  readonly #options: HousekeeperOptions;
  readonly #end = new AbortController();
  #running: Promise<void> | undefined;

  constructor(chores: readonly Chore[], options: HousekeeperOptions) {
    this.#chores = chores;
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run(this.#end.signal);
  }

  /** Resolves when the step that is under way is done. */
  async stop(): Promise<void> {
    this.#end.abort();
    await this.#running;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { idleMs = 10_000, pauseMs = 20 } = this.#options;
    while (!signal.aborted) {
      const more = await this.#round(signal, pauseMs);
      await sleep(more ? pauseMs : idleMs, signal);
    }
  }

  async #round(signal: AbortSignal, pauseMs: number): Promise<boolean> {
    let more = false;
    for (const chore of this.#chores) {
      if (signal.aborted) return false;
      try {
        if (!(await chore.step())) continue;
        more = true;
        await sleep(pauseMs, signal);
      } catch (error) {
        if (!signal.aborted) this.#options.onTrouble(chore.name, messageOf(error));
      }
    }
    return more;
  }
}
