import type { Clock } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import { sleep } from '../base/lifecycle.js';
import type { Logger } from '../base/logger.js';
import { Semaphore } from '../base/semaphore.js';
import { TokenBucket } from '../base/token-bucket.js';
import type { OutboxRecord } from '../domain/outbox.js';
import type { Outbox } from '../ports/ledger.js';
import type { Publisher } from '../ports/publisher.js';
import { WakeUp } from './wake-up.js';

/** The copies get at most this part of the window and, beside it, of the rate at which the backlog goes. */
const SHARE = 1 / 4;
/** Rows read at a time. */
const BATCH = 20;

export interface UrgentCopiesOptions {
  readonly destination: string;
  readonly outbox: Outbox;
  readonly publisher: Publisher;
  readonly drainPerSecond: number;
  /** Where the queue stands: every row up to here has been sent, and whether any wait behind. */
  readonly queue: () => { readonly cursor: number; readonly caughtUp: boolean };
  readonly logger: Logger;
  readonly clock: Clock;
}

/**
 * Sends copies of the fails that wait behind more than a window of other rows, oldest first, each once a connection.
 * They settle nothing: the row itself follows in its turn.
 */
export class UrgentCopies {
  readonly #options: UrgentCopiesOptions;
  readonly #wake = new WakeUp();
  readonly #slots: Semaphore;
  #connection: AbortController | undefined;
  #sent = 0;

  constructor(options: UrgentCopiesOptions) {
    this.#options = options;
    this.#slots = new Semaphore(Math.max(1, Math.floor(options.publisher.window * SHARE)));
  }

  /** Copies sent since the start. */
  get sent(): number {
    return this.#sent;
  }

  /** A connection has come up: begins with the oldest fail again. */
  begin(): void {
    this.end();
    this.#connection = new AbortController();
    void this.#run(this.#connection.signal);
  }

  /** Rows were added. */
  committed(): void {
    this.#wake.raise();
  }

  end(): void {
    this.#connection?.abort();
    this.#connection = undefined;
    this.#wake.raise();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { destination, outbox, drainPerSecond, clock } = this.#options;
    const bucket = new TokenBucket({ perSecond: Math.max(1, drainPerSecond * SHARE) }, clock);
    let copied = 0;
    while (!signal.aborted) {
      let fails: readonly OutboxRecord[] = [];
      if (!this.#options.queue().caughtUp) {
        const selection = { after: Math.max(copied, this.#nearPosition()), verdict: 'fail' } as const;
        // An outbox that fails is told of by the queue itself.
        fails = await outbox.read(destination, selection, BATCH).catch(() => []);
      }
      for (const record of fails) {
        copied = record.position;
        await this.#slots.acquire();
        while (this.#stillWaits(record, signal) && !bucket.take()) await sleep(bucket.waitMs(), signal);
        if (this.#stillWaits(record, signal)) this.#copy(record);
        else this.#slots.release();
      }
      if (fails.length === 0 && !signal.aborted) await this.#wake.wait();
    }
  }

  /** Rows up to here have been sent or will be at once. */
  #nearPosition(): number {
    return this.#options.queue().cursor + this.#options.publisher.window;
  }

  #stillWaits({ position }: OutboxRecord, signal: AbortSignal): boolean {
    return !signal.aborted && position > this.#nearPosition();
  }

  #copy(record: OutboxRecord): void {
    const { publisher, logger } = this.#options;
    const { station, seq } = record;
    const note = (error: unknown): void =>
      logger.debug({ station, seq }, `A copy of a fail was not taken, the message itself follows: ${messageOf(error)}`);
    this.#sent += 1;
    void publisher
      .hurry(record)
      .catch(note)
      .finally(() => this.#slots.release());
  }
}
