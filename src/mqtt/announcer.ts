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
}

/**
 * Retained topics: only the newest content of each counts. A topic is sent at most once in `minIntervalMs`, with one
 * message under way, and anew on every connection.
 */
export class Announcer {
  readonly #topics = new Map<string, Retained>();
  readonly #refusals = new Map<string, string>();
  #connection: Connection | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #sends = new Set<Promise<void>>();
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
      this.#topics.set(topic, { topic, schema, content, fresh: true, sending: false, sentAtMs: never });
    } else {
      known.content = content;
      known.fresh = true;
    }
    this.#pump();
  }

  /** A new connection: everything is sent to it. */
  attach(connection: Connection): void {
    this.#connection = connection;
    this.#refusals.clear();
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
      const dueInMs = retained.sentAtMs + this.#minIntervalMs - nowMs;
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
    } catch (error) {
      if (this.#connection === connection) {
        this.#refusals.set(topic, messageOf(error));
        this.logger.warn({ topic, err: error }, 'The broker did not take a retained message');
      }
    } finally {
      retained.sending = false;
      this.#pump();
    }
  }
}
