import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/logger.js';
import type { OutboxRecord } from '../domain/outbox.js';
import type { Outbox } from '../ports/ledger.js';
import type { Pace } from './catch-up.js';
import { DeliveryOrder, type SentRow } from './delivery-order.js';
import { type HeldStation, HeldStations } from './held-stations.js';

/** What a lane needs of the delivery it belongs to. */
export interface LaneHost {
  readonly destination: string;
  readonly outbox: Outbox;
  readonly logger: Logger;
  readonly clock: Clock;
  /** Rows read at a time. */
  readonly batchSize: number;
  readonly retry: { readonly initialMs: number; readonly maxMs: number };
  /** How many rows may be under way now. */
  readonly limit: () => number;
  /** Whether the row has been acknowledged already and only waits to be settled. */
  readonly isSettling: (position: number) => boolean;
  /** Hands the row to the publisher. It must take the lane's account of it and answer through `failed` and the like. */
  readonly send: (record: OutboxRecord, row: SentRow) => void;
  /** Resolves when the outbox may be asked again. */
  readonly outboxFailed: (error: unknown) => Promise<void>;
  readonly outboxWorks: () => void;
  /** Something has changed: `pump` should be called. */
  readonly wake: () => void;
}

/**
 * One sequence of rows on its way out: reads ahead in batches, sends in order, and goes back where it must. What is in
 * memory is bounded by two batches, whatever the backlog; of a row that was sent the payload is not kept.
 */
export class Lane {
  readonly order = new DeliveryOrder();
  readonly held: HeldStations;
  readonly #host: LaneHost;
  /** Rows read and not sent yet, oldest first. */
  #ahead: OutboxRecord[] = [];
  /** Every row up to here has been sent or passed over. */
  #cursor = 0;
  #upTo: number | undefined;
  /** A read has found nothing behind the last row, and nothing was committed since. */
  #atEnd = false;
  #reading = false;
  /** Grows with each going back: a read from before it is of no use. */
  #returns = 0;
  #paceWaitMs = Number.POSITIVE_INFINITY;

  constructor(
    host: LaneHost,
    private readonly pace: Pace,
  ) {
    this.#host = host;
    this.held = new HeldStations(host.clock, host.retry);
  }

  get cursor(): number {
    return this.#cursor;
  }

  /** Whether every row has been sent at least once. */
  get caughtUp(): boolean {
    return this.#atEnd && !this.#reading && this.#ahead.length === 0;
  }

  /** Time until `pump` should be called though nothing has happened, ms; infinite where that is not needed. */
  get nextDueInMs(): number {
    return Math.min(this.#paceWaitMs, this.held.nextDueInMs() ?? Number.POSITIVE_INFINITY);
  }

  /** Takes its rows from this part of the outbox from now on. */
  assign(after: number, upTo?: number): void {
    this.#cursor = after;
    this.#upTo = upTo;
    this.#goBack();
  }

  /** Rows were added. */
  committed(): void {
    if (this.#upTo === undefined) this.#atEnd = false;
  }

  /** Sends what may go now. */
  pump(): void {
    this.#paceWaitMs = Number.POSITIVE_INFINITY;
    this.#probeDue();
    const limit = this.#host.limit();
    while (this.order.underWay < limit) {
      const [record] = this.#ahead;
      if (record === undefined) break;
      const passedOver = this.#isKnown(record.position) || this.held.has(record.station);
      if (!passedOver) {
        const waitMs = this.pace.waitMs(record.position);
        if (waitMs > 0) {
          this.#paceWaitMs = waitMs;
          break;
        }
      }
      this.#ahead.shift();
      this.#cursor = record.position;
      if (!passedOver) this.#send(record);
    }
    // A batch ahead of the need: a read waits for the commit under way, and with it for the disk.
    if (!this.#atEnd && !this.#reading && this.#ahead.length <= this.#host.batchSize) void this.#readMore();
  }

  /** The connection is gone: all that is not free to be settled will be sent again. Gives the number of rows. */
  connectionLost(): number {
    const dropped = this.order.lost();
    const positions = this.held.connectionLost(dropped).map(({ position }) => position);
    if (positions.length > 0) this.#rewind(Math.min(...positions));
    return dropped.length;
  }

  /** The broker does not take the row: its station waits there. Gives the number of rows to be sent again. */
  hold(row: SentRow, text: string, breaksConnection: boolean): number {
    const dropped = this.order.refused(row);
    const { station, seq } = row;
    const { logger } = this.#host;
    if (this.held.has(station)) logger.debug({ station, seq }, 'The broker still refuses the message');
    else logger.warn({ station, seq }, `The station waits until the broker takes its message: ${text}`);
    this.held.hold(row, text, breaksConnection);
    return dropped;
  }

  /** Takes note of an acknowledgement; gives the positions that may be settled now. */
  acknowledged(row: SentRow): readonly number[] {
    const held = this.held.heldAt(row);
    if (held !== undefined) this.#release(held);
    return this.order.acknowledged(row);
  }

  #send(record: OutboxRecord): void {
    this.#host.send(record, this.order.sent(record));
  }

  #hasRoom(): boolean {
    return this.order.underWay < this.#host.limit();
  }

  #isKnown(position: number): boolean {
    return this.order.has(position) || this.#host.isSettling(position);
  }

  async #readMore(): Promise<void> {
    const { destination, outbox, batchSize } = this.#host;
    this.#reading = true;
    const returns = this.#returns;
    // Set before the read: a commit that comes while it is under way takes it back.
    this.#atEnd = true;
    try {
      const after = this.#ahead.at(-1)?.position ?? this.#cursor;
      const selection = { after, ...(this.#upTo !== undefined && { upTo: this.#upTo }) };
      const rows = await outbox.read(destination, selection, batchSize);
      this.#host.outboxWorks();
      if (returns === this.#returns) {
        this.#ahead.push(...rows);
        if (rows.length === batchSize) this.#atEnd = false;
      }
    } catch (error) {
      this.#atEnd = false;
      await this.#host.outboxFailed(error);
    } finally {
      this.#reading = false;
      this.#host.wake();
    }
  }

  #release({ station, position }: HeldStation): void {
    this.held.release(station);
    this.#host.logger.info({ station }, 'The broker takes the messages of the station again');
    this.#rewind(position);
  }

  /** Goes back so that the row at `position` is the next that is read. */
  #rewind(position: number): void {
    this.#cursor = Math.min(this.#cursor, position - 1);
    this.#goBack();
  }

  #goBack(): void {
    this.#returns += 1;
    this.#ahead = [];
    this.#atEnd = false;
  }

  #probeDue(): void {
    for (const { station } of this.held.due()) {
      if (!this.#hasRoom()) return;
      void this.#probe(station);
    }
  }

  /** Tries the one row that holds a station up. */
  async #probe(station: string): Promise<void> {
    const { destination, outbox } = this.#host;
    const probe = this.held.probing(station);
    if (probe === undefined) return;
    try {
      const [record] = await outbox.read(destination, { after: probe.position - 1 }, 1);
      // What has happened to the station meanwhile, such as a loss of the connection, goes before.
      if (!this.held.isCurrent(probe)) return;
      if (!this.#hasRoom()) this.held.probed(station);
      else if (record?.position !== probe.position) this.#release(probe);
      else if (!this.#isKnown(record.position)) this.#send(record);
    } catch (error) {
      if (this.held.isCurrent(probe)) this.held.probed(station);
      await this.#host.outboxFailed(error);
    } finally {
      this.#host.wake();
    }
  }
}
