import type { TokenBucket } from '../base/token-bucket.js';

/** Says when a row may go. */
export interface Pace {
  /** 0: now, and it counts as gone. Else the time to wait, ms; infinite where `wake` will tell. */
  waitMs(position: number): number;
}

export const unlimited: Pace = { waitMs: () => 0 };

/** Every row at the bucket's rate: for a lane that holds the backlog alone. */
export function limited(bucket: TokenBucket): Pace {
  return { waitMs: () => (bucket.take() ? 0 : bucket.waitMs()) };
}

/**
 * The pace of a sequence in which new rows stand behind those that waited during an outage: what was there when the
 * connection came up goes at the bucket's rate. What was committed in the meantime has waited too, so the border moves
 * on when it is reached, unless that does not shorten the backlog: where more comes in than the rate lets out, limiting
 * it any longer would leave the destination behind for ever.
 */
export class CatchUp implements Pace {
  #border = 0;
  /** Length of the backlog when its border was set; undefined until its first row is seen. */
  #gap: number | undefined;
  #state: 'behind' | 'asking' | 'even' = 'even';
  #connection = 0;

  constructor(
    private readonly options: {
      readonly bucket: TokenBucket;
      /** A backlog no longer than this needs no limit. */
      readonly window: number;
      /** Position of the newest row. */
      readonly newest: () => Promise<number>;
      /** Called when a row that was told to wait for it may be asked for again. */
      readonly wake: () => void;
    },
  ) {}

  /** A connection has come up: rows up to `border` have waited for it. */
  begin(border: number): void {
    this.#connection += 1;
    this.#border = border;
    this.#gap = undefined;
    this.#state = 'behind';
  }

  isBacklog(position: number): boolean {
    return position <= this.#border;
  }

  waitMs(position: number): number {
    const { bucket } = this.options;
    if (this.isBacklog(position)) {
      this.#gap ??= this.#border - position;
      return bucket.take() ? 0 : bucket.waitMs();
    }
    if (this.#gap === undefined) this.#state = 'even';
    if (this.#state === 'even') return 0;
    if (this.#state === 'behind') {
      this.#state = 'asking';
      void this.#moveBorder(position);
    }
    return Number.POSITIVE_INFINITY;
  }

  async #moveBorder(position: number): Promise<void> {
    const connection = this.#connection;
    // An outbox that fails says so where it is read; a missing answer here only ends the limit early.
    const newest = await this.options.newest().catch(() => position);
    if (connection !== this.#connection) return;
    const gap = newest - position;
    if (gap > this.options.window && gap < (this.#gap ?? 0) / 2) {
      this.#border = newest;
      this.#gap = gap;
      this.#state = 'behind';
    } else this.#state = 'even';
    this.options.wake();
  }
}
