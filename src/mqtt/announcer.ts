import { Backoff } from '../base/backoff.js';
import { messageOf } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { Connection } from './connection.js';
import { jsonProperties } from './message.js';

interface Retained {
  readonly topic: string;
  readonly schema: string;
  /** The newest content; it is encoded only when it is sent. */
  content: () => object;
  /** There is something that this connection has not sent yet. */
  fresh: boolean;
  sending: boolean;
  sentAtMs: number;
  /** Connections in a row that were lost with this message the oldest under way. */
  losses: number;
  /** Not sent before this time: the connection seems to break of it. */
  setAsideUntilMs: number;
  readonly setAside: Backoff;
}

/** Some brokers hang up on a message that they find too large instead of saying so. */
const LOSSES_BEFORE_SET_ASIDE = 3;
const SET_ASIDE = { initialMs: 60_000, maxMs: 3_600_000 } as const;
const BREAKS = 'The connection is lost whenever this message is sent, perhaps because it is too large for the broker.';

/**
 * Retained topics: only the newest content of each counts. A topic is sent at most once in `minIntervalMs`, with one
 * message under way, and anew on every connection. One that seems to break connections is set aside for a while, so that
 * the others and the inspections get through.
 */
export class Announcer {
  readonly #topics = new Map<string, Retained>();
  readonly #refusals = new Map<string, string>();
  #connection: Connection | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #sends = new Set<Promise<void>>();
  /** The loss of it is put down to a message already. */
  #lost: Connection | undefined;
  #minIntervalMs: number;

  constructor(
    private readonly logger: Logger,
    minIntervalMs: number,
  ) {
    this.#minIntervalMs = minIntervalMs;
  }

  /** Topic → why the broker did not take its newest content. */
  get refusals(): ReadonlyMap<string, string> {
    return this.#refusals;
  }

  announce(topic: string, schema: string, content: () => object): void {
    const known = this.#topics.get(topic);
    if (known === undefined) {
      const never = Number.NEGATIVE_INFINITY;
      const state = { fresh: true, sending: false, sentAtMs: never, losses: 0, setAsideUntilMs: never };
      this.#topics.set(topic, { topic, schema, content, ...state, setAside: new Backoff(SET_ASIDE) });
    } else {
      known.content = content;
      known.fresh = true;
    }
    this.#pump();
  }

  /** A new connection: everything is sent to it. */
  attach(connection: Connection): void {
    this.#connection = connection;
    for (const { topic, setAsideUntilMs } of this.#topics.values()) {
      if (setAsideUntilMs <= performance.now()) this.#refusals.delete(topic);
    }
    for (const topic of this.#topics.values()) {
      topic.fresh = true;
      topic.sentAtMs = Number.NEGATIVE_INFINITY;
    }
    this.#pump();
  }

  /** Sends everything anew. */
  repeat(): void {
    for (const topic of this.#topics.values()) topic.fresh = true;
    this.#pump();
  }

  /** Sends at once what waits for its interval: a stop leaves the newest content behind. Nothing is announced after. */
  async flush(): Promise<void> {
    this.#minIntervalMs = 0;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#pump();
    while (this.#sends.size > 0) await Promise.all(this.#sends);
  }

  detach(): void {
    this.#connection = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #pump(): void {
    const connection = this.#connection;
    if (connection === undefined) return;
    const nowMs = performance.now();
    let waitMs = Number.POSITIVE_INFINITY;
    for (const retained of this.#topics.values()) {
      if (!retained.fresh || retained.sending) continue;
      const dueInMs = Math.max(retained.sentAtMs + this.#minIntervalMs, retained.setAsideUntilMs) - nowMs;
      if (dueInMs <= 0) this.#track(this.#send(retained, connection));
      else waitMs = Math.min(waitMs, dueInMs);
    }
    if (waitMs === Number.POSITIVE_INFINITY || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#pump();
    }, waitMs);
  }

  #track(send: Promise<void>): void {
    this.#sends.add(send);
    void send.finally(() => this.#sends.delete(send));
  }

  async #send(retained: Retained, connection: Connection): Promise<void> {
    const { topic, schema } = retained;
    retained.fresh = false;
    retained.sending = true;
    retained.sentAtMs = performance.now();
    const payload = Buffer.from(JSON.stringify(retained.content()));
    try {
      await connection.publish({ topic, payload, retain: true, properties: jsonProperties(schema) });
      this.#refusals.delete(topic);
      retained.losses = 0;
      retained.setAside.reset();
    } catch (error) {
      if (connection.usable) {
        this.#refusals.set(topic, messageOf(error));
        this.logger.warn({ topic, err: error }, 'The broker did not take a retained message');
      } else if (this.#lost !== connection) {
        // What was sent first is rejected first.
        this.#lost = connection;
        this.#blame(retained);
      }
    } finally {
      retained.sending = false;
      this.#pump();
    }
  }

  #blame(retained: Retained): void {
    retained.losses += 1;
    if (retained.losses < LOSSES_BEFORE_SET_ASIDE) return;
    const { topic } = retained;
    retained.setAsideUntilMs = performance.now() + retained.setAside.next();
    if (!this.#refusals.has(topic)) this.logger.warn({ topic }, `A retained message is set aside: ${BREAKS}`);
    this.#refusals.set(topic, BREAKS);
  }
}
