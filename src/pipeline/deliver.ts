import { type Clock, systemClock } from '../base/clock.js';
import { JidokaError, messageOf } from '../base/errors.js';
import { sleep } from '../base/lifecycle.js';
import type { Logger } from '../base/logger.js';
import { TokenBucket } from '../base/token-bucket.js';
import type { OutboxRecord } from '../domain/outbox.js';
import type { Outbox } from '../ports/ledger.js';
import type { Lane as LaneName, Publisher } from '../ports/publisher.js';
import type { SentRow } from './delivery-order.js';
import type { Refusal } from './held-stations.js';
import { Lane, type LaneHost } from './lane.js';
import { type Lanes, lanesOf } from './lanes.js';
import { Settler } from './settler.js';
import { UrgentCopies } from './urgent-copies.js';

export interface DelivererOptions {
  /** The name of the account in the outbox. */
  readonly destination: string;
  readonly outbox: Outbox;
  readonly publisher: Publisher;
  /** Rows that waited for the connection go out at most at this rate. */
  readonly drainPerSecond: number;
  /** Sends copies of fails ahead of their turn. */
  readonly failsFirst: boolean;
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
  /** Rows settled since the start. */
  readonly delivered: number;
  /** Rows that had to be sent again since the start. */
  readonly retried: number;
  /** Copies of fails sent ahead of their turn since the start. */
  readonly hurried: number;
  readonly underWay: number;
  /** At most one a station and lane: the message that holds the station up. */
  readonly refusals: readonly Refusal[];
}

/** Rows that may be acknowledged and not yet settled before nothing more is sent. */
const MAX_UNSETTLED = 2000;
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
 * Drains one destination's account of the outbox into its publisher, at least once and in order: a row is settled when
 * the broker has acknowledged it and every earlier row of its station in the same lane. After a lost connection it goes
 * on from the oldest row that is not free.
 */
export class Deliverer {
  readonly #options: DelivererOptions;
  readonly #retryMs: number;
  readonly #abort = new AbortController();
  readonly #lanes: Lanes;
  readonly #settler: Settler;
  readonly #urgent: UrgentCopies | undefined;
  readonly #unsubscribe: Array<() => void> = [];
  #started = false;
  #connected = false;
  /** A connection is there, and the outbox is being asked what waited for it. */
  #beginning = false;
  /** Grows with each connection: what was begun for an earlier one is of no use. */
  #connection = 0;
  #draining = false;
  #drained: () => void = () => undefined;
  #pumpQueued = false;
  #timer: NodeJS.Timeout | undefined;
  /** Connections lost since the last acknowledgement. */
  #fruitlessLosses = 0;
  #delivered = 0;
  #retried = 0;
  #outboxFailure: string | undefined;

  constructor(options: DelivererOptions) {
    this.#options = options;
    const { destination, outbox, publisher, drainPerSecond, failsFirst, logger } = options;
    const clock = options.clock ?? systemClock;
    const retry = options.retry ?? { initialMs: 1000, maxMs: 60_000 };
    this.#retryMs = retry.initialMs;
    this.#settler = new Settler({
      settle: async (positions) => {
        await outbox.settle(destination, positions);
        this.#outboxFailure = undefined;
      },
      failed: (error) => this.#outboxFailed(error),
      done: (count) => {
        this.#delivered += count;
        this.#wake();
      },
      signal: this.#abort.signal,
    });
    const host: Omit<LaneHost, 'send' | 'limit'> = {
      destination,
      outbox,
      logger,
      clock,
      retry,
      batchSize: options.batchSize ?? 500,
      isSettling: (position) => this.#settler.has(position),
      outboxFailed: (error) => this.#outboxFailed(error),
      outboxWorks: () => {
        this.#outboxFailure = undefined;
      },
      wake: () => this.#wake(),
    };
    this.#lanes = lanesOf(publisher, {
      bucket: new TokenBucket({ perSecond: drainPerSecond }, clock),
      newest: () => outbox.newest(),
      wake: () => this.#wake(),
      make: (pace, nameOf, window) => {
        const lane: Lane = new Lane(
          {
            ...host,
            limit: () => this.#limit(lane, window),
            send: (record, row) => this.#send(lane, record, nameOf(record.position), row),
          },
          pace,
        );
        return lane;
      },
    });
    if (failsFirst) {
      const queue = this.#lanes.backlog;
      this.#urgent = new UrgentCopies({
        destination,
        outbox,
        publisher,
        drainPerSecond,
        queue: () => queue,
        logger,
        clock,
      });
    }
  }

  start(): Promise<void> {
    if (this.#started) return Promise.resolve();
    this.#started = true;
    const { outbox, publisher } = this.#options;
    this.#unsubscribe.push(
      outbox.onCommitted(() => {
        for (const lane of this.#lanes.all) lane.committed();
        this.#urgent?.committed();
        this.#wake();
      }),
      publisher.onConnected(() => void this.#begin()),
    );
    if (publisher.status().state === 'connected') void this.#begin();
    else this.#wake();
    return Promise.resolve();
  }

  /** Goes on until the outbox is empty or the broker away, at most `drainTimeoutMs`. What is left stays in the outbox. */
  async stop(drainTimeoutMs: number): Promise<void> {
    if (!this.#started) return;
    this.#draining = true;
    const timeUp = new AbortController();
    const drained = new Promise<void>((resolve) => {
      this.#drained = resolve;
    });
    this.#wake();
    await Promise.race([drained, sleep(drainTimeoutMs, timeUp.signal)]);
    timeUp.abort();
    this.#abort.abort();
    clearTimeout(this.#timer);
    this.#urgent?.end();
    await this.#settler.idle();
    for (const end of this.#unsubscribe.splice(0)) end();
  }

  status(): DeliveryStatus {
    const refusals = this.#lanes.all.flatMap(({ held }) => held.refusals());
    return {
      ...this.#describe(refusals),
      delivered: this.#delivered,
      retried: this.#retried,
      hurried: this.#urgent?.sent ?? 0,
      underWay: this.#underWay(),
      refusals,
    };
  }

  #describe(refusals: readonly Refusal[]): Pick<DeliveryStatus, 'state' | 'text'> {
    const [refusal] = refusals;
    if (!this.#started || this.#abort.signal.aborted) return { state: 'stopped', text: 'Stopped.' };
    if (this.#outboxFailure !== undefined) {
      return { state: 'failing', text: `The outbox cannot be used: ${this.#outboxFailure}` };
    }
    if (!this.#connected) return { state: 'waiting', text: 'Messages wait in the outbox for the broker.' };
    if (refusal !== undefined) {
      const text = `Station ${refusal.station} waits at message ${refusal.seq}: ${refusal.text}`;
      return { state: 'refused', text };
    }
    return this.#lanes.all.every(({ caughtUp }) => caughtUp) && this.#underWay() === 0
      ? { state: 'idle', text: 'Every message is delivered.' }
      : { state: 'delivering', text: 'Messages are on their way.' };
  }

  #underWay(): number {
    return this.#lanes.all.reduce((sum, { order }) => sum + order.underWay, 0);
  }

  /** Calls `pump` once, after everything that happens in this moment. */
  #wake(): void {
    if (this.#pumpQueued) return;
    this.#pumpQueued = true;
    queueMicrotask(() => {
      this.#pumpQueued = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#abort.signal.aborted) return;
    clearTimeout(this.#timer);
    if (!this.#connected) {
      if (this.#beginning) return;
      if (this.#draining) this.#drained();
      else this.#timer = setTimeout(() => this.#recheck(), RECHECK_MS);
      return;
    }
    for (const lane of this.#lanes.all) lane.pump();
    const nextDueInMs = Math.min(...this.#lanes.all.map((lane) => lane.nextDueInMs));
    if (Number.isFinite(nextDueInMs)) this.#timer = setTimeout(() => this.#pump(), nextDueInMs);
    if (this.#draining && this.#lanes.isDrained()) this.#drained();
  }

  #recheck(): void {
    if (this.#options.publisher.status().state === 'connected') void this.#begin();
    else this.#wake();
  }

  /** A connection is up: what was committed before is the backlog. */
  async #begin(): Promise<void> {
    this.#connection += 1;
    const connection = this.#connection;
    if (this.#connected) this.#connectionLost();
    this.#beginning = true;
    let border: number | undefined;
    while (border === undefined) {
      try {
        border = await this.#options.outbox.newest();
      } catch (error) {
        await this.#outboxFailed(error);
      }
      if (connection !== this.#connection || this.#abort.signal.aborted) return;
    }
    this.#beginning = false;
    this.#connected = true;
    this.#lanes.begin(border);
    this.#urgent?.begin();
    this.#wake();
  }

  /** How many rows of the lane may be under way now. */
  #limit(lane: Lane, window: number): number {
    if (!this.#connected || lane.order.blocked + this.#settler.size >= MAX_UNSETTLED) return 0;
    return this.#fruitlessLosses >= LOSSES_BEFORE_ALONE && this.#lanes.one ? 1 : window;
  }

  /** Not awaited here, so that the payload is not kept until the acknowledgement. */
  #send(lane: Lane, record: OutboxRecord, name: LaneName, row: SentRow): void {
    this.#options.publisher.deliver(record, name).then(
      () => this.#acknowledged(lane, row),
      (error: unknown) => this.#failed(lane, row, error),
    );
  }

  #acknowledged(lane: Lane, row: SentRow): void {
    // Stopped meanwhile: the row stays in the outbox and goes out again at the next start.
    if (this.#abort.signal.aborted) return;
    this.#fruitlessLosses = 0;
    this.#settler.add(lane.acknowledged(row));
    this.#wake();
  }

  #failed(lane: Lane, row: SentRow, error: unknown): void {
    if (!(error instanceof JidokaError)) throw error;
    if (!lane.order.isOpen(row)) return;
    if (error.consequence === 'degraded') {
      this.#hold(lane, row, error.message, false);
    } else {
      this.#fruitlessLosses += 1;
      if (this.#lanes.one && lane.order.underWay === 1 && this.#fruitlessLosses >= LOSSES_BEFORE_BLAME) {
        this.#hold(lane, row, `${BREAKS}${error.message}`, true);
      }
      this.#connectionLost();
    }
    this.#wake();
  }

  #hold(lane: Lane, row: SentRow, text: string, breaksConnection: boolean): void {
    this.#retried += lane.hold(row, text, breaksConnection);
    this.#fruitlessLosses = 0;
  }

  #connectionLost(): void {
    this.#connected = false;
    this.#urgent?.end();
    for (const lane of this.#lanes.all) this.#retried += lane.connectionLost();
  }

  async #outboxFailed(error: unknown): Promise<void> {
    if (this.#outboxFailure === undefined) this.#options.logger.warn({ err: error }, 'The outbox cannot be used');
    this.#outboxFailure = messageOf(error);
    await sleep(this.#retryMs, this.#abort.signal);
  }
}
