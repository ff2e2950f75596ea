/** Size of the database file by pages. */
export interface FileSize {
  readonly pages: number;
  readonly freePages: number;
}

/**
 * Free pages that stay for what comes next: a file that shrinks and grows with every hour's messages would be written
 * for nothing.
 */
const RESERVE_PAGES = 2048;
const RESERVE_SHARE = 0.05;
/** Giving back begins only here, a multiple of the reserve, and then goes on down to it. */
const BEGIN = 2;

const MIN_STEP_PAGES = 16;
const MAX_STEP_PAGES = 1024;
/** What a step should take. */
const STEP_MS = 5;

/** Decides how many free pages are given back to the file system in one step. */
export class VacuumPace {
  #running = false;
  #stepPages = 64;

  /** @returns pages of the next step; 0 where there is nothing to do */
  next({ pages, freePages }: FileSize): number {
    const reserve = Math.max(RESERVE_PAGES, Math.ceil((pages - freePages) * RESERVE_SHARE));
    this.#running = freePages > (this.#running ? reserve : reserve * BEGIN);
    return this.#running ? Math.min(this.#stepPages, freePages - reserve) : 0;
  }

  /** Tells how long the last step took, so that the next is neither too long nor for nothing. */
  took(ms: number): void {
    if (ms > STEP_MS) this.#stepPages = Math.max(MIN_STEP_PAGES, Math.floor(this.#stepPages / 2));
    else if (ms < STEP_MS / 2) this.#stepPages = Math.min(MAX_STEP_PAGES, this.#stepPages * 2);
  }
}
