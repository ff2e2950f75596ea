/** Whose clock the source times of a tag agree with; `arrival`: none of them, so the time of arrival stands in. */
export type TagTimeBasis = 'server' | 'gateway' | 'arrival';

interface Guess {
  readonly basis: TagTimeBasis;
  misses: number;
  /** When the first of the misses in a row arrived. */
  missesFromMs: number;
}

/** So many changes in a row, over so long, convince: after a stall of the network many old values come at once. */
const CONVINCING_MISSES = 5;
const CONVINCING_MS = 30_000;
const EARLY_MS = 250;

export interface TagTime {
  /** When the source says the value changed. */
  readonly statedMs: number;
  readonly arrivedMs: number;
  /** The server's clock minus the gateway's. */
  readonly aheadMs: number;
  /** How much later than it changed a value may arrive: sampling, publishing and the network. */
  readonly latestMs: number;
}

/**
 * Looks whether the source times of one tag are plausible. Behind one server there may be PLCs with clocks of their own,
 * and some servers stamp a value with the time of something else; only the arrival of a *change* tells, for a
 * value that rests may be as old as it says.
 */
export class TagClock {
  readonly #guesses: readonly Guess[] = [
    { basis: 'server', misses: 0, missesFromMs: 0 },
    { basis: 'gateway', misses: 0, missesFromMs: 0 },
  ];
  #wrong = new Set<TagTimeBasis>();
  #lagMs = 0;

  /** Takes a change of the tag that arrived while it was watched. */
  take({ statedMs, arrivedMs, aheadMs, latestMs }: TagTime): void {
    this.#lagMs = arrivedMs - statedMs;
    for (const guess of this.#guesses) {
      const lagMs = this.#lagMs + (guess.basis === 'server' ? aheadMs : 0);
      if (lagMs >= -EARLY_MS && lagMs <= latestMs) {
        guess.misses = 0;
        this.#wrong.delete(guess.basis);
        continue;
      }
      if (guess.misses === 0) guess.missesFromMs = arrivedMs;
      guess.misses += 1;
      const convincing = guess.misses >= CONVINCING_MISSES && arrivedMs - guess.missesFromMs >= CONVINCING_MS;
      if (convincing) this.#wrong.add(guess.basis);
    }
  }

  /** The first that its changes do not contradict. */
  get basis(): TagTimeBasis {
    return this.#guesses.find(({ basis }) => !this.#wrong.has(basis))?.basis ?? 'arrival';
  }

  /** How late the last change came by its own time on the gateway's clock; negative: it says it is of the future. */
  get lagMs(): number {
    return this.#lagMs;
  }

  isWrong(basis: TagTimeBasis): boolean {
    return this.#wrong.has(basis);
  }
}
