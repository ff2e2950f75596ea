import { type Clock, isoUtc, systemClock } from '../base/clock.js';
import type { Logger } from '../base/logger.js';
import { DISCOVERY_SCHEMA, type GatewayDescription } from '../domain/discovery.js';
import { INSPECTION_SCHEMA } from '../domain/message.js';
import type { OutboxRecord } from '../domain/outbox.js';
import { STATE_SCHEMA, STATUS_SCHEMA, type StationState, type StatusMessage } from '../domain/state.js';
import type { Publisher, PublisherStatus } from '../ports/publisher.js';
import { Announcer } from './announcer.js';
import type { JsonCommands } from './commands.js';
import type { Connection } from './connection.js';
import { discoveryMessage } from './discovery.js';
import { mqttErrors } from './errors.js';
import { type Leaving, Link } from './link.js';
import { type IncomingMessage, jsonProperties, type MessageProperties, type OutgoingMessage } from './message.js';
import type { ConnectionConfig } from './options.js';
import { discoveryTopic, inspectionTopic, stateTopic, statusTopic, urgentTopic } from './topics.js';

/** Who this gateway is, for the offline status that the broker may have to send in its name. */
export type GatewayIdentity = Pick<StatusMessage, 'gateway' | 'version' | 'startedAt' | 'stations'>;

export interface MqttPublisherOptions {
  readonly config: ConnectionConfig;
  /** What every topic begins with. */
  readonly baseTopic: string;
  /** The secret that `config.password` refers to, resolved. */
  readonly password?: string;
  readonly identity: GatewayIdentity;
  /** The place and the stations as they are at the time of the call, for the discovery message. */
  readonly describe: () => GatewayDescription;
  /** Present where this destination may give commands. */
  readonly commands?: JsonCommands;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** A message without acknowledgement for this long ends the connection. */
  readonly ackTimeoutMs?: number;
  /** Least time between two messages on the same retained topic. */
  readonly announceIntervalMs?: number;
  /** How often the TLS files are looked at while connected. */
  readonly tlsPollMs?: number;
}

/** Publishes inspections, status and state as JSON to one MQTT broker, with MQTT 5 or 3.1.1. */
export class MqttPublisher implements Publisher {
  readonly lanes = 'one';
  readonly window: number;
  readonly #options: MqttPublisherOptions;
  readonly #clock: Clock;
  readonly #announcer: Announcer;
  readonly #link: Link;
  readonly #listeners = new Set<() => void>();
  /** Station → the model of its last state. */
  readonly #models = new Map<string, string>();
  #newest: StatusMessage | undefined;
  #connectedAt = '';
  #deliveries = 0;

  constructor(options: MqttPublisherOptions) {
    const { config, identity, commands } = options;
    this.#options = options;
    this.window = options.config.window;
    this.#clock = options.clock ?? systemClock;
    this.#announcer = new Announcer(options.logger, options.announceIntervalMs ?? 250);
    this.#link = new Link({
      ...options,
      clientId: config.clientId ?? `jidoka-${identity.gateway}`,
      will: () => this.#offline('lost'),
      onUp: (connection) => this.#up(connection),
      onDown: () => this.#down(),
      ...(commands !== undefined && { onMessage: (message: IncomingMessage) => commands.handle(message) }),
      farewell: (connection, why) => this.#farewell(connection, why),
    });
  }

  start(): Promise<void> {
    this.#announceDiscovery();
    return this.#link.start();
  }

  stop(timeoutMs: number): Promise<void> {
    return this.#link.stop(timeoutMs);
  }

  deliver(record: OutboxRecord): Promise<void> {
    const { config, baseTopic } = this.#options;
    if (this.#deliveries >= config.window) {
      const details = { where: config.url, expected: `at most ${config.window}` };
      return Promise.reject(mqttErrors.MQTT_WINDOW_FULL(details));
    }
    this.#deliveries += 1;
    return this.#send(inspectionTopic(baseTopic, record.station), record).finally(() => {
      this.#deliveries -= 1;
    });
  }

  hurry(record: OutboxRecord): Promise<void> {
    return this.#send(urgentTopic(this.#options.baseTopic, record.station), record);
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
    const model = `${state.model.name}/${state.model.version}`;
    const known = this.#models.get(state.station);
    this.#models.set(state.station, model);
    if (known !== undefined && known !== model) this.#announceDiscovery();
  }

  rebirth(): void {
    this.#announcer.repeat();
  }

  status(): PublisherStatus {
    const status = this.#link.status();
    if (status.state !== 'connected') return status;
    const refused = [...this.#announcer.refusals].slice(0, 1).map(([topic, why]) => `${topic} was refused: ${why}`);
    const unheard = this.#options.commands?.trouble();
    const troubles = [...refused, ...(unheard === undefined ? [] : [unheard])];
    if (troubles.length === 0) return status;
    const warning = [...(status.warning === undefined ? [] : [status.warning]), ...troubles].join(' ');
    return { state: 'connected', text: `${status.text} But ${troubles.join(' ')}`, warning };
  }

  onConnected(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** While the connection is changed over to renewed certificates messages wait for the new one, in their order. */
  async #send(topic: string, record: OutboxRecord): Promise<void> {
    const connection = this.#link.connection ?? (await this.#link.successor);
    if (connection === undefined) throw mqttErrors.MQTT_NOT_CONNECTED({ where: this.#options.config.url });
    const { payload } = record;
    await connection.publish({ topic, payload, retain: false, properties: this.#inspectionProperties(record) });
  }

  #inspectionProperties({ station, verdict, inspectionId, seq, decidedAtMs }: OutboxRecord): MessageProperties {
    const { expireAfterSeconds } = this.#options.config;
    const properties = jsonProperties(INSPECTION_SCHEMA, { station, verdict, id: inspectionId, seq: String(seq) });
    if (expireAfterSeconds === undefined) return properties;
    const leftSeconds = Math.ceil(expireAfterSeconds - (this.#clock.nowMs() - decidedAtMs) / 1000);
    // 0 would mean at once to some brokers and never to others. A clock that was set back must not prolong the life.
    return { ...properties, expirySeconds: Math.min(Math.max(leftSeconds, 1), expireAfterSeconds) };
  }

  #announceDiscovery(): void {
    const { config, baseTopic, identity, describe } = this.#options;
    const { gateway, version } = identity;
    this.#announcer.announce(discoveryTopic(baseTopic), DISCOVERY_SCHEMA, () =>
      discoveryMessage({ gateway, version, baseTopic, config, description: describe() }),
    );
  }

  #up(connection: Connection): void {
    this.#connectedAt = isoUtc(this.#clock.nowMs());
    this.#announcer.attach(connection);
    void this.#options.commands?.attach(connection);
    for (const listener of this.#listeners) listener();
  }

  #down(): void {
    this.#announcer.detach();
    this.#options.commands?.detach();
  }

  async #farewell(connection: Connection, why: Leaving): Promise<undefined> {
    if (why === 'stopped') {
      await this.#announcer.flush();
      // Behind what is under way, since messages keep their order: once it is acknowledged, so is everything else.
      connection.publish(this.#offline('stopped')).catch(() => undefined);
    }
    this.#announcer.detach();
    await connection.idle();
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
    const { willDelaySeconds } = this.#options.config;
    const properties = {
      ...jsonProperties(STATUS_SCHEMA),
      ...(how === 'lost' && willDelaySeconds > 0 && { willDelaySeconds }),
    };
    return { topic: statusTopic(baseTopic), payload, retain: true, properties };
  }
}

const LOST_TEXT =
  'The gateway left without saying goodbye: power cut, crash or network failure. It keeps inspecting if it still runs.';
