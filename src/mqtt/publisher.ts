import { Backoff } from '../base/backoff.js';
import { type Clock, isoUtc, systemClock } from '../base/clock.js';
import type { JidokaError } from '../base/errors.js';
import { sleep } from '../base/lifecycle.js';
import type { Logger } from '../base/logger.js';
import type { DestinationConfig } from '../config/schema/mqtt.js';
import { INSPECTION_SCHEMA } from '../domain/message.js';
import type { OutboxRecord } from '../domain/outbox.js';
import { STATE_SCHEMA, STATUS_SCHEMA, type StationState, type StatusMessage } from '../domain/state.js';
import type { Publisher, PublisherStatus } from '../ports/publisher.js';
import { Announcer } from './announcer.js';
import type { JsonCommands } from './commands.js';
import { Connection } from './connection.js';
import { mqttErrors } from './errors.js';
import { jsonProperties, type OutgoingMessage } from './message.js';
import { type BrokerAddress, brokerAddress, type ProtocolVersion } from './options.js';
import { inspectionTopic, stateTopic, statusTopic, urgentTopic } from './topics.js';

/** Who this gateway is, for the offline status that the broker may have to send in its name. */
export type GatewayIdentity = Pick<StatusMessage, 'gateway' | 'version' | 'startedAt' | 'stations'>;

export interface MqttPublisherOptions {
  readonly config: Omit<DestinationConfig, 'password' | 'baseTopic'>;
  /** What every topic begins with. */
  readonly baseTopic: string;
  /** The secret that `config.password` refers to, resolved. */
  readonly password?: string;
  readonly identity: GatewayIdentity;
  /** Present where this destination may give commands. */
  readonly commands?: JsonCommands;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** A message without acknowledgement for this long ends the connection. */
  readonly ackTimeoutMs?: number;
  /** Least time between two messages on the same retained topic. */
  readonly announceIntervalMs?: number;
}

const FIRST_RETRY_MS = 500;
/** A connection that lived this long was a good one: the next loss is retried soon again. */
const STABLE_AFTER_MS = 10_000;
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
const MAYBE_VERSION: ReadonlySet<string> = new Set(['MQTT_PROTOCOL_REFUSED', 'MQTT_HUNG_UP']);

/** Publishes inspections, status and state as JSON to one MQTT broker, with MQTT 5 or 3.1.1. */
export class MqttPublisher implements Publisher {
  readonly lanes = 'one';
  readonly #options: MqttPublisherOptions;
  readonly #clock: Clock;
  readonly #announcer: Announcer;
  readonly #stop = new AbortController();
  readonly #listeners = new Set<() => void>();
  #address: BrokerAddress | undefined;
  #running: Promise<void> | undefined;
  #connection: Connection | undefined;
  #status: PublisherStatus = { state: 'stopped', text: 'Not started.' };
  #newest: StatusMessage | undefined;
  #connectedAt = '';
  #deliveries = 0;
  #stopping = false;
  #lastFailure: string | undefined;

  constructor(options: MqttPublisherOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#announcer = new Announcer(options.logger, options.announceIntervalMs ?? 250);
  }

  async start(): Promise<void> {
    if (this.#running !== undefined) return;
    const { config, identity, password } = this.#options;
    this.#address = await brokerAddress(config, identity.gateway, {
      ...(config.username !== undefined && { username: config.username }),
      ...(password !== undefined && { password }),
    });
    this.#running = this.#run(this.#address, this.#stop.signal);
  }

  async stop(timeoutMs: number): Promise<void> {
    this.#stopping = true;
    const deadlineMs = performance.now() + timeoutMs;
    const connection = this.#connection;
    if (connection !== undefined) {
      const timeUp = new AbortController();
      const lastWords = this.#announcer.flush().then(() => {
        // Behind what is under way, since messages keep their order: once it is acknowledged, so is everything else.
        connection.publish(this.#offline('stopped')).catch(() => undefined);
        return connection.idle();
      });
      await Promise.race([lastWords, sleep(timeoutMs, timeUp.signal)]);
      timeUp.abort();
      this.#announcer.detach();
      await connection.close(Math.max(0, Math.min(1000, deadlineMs - performance.now())));
    }
    this.#stop.abort();
    await this.#running;
    this.#status = { state: 'stopped', text: 'Stopped.' };
  }

  deliver(record: OutboxRecord): Promise<void> {
    const { config, baseTopic } = this.#options;
    const where = config.url;
    if (this.#connection === undefined || this.#stopping) {
      return Promise.reject(mqttErrors.MQTT_NOT_CONNECTED({ where }));
    }
    if (this.#deliveries >= config.window) {
      return Promise.reject(mqttErrors.MQTT_WINDOW_FULL({ where, expected: `at most ${config.window}` }));
    }
    this.#deliveries += 1;
    const topic = inspectionTopic(baseTopic, record.station);
    return this.#connection
      .publish({ topic, payload: record.payload, retain: false, properties: jsonProperties(INSPECTION_SCHEMA) })
      .finally(() => {
        this.#deliveries -= 1;
      });
  }

  async hurry({ station, payload }: OutboxRecord): Promise<void> {
    const topic = urgentTopic(this.#options.baseTopic, station);
    const properties = jsonProperties(INSPECTION_SCHEMA);
    await this.#connection?.publish({ topic, payload, retain: false, properties });
  }

  announceStatus(status: StatusMessage): void {
    this.#newest = status;
    // To a subscriber the online state begins with the connection; without this it could look older than the will.
    this.#announcer.announce(statusTopic(this.#options.baseTopic), STATUS_SCHEMA, () =>
      status.at < this.#connectedAt ? { ...status, at: this.#connectedAt } : status,
    );
  }

  announceState(state: StationState): void {
    const topic = stateTopic(this.#options.baseTopic, state.station);
    this.#announcer.announce(topic, STATE_SCHEMA, () => state);
  }

  rebirth(): void {
    this.#announcer.repeat();
  }

  status(): PublisherStatus {
    if (this.#connection?.usable === false) {
      return { state: 'disconnected', text: `The connection to ${this.#options.config.url} is being lost.` };
    }
    const [refusal] = this.#announcer.refusals;
    if (this.#status.state !== 'connected' || refusal === undefined) return this.#status;
    return { state: 'connected', text: `${this.#status.text} But ${refusal[0]} was refused: ${refusal[1]}` };
  }

  onConnected(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #run(address: BrokerAddress, signal: AbortSignal): Promise<void> {
    const { reconnectMaxMs } = this.#options.config;
    const backoff = new Backoff({ initialMs: FIRST_RETRY_MS, maxMs: reconnectMaxMs });
    const slow = new Backoff({ initialMs: reconnectMaxMs, maxMs: reconnectMaxMs });
    while (!signal.aborted) {
      const since = this.#clock.monotonicMs();
      const failure = await this.#connectAndStay(address, signal);
      if (this.#stopping) return;
      if (failure.lasted && this.#clock.monotonicMs() - since >= STABLE_AFTER_MS) backoff.reset();
      const waitMs = SLOW.has(failure.error.code) ? slow.next() : backoff.next();
      this.#failed(failure.error, waitMs);
      await sleep(waitMs, signal);
    }
  }

  /** Resolves with the reason once the attempt has failed or the connection has ended. */
  async #connectAndStay(
    address: BrokerAddress,
    signal: AbortSignal,
  ): Promise<{ readonly error: JidokaError; readonly lasted: boolean }> {
    if (this.#status.state === 'stopped') {
      this.#status = { state: 'connecting', text: `Connecting to ${address.where}.` };
    }
    let connection: Connection;
    try {
      connection = await this.#connect(address, signal);
    } catch (error) {
      return { error: error as JidokaError, lasted: false };
    }
    if (this.#stopping) await connection.close(0);
    else this.#up(connection, address);
    const error = await connection.ended;
    this.#connection = undefined;
    this.#announcer.detach();
    this.#options.commands?.detach();
    return { error, lasted: true };
  }

  /**
   * With `auto`, a broker that refuses MQTT 5 is asked again with 3.1.1 at once. Some hang up on the version they do
   * not know instead of saying so. Each connection begins with MQTT 5 anew, for the day the broker is renewed.
   */
  async #connect(address: BrokerAddress, signal: AbortSignal): Promise<Connection> {
    const { commands } = this.#options;
    const { protocol } = this.#options.config;
    const open = (version: ProtocolVersion): Promise<Connection> =>
      Connection.open(
        {
          address,
          protocol: version,
          will: this.#offline('lost'),
          window: this.#options.config.window,
          ackTimeoutMs: this.#options.ackTimeoutMs ?? 30_000,
          ...(commands !== undefined && { onMessage: (message) => commands.handle(message) }),
        },
        signal,
      );
    if (protocol !== 'auto') return open(protocol);
    try {
      return await open('5');
    } catch (error) {
      if (signal.aborted || !MAYBE_VERSION.has((error as JidokaError).code)) throw error;
      return open('3.1.1');
    }
  }

  #up(connection: Connection, { where, clientId }: BrokerAddress): void {
    this.#connection = connection;
    this.#lastFailure = undefined;
    const text = `Connected to ${where} with MQTT ${connection.protocol} as ${clientId}.`;
    this.#status = { state: 'connected', text };
    this.#options.logger.info({ broker: where, protocol: connection.protocol, clientId }, text);
    this.#connectedAt = isoUtc(this.#clock.nowMs());
    this.#announcer.attach(connection);
    void this.#options.commands?.attach(connection);
    for (const listener of this.#listeners) listener();
  }

  #failed(error: JidokaError, waitMs: number): void {
    const text = `${error.message} Trying again in about ${Math.ceil(waitMs / 1000)} s.`;
    this.#status = { state: 'disconnected', text };
    const fields = { code: error.code, err: error };
    if (this.#lastFailure === error.code) this.#options.logger.debug(fields, text);
    else this.#options.logger.warn(fields, text);
    this.#lastFailure = error.code;
  }

  #offline(how: 'stopped' | 'lost'): OutgoingMessage {
    const { identity, baseTopic } = this.#options;
    const message: StatusMessage = {
      schema: STATUS_SCHEMA,
      gateway: identity.gateway,
      state: 'offline',
      at: isoUtc(this.#clock.nowMs()),
      version: identity.version,
      startedAt: identity.startedAt,
      stations: identity.stations,
      health: how === 'stopped' ? 'ok' : 'degraded',
      troubles: how === 'stopped' ? [] : [{ where: 'mqtt', text: LOST_TEXT }],
      outboxRows: this.#newest?.outboxRows ?? 0,
    };
    const payload = Buffer.from(JSON.stringify(message));
    return { topic: statusTopic(baseTopic), payload, retain: true, properties: jsonProperties(STATUS_SCHEMA) };
  }
}

const LOST_TEXT =
  'The gateway left without saying goodbye: power cut, crash or network failure. It keeps inspecting if it still runs.';
