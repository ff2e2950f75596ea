import { isDeepStrictEqual } from 'node:util';
import type { ShedCount } from '../domain/outbox.js';
import type { StationState } from '../domain/state.js';
import type { Outbox } from '../ports/ledger.js';

/** What was given up for good, as the outbox last told it; the retained messages show it. */
export class ShedCounts {
  #counts: readonly ShedCount[] = [];
  #asking = false;

  constructor(private readonly outbox: Pick<Outbox, 'shed'>) {}

  /** Asks the outbox anew; true where the counts have changed. What is not answered leaves them as they are. */
  async refresh(): Promise<boolean> {
    if (this.#asking) return false;
    this.#asking = true;
    try {
      const counts = await this.outbox.shed();
      const changed = !isDeepStrictEqual(counts, this.#counts);
      this.#counts = counts;
      return changed;
    } catch {
      // A store in trouble says so in its own status.
      return false;
    } finally {
      this.#asking = false;
    }
  }

  toDestination(name: string): number {
    return this.#counts.filter(({ destination }) => destination === name).reduce((sum, { count }) => sum + count, 0);
  }

  ofStation(name: string): StationState['shed'] {
    return this.#counts
      .filter(({ station }) => station === name)
      .map(({ destination, verdict, reason, count }) => ({ destination, verdict, reason, count }));
  }
}
