import { setImmediate } from 'node:timers/promises';
import { type Clock, systemClock } from '../base/clock.js';
import { JidokaError, messageOf } from '../base/errors.js';
import { sleep } from '../base/lifecycle.js';
import type { Logger } from '../base/logger.js';
import type { OutboxRecord } from '../domain/outbox.js';
import type { Outbox } from '../ports/ledger.js';
import type { Publisher } from '../ports/publisher.js';
import { DeliveryOrder, type SentRow } from './delivery-order.js';
import { type HeldStation, HeldStations, type Refusal } from './held-stations.js';
import { WakeUp } from './wake-up.js';

export interface DelivererOptions {
  /** The name of the account in the outbox. */
  readonly destination: string;
  readonly outbox: Outbox;
  readonly publisher: Publisher;
  /** Messages that may be under way without acknowledgement. */
  readonly window: number;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** Rows read from the outbox at a time: what is held in memory, whatever the backlog. */
  readonly batchSize?: number;
  /** Waits between two attempts with a row that the broker refuses, and between two with an outbox that fails. */
  readonly retry?: { readonly initialMs: number; readonly maxMs: number };
}

export interface DeliveryStatus {
  /** `idle`: everything is delivered. `refused`: the broker does not take a station's message. */
  readonly state: 'stopped' | 'idle' | 'delivering' | 'waiting' | 'refused' | 'failing';
  readonly text: string;
  /** Rows acknowledged and deleted since the start. */
  readonly delivered: number;
  /** Rows that had to be sent again since the start. */
  readonly retried: number;
  readonly underWay: number;
  /** At most one a station: the message that holds the station up. */
  readonly refusals: readonly Refusal[];
}

/** Rows that may be acknowledged and not yet deleted before nothing more is sent. */
const MAX_UNSETTLED = 1000;
/**
 * So many losses in a row without one acknowledgement between them make the next message go alone, and so many with the
 * same message alone under way make it the culprit: some brokers hang up on what they do not like.
 */
const LOSSES_BEFORE_ALONE = 2;
const LOSSES_BEFORE_BLAME = 4;
/** How long a loss of the connection is believed before the publisher is asked again. */
const RECHECK_MS = 1000;
const BREAKS = 'The connection is lost whenever this message is sent, perhaps because it is too large. ';

/**
 * Drains the outbox into the publisher, at least once and in order: a row is deleted when the broker has acknowledged
 * it and every earlier row of its station. After a lost connection it goes on from the oldest row that is not free.
 */
export class Deliverer {
  readonly #options: DelivererOptions;
  readonly #clock: Clock;
  readonly #batchSize: number;
  readonly #retry: { readonly initialMs: number; readonly maxMs: number };
  readonly #order = new DeliveryOrder();
  readonly #wake = new WakeUp();
  /** Raised by a new connection and by `stop` alone, so that a lost connection is never asked for in a tight loop. */
  readonly #reconnected = new WakeUp();
  readonly #abort = new AbortController();
  readonly #held: HeldStations;
  readonly #unsubscribe: Array<() => void> = [];
  #running: Promise<void> | undefined;
  #settleRun: Promise<void> | undefined;
  #toSettle: number[] = [];
  /** Rows read and not sent yet, oldest first. */
  #ahead: OutboxRecord[] = [];
  /** Every row up to here has been sent or passed over. */
  #cursor = 0;
  #connected = false;
  #draining = false;
  #caughtUp = false;
  /** Connections lost since the last acknowledgement. */
  #fruitlessLosses = 0;
  #delivered = 0;
  #retried = 0;
  #outboxFailure: string | undefined;

  constructor(options: DelivererOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#batchSize = options.batchSize ?? 200;
    this.#retry = options.retry ?? { initialMs: 1000, maxMs: 60_000 };
    this.#held = new HeldStations(this.#clock, this.#retry);
  }

  start(): Promise<void> {
    if (this.#running !== undefined) return Promise.resolve();
    const { outbox, publisher } = this.#options;
    this.#unsubscribe.push(
      outbox.onCommitted(() => {
        this.#caughtUp = false;
        this.#wake.raise();
      }),
      publisher.onConnected(() => {
        this.#connected = true;
        this.#held.connected();
        this.#reconnected.raise();
        this.#wake.raise();
      }),
    );
    this.#connected = publisher.status().state === 'connected';
    this.#running = this.#run(this.#abort.signal);
    return Promise.resolve();
  }

  /** Goes on until the outbox is empty or the broker away, at most `drainTimeoutMs`. What is left stays in the outbox. */
  async stop(drainTimeoutMs: number): Promise<void> {
    if (this.#running === undefined) return;
    this.#draining = true;
    this.#reconnected.raise();
    this.#wake.raise();
    const drained = new AbortController();
    void sleep(drainTimeoutMs, drained.signal).then(() => this.#abort.abort());
    this.#abort.signal.addEventListener('abort', () => this.#wake.raise(), { once: true });
    await this.#running;
    while (this.#settleRun !== undefined) await this.#settleRun;
    drained.abort();
    for (const end of this.#unsubscribe.splice(0)) end();
  }

  status(): DeliveryStatus {
    const refusals = this.#held.refusals();
    return {
      ...this.#describe(refusals),
      delivered: this.#delivered,
      retried: this.#retried,
      underWay: this.#order.underWay,
      refusals,
    };
  }

  #describe(refusals: readonly Refusal[]): Pick<DeliveryStatus, 'state' | 'text'> {
    const [refusal] = refusals;
    if (this.#running === undefined || this.#abort.signal.aborted) return { state: 'stopped', text: 'Stopped.' };
    if (this.#outboxFailure !== undefined) {
      return { state: 'failing', text: `The outbox cannot be used: ${this.#outboxFailure}` };
    }
    if (!this.#connected) return { state: 'waiting', text: 'Messages wait in the outbox for the broker.' };
    if (refusal !== undefined) {
      const text = `Station ${refusal.station} waits at message ${refusal.seq}: ${refusal.text}`;
      return { state: 'refused', text };
    }
    return this.#caughtUp && this.#order.underWay === 0
      ? { state: 'idle', text: 'Every message is delivered.' }
      : { state: 'delivering', text: 'Messages are on their way.' };
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (!this.#connected) {
        if (this.#draining) break;
        await this.#reconnected.wait(RECHECK_MS);
        this.#connected ||= this.#options.publisher.status().state === 'connected';
        continue;
      }
      await this.#probeDue();
      if (this.#hasRoom() && (this.#ahead.length > 0 || (await this.#readAhead(signal)))) {
        this.#sendAhead();
        continue;
      }
      if (this.#draining && this.#order.underWay === 0 && this.#caughtUp) break;
      await this.#wake.wait(this.#hasRoom() ? this.#held.nextDueInMs() : undefined);
    }
    this.#abort.abort();
  }

  #hasRoom(): boolean {
    const window = this.#fruitlessLosses < LOSSES_BEFORE_ALONE ? this.#options.window : 1;
    return this.#order.underWay < window && this.#order.unsettled < MAX_UNSETTLED;
  }

  /** Reads the next rows; false when there are none. */
  async #readAhead(signal: AbortSignal): Promise<boolean> {
    const after = this.#cursor;
    // Set before the read: a commit that comes while it is under way takes it back.
    this.#caughtUp = true;
    let rows: readonly OutboxRecord[];
    try {
      rows = await this.#options.outbox.read(this.#options.destination, { after }, this.#batchSize);
      this.#outboxFailure = undefined;
    } catch (error) {
      this.#caughtUp = false;
      await this.#outboxFailed(error, signal);
      return true;
    }
    // Meanwhile a loss may have moved the cursor back: then these rows are not the next ones.
    if (after !== this.#cursor) return true;
    this.#ahead = [...rows];
    if (rows.length > 0) this.#caughtUp = false;
    return rows.length > 0 || !this.#caughtUp;
  }

  #sendAhead(): void {
    while (this.#connected && this.#hasRoom()) {
      const record = this.#ahead.shift();
      if (record === undefined) return;
      this.#cursor = record.position;
      if (!this.#order.has(record.position) && !this.#held.has(record.station)) void this.#send(record);
    }
  }

  async #send(record: OutboxRecord): Promise<void> {
    const row = this.#order.sent(record);
    try {
      await this.#options.publisher.deliver(record, 'live');
    } catch (error) {
      this.#failed(row, error);
      return;
    }
    // Stopped meanwhile: the row stays in the outbox and goes out again at the next start.
    if (this.#abort.signal.aborted) return;
    this.#fruitlessLosses = 0;
    const held = this.#held.heldAt(row);
    if (held !== undefined) this.#release(held);
    this.#settle(this.#order.acknowledged(row));
    this.#wake.raise();
  }

  #failed(row: SentRow, error: unknown): void {
    if (!(error instanceof JidokaError)) throw error;
    if (!this.#order.isOpen(row)) return;
    if (error.consequence === 'degraded') {
      this.#hold(row, error.message, false);
    } else {
      this.#connected = false;
      this.#fruitlessLosses += 1;
      if (this.#order.underWay === 1 && this.#fruitlessLosses >= LOSSES_BEFORE_BLAME) {
        this.#hold(row, `${BREAKS}${error.message}`, true);
      }
      this.#connectionLost();
    }
    this.#wake.raise();
  }

  #connectionLost(): void {
    const dropped = this.#order.lost();
    this.#retried += dropped.length;
    const positions = this.#held.connectionLost(dropped).map(({ position }) => position);
    if (positions.length > 0) this.#rewind(Math.min(...positions));
  }

  /** Goes back so that the row at `position` is the next that is read. */
  #rewind(position: number): void {
    this.#cursor = Math.min(this.#cursor, position - 1);
    this.#ahead = [];
    this.#caughtUp = false;
  }

  #hold(row: SentRow, text: string, breaksConnection: boolean): void {
    this.#retried += this.#order.refused(row);
    const { station, seq } = row;
    if (this.#held.has(station)) this.#options.logger.debug({ station, seq }, 'The broker still refuses the message');
    else this.#options.logger.warn({ station, seq }, `The station waits until the broker takes its message: ${text}`);
    this.#held.hold(row, text, breaksConnection);
    this.#fruitlessLosses = 0;
  }

  #release({ station, position }: HeldStation): void {
    this.#held.release(station);
    this.#options.logger.info({ station }, 'The broker takes the messages of the station again');
    this.#rewind(position);
  }

  /** Tries the one row that holds a station up. */
  async #probeDue(): Promise<void> {
    for (const held of this.#held.due()) {
      if (!this.#hasRoom()) return;
      let record: OutboxRecord | undefined;
      try {
        [record] = await this.#options.outbox.read(this.#options.destination, { after: held.position - 1 }, 1);
      } catch (error) {
        await this.#outboxFailed(error, this.#abort.signal);
        return;
      }
      if (!this.#connected) return;
      if (record?.position !== held.position) this.#release(held);
      else if (!this.#order.has(record.position)) {
        this.#held.probing(held.station);
        void this.#send(record);
      }
    }
  }

  #settle(positions: readonly number[]): void {
    this.#toSettle.push(...positions);
    if (this.#toSettle.length === 0 || this.#settleRun !== undefined) return;
    this.#settleRun = this.#settleAll(this.#abort.signal).finally(() => {
      this.#settleRun = undefined;
      // What came in between the last look and now must not wait for the next acknowledgement.
      this.#settle([]);
    });
  }

  async #settleAll(signal: AbortSignal): Promise<void> {
    // Acknowledgements arrive several in one packet: let them all come in first.
    await setImmediate();
    while (this.#toSettle.length > 0) {
      const positions = this.#toSettle;
      this.#toSettle = [];
      try {
        await this.#options.outbox.settle(this.#options.destination, positions);
      } catch (error) {
        // Stopping: the rows stay in the outbox and go out again at the next start.
        if (signal.aborted) return;
        this.#toSettle = [...positions, ...this.#toSettle];
        await this.#outboxFailed(error, signal);
        continue;
      }
      this.#outboxFailure = undefined;
      this.#delivered += positions.length;
      this.#order.settled(positions);
      this.#wake.raise();
    }
  }

  async #outboxFailed(error: unknown, signal: AbortSignal): Promise<void> {
    if (this.#outboxFailure === undefined) this.#options.logger.warn({ err: error }, 'The outbox cannot be used');
    this.#outboxFailure = messageOf(error);
    await sleep(this.#retry.initialMs, signal);
  }
}
