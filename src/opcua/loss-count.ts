import type { Clock } from '../base/clock.js';

export interface Losses {
  /** Notifications that the server sent, or says it sent, and that never arrived. */
  readonly notifications: number;
  /** How often the server's queue for a tag was full: each time at least one value was lost. */
  readonly overflows: number;
}

const MOST_ANEW = 3;
const WITHIN_MS = 600_000;

/**
 * Counts what a server's subscriptions lost, and says when it is worth to begin one anew. Not without end: a server that
 * numbers its notifications wrongly would never be left in peace.
 */
export class LossCount {
  #notifications = 0;
  #overflows = 0;
  #begunAtMs: number[] = [];

  constructor(private readonly clock: Clock) {}

  get total(): Losses {
    return { notifications: this.#notifications, overflows: this.#overflows };
  }

  overflowed(): void {
    this.#overflows += 1;
  }

  /** Notifications are missing; true if the subscription is to begin anew. */
  missed(count: number): boolean {
    this.#notifications += count;
    const nowMs = this.clock.monotonicMs();
    this.#begunAtMs = this.#begunAtMs.filter((atMs) => nowMs - atMs < WITHIN_MS);
    if (this.#begunAtMs.length >= MOST_ANEW) return false;
    this.#begunAtMs.push(nowMs);
    return true;
  }
}
