import { type Clock, systemClock } from '../base/clock.js';
import { JidokaError } from '../base/errors.js';
import { sleep } from '../base/lifecycle.js';
import type { Logger } from '../base/logger.js';
import type { PublisherStatus } from '../ports/publisher.js';
import { BrokerWalk } from './broker-walk.js';
import { Connection, type WireWatch } from './connection.js';
import { mqttErrors } from './errors.js';
import type { IncomingMessage, OutgoingMessage } from './message.js';
import { type BrokerAddress, brokerAddress, type ConnectionConfig, isSecure, type ProtocolVersion } from './options.js';
import { TlsFiles } from './tls-files.js';

/** Why a connection is given up that still works: the agent stops, its certificate was renewed, `moveOn` was called. */
export type Leaving = 'stopped' | 'renewed' | 'moved';

export interface LinkOptions {
  readonly config: ConnectionConfig;
  readonly clientId: string;
  /** The secret that `config.password` refers to, resolved. */
  readonly password?: string;
  /** Asked for once before every CONNECT, a second try with the older protocol included. */
  readonly will: () => OutgoingMessage | Promise<OutgoingMessage>;
  /** Each message on a subscription, from the first one on. What it throws ends the process. */
  readonly onMessage?: (message: IncomingMessage) => void;
  readonly wire?: WireWatch;
  /** A connection stands. A session of subscriptions and births begins here. */
  readonly onUp: (connection: Connection) => void;
  /** The connection of the last `onUp` has ended, for whatever cause. */
  readonly onDown: (reason: JidokaError) => void;
  /**
   * Last words before a working connection is left; `connection` of the link gives it to nobody else any more. Resolves
   * when all that is under way is acknowledged; then it is closed, with the will where `sendWill` is given (MQTT 5). What
   * takes too long is cut, and the broker sends the will. Without it the link waits for what is under way.
   */
  readonly farewell?: (connection: Connection, why: Leaving) => Promise<{ readonly sendWill?: boolean } | undefined>;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** A message without acknowledgement for this long ends the connection. */
  readonly ackTimeoutMs?: number;
  /** How often the TLS files are looked at while connected. */
  readonly tlsPollMs?: number;
}

/** Some brokers hang up on the version they do not know instead of saying so. */
const MAYBE_VERSION: ReadonlySet<string> = new Set(['MQTT_PROTOCOL_REFUSED', 'MQTT_HUNG_UP']);
const CLOSE_MS = 1000;

/**
 * Keeps one connection to one of a destination's brokers, for ever: it walks their list with back-off and jitter, falls
 * back from MQTT 5 to 3.1.1, reads the TLS files anew for each attempt, and changes over to renewed ones while connected.
 * Each connection is a `Connection` of its own; what was under way on the one before has been rejected or acknowledged.
 */
export class Link {
  readonly #options: LinkOptions;
  readonly #clock: Clock;
  readonly #urls: readonly string[];
  readonly #walk: BrokerWalk;
  readonly #tls: TlsFiles;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #connection: Connection | undefined;
  #successor: Deferred<Connection> | undefined;
  /** The connection that is being left, while it is. */
  #left: { readonly connection: Connection; readonly why: Leaving; readonly hasten: AbortController } | undefined;
  #status: PublisherStatus = { state: 'stopped', text: 'Not started.' };
  #lastFailure: string | undefined;

  constructor(options: LinkOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#urls = [options.config.url, ...options.config.fallbackUrls];
    this.#walk = new BrokerWalk(this.#urls.length, options.config.reconnectMaxMs);
    this.#tls = new TlsFiles(this.#urls.some(isSecure) ? options.config.tls : undefined);
  }

  /**
   * Returns once the first attempt has begun.
   * @throws MQTT_TLS_FILE, MQTT_URL_SECRET (config)
   */
  async start(): Promise<void> {
    if (this.#running !== undefined) return;
    await this.#tls.load();
    for (const url of this.#urls) this.#address(url);
    this.#running = this.#run(this.#stop.signal);
  }

  /** Says farewell within `timeoutMs` and connects no more. */
  async stop(timeoutMs: number): Promise<void> {
    const connection = this.#connection ?? this.#left?.connection;
    if (connection !== undefined) await this.#leave(connection, 'stopped', timeoutMs);
    this.#stop.abort();
    await this.#running;
    this.#successor?.reject(this.#notConnected());
    this.#successor = undefined;
    this.#status = { state: 'stopped', text: 'Stopped.' };
  }

  /** Leaves the broker in use for the next one of the list, or for a while where there is only one. */
  async moveOn(): Promise<void> {
    const connection = this.#connection;
    if (connection !== undefined) await this.#leave(connection, 'moved', this.#ackTimeoutMs);
  }

  /** The connection for new messages; undefined from the farewell on, and before the first. */
  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** While a connection is being replaced for a renewed certificate: the next one. It rejects where that fails. */
  get successor(): Promise<Connection> | undefined {
    return this.#successor?.promise;
  }

  status(): PublisherStatus {
    const warning = this.#tls.trouble(this.#clock.nowMs());
    if (this.#connection?.usable === false) {
      return { state: 'disconnected', text: `The connection to ${this.#connection.where} is being lost.` };
    }
    return { ...this.#status, ...(warning !== undefined && { warning }) };
  }

  async #run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const url = this.#urls[this.#walk.index] as string;
      const { error, livedMs } = await this.#connectAndStay(url, signal);
      const leaving = this.#left?.why;
      this.#left = undefined;
      if (signal.aborted || leaving === 'stopped') return;
      if (leaving === 'renewed') continue;
      this.#successor?.reject(error);
      this.#successor = undefined;
      const moveOn = leaving === 'moved' || error.code === 'MQTT_USE_ANOTHER';
      const waitMs = this.#walk.ended({ code: error.code, livedMs, moveOn });
      this.#failed(error, waitMs);
      if (waitMs > 0) await sleep(waitMs, signal);
    }
  }

  /** Resolves with the reason once the attempt has failed or the connection has ended. */
  async #connectAndStay(url: string, signal: AbortSignal): Promise<{ error: JidokaError; livedMs: number }> {
    if (this.#status.state === 'stopped') this.#status = { state: 'connecting', text: `Connecting to ${url}.` };
    if (isSecure(url)) await this.#readTls();
    const address = this.#address(url);
    let connection: Connection;
    try {
      connection = await this.#connect(address, signal);
    } catch (error) {
      if (!(error instanceof JidokaError)) throw error;
      return { error, livedMs: 0 };
    }
    const sinceMs = this.#clock.monotonicMs();
    if (signal.aborted) {
      await connection.close(0);
      return { error: await connection.ended, livedMs: 0 };
    }
    this.#up(connection, address);
    const over = new AbortController();
    const watch = this.#watchFiles(connection, url, over.signal);
    const error = await connection.ended;
    over.abort();
    this.#left?.hasten.abort();
    this.#connection = undefined;
    this.#options.onDown(error);
    await watch;
    return { error, livedMs: this.#clock.monotonicMs() - sinceMs };
  }

  /**
   * With `auto`, a broker that refuses MQTT 5 is asked again with 3.1.1 at once. Each connection begins with MQTT 5 anew,
   * for the day the broker is renewed.
   */
  async #connect(address: BrokerAddress, signal: AbortSignal): Promise<Connection> {
    const { config, will, onMessage, wire } = this.#options;
    const open = async (protocol: ProtocolVersion): Promise<Connection> =>
      Connection.open(
        {
          address,
          protocol,
          will: await will(),
          window: config.window,
          ackTimeoutMs: this.#ackTimeoutMs,
          ...(onMessage !== undefined && { onMessage }),
          ...(wire !== undefined && { wire }),
        },
        signal,
      );
    if (config.protocol !== 'auto') return open(config.protocol);
    try {
      return await open('5');
    } catch (error) {
      if (signal.aborted || !(error instanceof JidokaError) || !MAYBE_VERSION.has(error.code)) throw error;
      return open('3.1.1');
    }
  }

  #up(connection: Connection, { where, clientId }: BrokerAddress): void {
    const index = this.#urls.indexOf(where);
    const fallback = index === 0 ? '' : ` (fallback ${index} of ${this.#urls.length - 1})`;
    const text = `Connected to ${where}${fallback} with MQTT ${connection.protocol} as ${clientId}.`;
    this.#connection = connection;
    this.#lastFailure = undefined;
    this.#status = { state: 'connected', text };
    this.#options.logger.info({ broker: where, protocol: connection.protocol, clientId }, text);
    this.#successor?.resolve(connection);
    this.#successor = undefined;
    this.#options.onUp(connection);
  }

  async #watchFiles(connection: Connection, url: string, signal: AbortSignal): Promise<void> {
    if (!isSecure(url)) return;
    const { logger, tlsPollMs = 60_000 } = this.#options;
    while (!signal.aborted) {
      await sleep(tlsPollMs, signal);
      const changed = !signal.aborted && (await this.#readTls());
      if (!changed || this.#connection !== connection) continue;
      logger.info({}, 'The TLS files have changed: the connection is made anew with them.');
      this.#successor = deferred();
      this.#status = { state: 'connecting', text: `Connecting to ${url} anew with renewed TLS files.` };
      await this.#leave(connection, 'renewed', this.#ackTimeoutMs);
    }
  }

  async #readTls(): Promise<boolean> {
    const before = this.#tls.trouble(this.#clock.nowMs());
    const changed = await this.#tls.refresh();
    const after = this.#tls.trouble(this.#clock.nowMs());
    if (after !== undefined && after !== before) this.#options.logger.warn({}, after);
    return changed;
  }

  /** Ends a working connection; `#run` goes on once it has ended. A stop takes over from the other reasons to leave. */
  async #leave(connection: Connection, why: Leaving, timeoutMs: number): Promise<void> {
    this.#left?.hasten.abort();
    const left = { connection, why, hasten: new AbortController() };
    this.#left = left;
    this.#connection = undefined;
    const deadlineMs = performance.now() + timeoutMs;
    const lastWords = this.#options.farewell?.(connection, why) ?? connection.idle().then(() => undefined);
    const wish = await Promise.race([lastWords, sleep(timeoutMs, left.hasten.signal).then(() => undefined)]);
    left.hasten.abort();
    if (this.#left !== left) return;
    const leftMs = Math.max(0, Math.min(CLOSE_MS, deadlineMs - performance.now()));
    await connection.close(leftMs, { sendWill: wish?.sendWill ?? false });
  }

  #failed(error: JidokaError, waitMs: number): void {
    const next = this.#urls[this.#walk.index];
    const then = waitMs > 0 ? `Trying again in about ${Math.ceil(waitMs / 1000)} s.` : `Trying ${next} at once.`;
    const text = `${error.message} ${then}`;
    this.#status = { state: 'disconnected', text };
    const fields = { code: error.code, err: error };
    if (this.#lastFailure === error.code) this.#options.logger.debug(fields, text);
    else this.#options.logger.warn(fields, text);
    this.#lastFailure = error.code;
  }

  #address(url: string): BrokerAddress {
    const { config, clientId, password } = this.#options;
    const login = {
      clientId,
      ...(config.username !== undefined && { username: config.username }),
      ...(password !== undefined && { password }),
    };
    return brokerAddress(url, config, login, this.#tls.material);
  }

  #notConnected(): JidokaError {
    return mqttErrors.MQTT_NOT_CONNECTED({ where: this.#options.config.url });
  }

  get #ackTimeoutMs(): number {
    return this.#options.ackTimeoutMs ?? 30_000;
  }
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: JidokaError) => void;
}

function deferred<T>(): Deferred<T> {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: JidokaError) => void = () => undefined;
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  // Nobody may be waiting.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
