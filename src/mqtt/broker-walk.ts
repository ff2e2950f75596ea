import { Backoff } from '../base/backoff.js';

const FIRST_RETRY_MS = 500;
/** A connection that lived this long was a good one: the next loss is retried soon again. */
export const STABLE_AFTER_MS = 10_000;
/** What only a person can mend is asked for slowly: brokers lock accounts and fill logs. */
const SLOW: ReadonlySet<string> = new Set([
  'MQTT_LOGIN_REFUSED',
  'MQTT_NOT_AUTHORIZED',
  'MQTT_CLIENT_ID_REFUSED',
  'MQTT_PROTOCOL_REFUSED',
  'MQTT_TAKEN_OVER',
  'MQTT_TLS_UNTRUSTED',
  'MQTT_TLS_NAME',
  'MQTT_TLS_EXPIRED',
]);

/** How an attempt to connect, or the connection that came of it, ended. */
export interface Ending {
  /** The error's code. */
  readonly code: string;
  /** How long the connection lived; 0 where there was none. */
  readonly livedMs: number;
  /** This broker sends the agent away, or the agent does not want it any more: not this one again. */
  readonly moveOn: boolean;
}

/**
 * Which of the brokers is tried next, and after what wait. All of them in turn are one round, and a round is one attempt
 * for the back-off. A broker whose connection lived is tried first again, whichever it is in the list: going back to
 * the first of the list would cost a second interruption for nothing.
 */
export class BrokerWalk {
  readonly #count: number;
  readonly #backoff: Backoff;
  readonly #slow: Backoff;
  #index = 0;
  #failures = 0;
  #needsPerson = false;

  constructor(count: number, maxMs: number, random?: () => number) {
    this.#count = count;
    const jitter = random === undefined ? {} : { random };
    this.#backoff = new Backoff({ initialMs: FIRST_RETRY_MS, maxMs, ...jitter });
    this.#slow = new Backoff({ initialMs: maxMs, maxMs, ...jitter });
  }

  /** Position in the list of the broker to try now. */
  get index(): number {
    return this.#index;
  }

  /** Takes note of an ending; gives how long to wait before the broker at `index` is tried. */
  ended({ code, livedMs, moveOn }: Ending): number {
    this.#needsPerson ||= SLOW.has(code);
    if (livedMs >= STABLE_AFTER_MS) {
      this.#backoff.reset();
      this.#failures = 0;
      if (!moveOn) return this.#wait();
    }
    this.#index = (this.#index + 1) % this.#count;
    this.#failures += 1;
    return this.#failures < this.#count ? 0 : this.#wait();
  }

  #wait(): number {
    const waitMs = this.#needsPerson ? this.#slow.next() : this.#backoff.next();
    this.#failures = 0;
    this.#needsPerson = false;
    return waitMs;
  }
}
