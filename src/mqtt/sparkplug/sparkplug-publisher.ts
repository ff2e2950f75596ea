import { v4 as uuidv4 } from 'uuid';
import { type Clock, systemClock } from '../../base/clock.js';
import { JidokaError, messageOf } from '../../base/errors.js';
import type { CommandName } from '../../domain/command.js';
import { INSPECTION_SCHEMA, type InspectionMessage } from '../../domain/message.js';
import type { OutboxRecord } from '../../domain/outbox.js';
import type { StationState, StatusMessage } from '../../domain/state.js';
import type { Lane, Publisher, PublisherStatus } from '../../ports/publisher.js';
import type { Connection } from '../connection.js';
import { mqttErrors } from '../errors.js';
import { Link } from '../link.js';
import type { IncomingMessage, OutgoingMessage } from '../message.js';
import { CommandInbox } from './command-inbox.js';
import type { DeviceMetrics } from './device-metrics.js';
import { EdgeMessages } from './edge-messages.js';
import type { SparkplugPublisherOptions } from './options.js';
import { Pacer } from './pacer.js';
import { Proof } from './proof.js';
import { initialSession, type SessionAction, type SessionEvent, type SessionState, step } from './session.js';
import { hostStatement, hostTopic, SparkplugTopics } from './topics.js';

/** Rows that may be sent and not yet proven; what the caller keeps of them is bounded by it. */
const WINDOW = 20_000;
/** Rows of devices that are away; further ones are refused, and their stations wait. */
const MAX_HELD = 500;
/** Births that are asked for faster are put together: a host in a loop must not keep the node from its data. */
const REBIRTH_INTERVAL_MS = 500;

/** A Sparkplug B 3.0 edge node with one device a station. */
export class SparkplugPublisher implements Publisher {
  readonly lanes = 'two';
  readonly window = WINDOW;
  readonly #options: SparkplugPublisherOptions;
  readonly #clock: Clock;
  readonly #topics: SparkplugTopics;
  readonly #rules: { readonly primaryHost: boolean; readonly severalServers: boolean };
  readonly #link: Link;
  readonly #messages: EdgeMessages;
  readonly #inbox: CommandInbox;
  readonly #changes: Pacer;
  readonly #rebirths = new Pacer(REBIRTH_INTERVAL_MS, () => this.#rebirth());
  readonly #listeners = new Set<() => void>();
  #session: SessionState;
  #connection: Connection | undefined;
  #proof = new Proof(0);
  /** Rows that wait until births are out: those that were asked for, or that of a device that is away. */
  #held: Array<() => void> = [];
  #underWay = 0;
  #hostTimer: NodeJS.Timeout | undefined;

  constructor(options: SparkplugPublisherOptions) {
    const { config, sparkplug, identity, devices, logger } = options;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#topics = new SparkplugTopics(sparkplug.groupId, sparkplug.edgeNodeId ?? identity.gateway);
    this.#rules = {
      primaryHost: sparkplug.primaryHostId !== undefined,
      severalServers: config.fallbackUrls.length > 0,
    };
    const allowed: ReadonlySet<CommandName> = new Set(options.commands === undefined ? [] : config.commands);
    this.#messages = new EdgeMessages(this.#topics, identity, devices, allowed, this.#clock);
    this.#session = initialSession(devices.map(({ name }) => name));
    this.#changes = new Pacer(options.announceIntervalMs ?? 250, () => this.#tellChanges());
    this.#inbox = new CommandInbox({
      destination: options.destination,
      allowed,
      ...(options.commands !== undefined && { commands: options.commands }),
      device: (name) => this.#messages.devices.get(name),
      onRebirth: () => this.#rebirths.request(),
      onWritten: () => this.#changes.request(),
      onMalformed: (count) => {
        this.#messages.node.malformed(count);
        this.#changes.request();
      },
      newId: uuidv4,
      clock: this.#clock,
      logger,
    });
    this.#link = new Link({
      ...options,
      clientId: config.clientId ?? options.clientId ?? `jidoka-${identity.gateway}`,
      will: () => this.#will(),
      wire: {
        connecting: () => this.#connectSent(),
        sent: (packet) => {
          if (packet === 'pingreq') this.#proof.pinged(this.#clock.monotonicMs());
        },
        received: (packet) => this.#heard(packet),
      },
      onMessage: (message) => this.#received(message),
      onUp: (connection) => this.#up(connection),
      onDown: (reason) => this.#down(reason),
      farewell: (connection) => this.#farewell(connection),
    });
  }

  async start(): Promise<void> {
    const last = await this.#options.lastBdSeq?.load();
    this.#session = initialSession([...this.#session.devices.keys()], last);
    await this.#link.start();
  }

  async stop(timeoutMs: number): Promise<void> {
    await this.#link.stop(timeoutMs);
    this.#changes.cancel();
    this.#rebirths.cancel();
  }

  async deliver(record: OutboxRecord, lane: Lane): Promise<void> {
    const where = this.#options.config.url;
    if (this.#underWay >= WINDOW) throw mqttErrors.MQTT_WINDOW_FULL({ where, expected: `at most ${WINDOW}` });
    const message = inspectionOf(record);
    this.#underWay += 1;
    try {
      await this.#turn(message.station);
      await this.#deliver(message, lane);
    } finally {
      this.#underWay -= 1;
    }
  }

  /** The message itself follows in its own time, which with two lanes is at once. */
  hurry(): Promise<void> {
    return Promise.resolve();
  }

  rebirth(): void {
    this.#rebirths.request();
  }

  announceStatus(status: StatusMessage): void {
    this.#messages.node.status(status);
    const places = new Set(status.troubles.map(({ where }) => where));
    for (const { name, camera, plcs } of this.#options.devices) {
      const present = ![camera, ...plcs].some((place) => places.has(place));
      this.#messages.devices.get(name)?.troubles(status.troubles);
      this.#dispatch({ kind: 'device', device: name, present });
    }
    this.#release();
    this.#changes.request();
    void this.#askForShed();
  }

  announceState(state: StationState): void {
    this.#messages.devices.get(state.station)?.state(state);
    this.#changes.request();
  }

  status(): PublisherStatus {
    const status = this.#link.status();
    if (status.state !== 'connected' || this.#session.phase === 'born') return status;
    const { primaryHostId } = this.#options.sparkplug;
    const waiting =
      this.#session.phase === 'waiting'
        ? `The primary host ${primaryHostId} is not online; everything is kept for it.`
        : 'The births are not out yet.';
    return { ...status, state: 'connecting', text: `${status.text} ${waiting}` };
  }

  /** Calls the listener when all births are out. */
  onConnected(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Waits while births are due, and for a device that is away: a short absence then costs no repetition. */
  async #turn(station: string): Promise<void> {
    while (this.#rebirths.pending || this.#isAway(station)) {
      if (!this.#rebirths.pending && this.#held.length >= MAX_HELD) {
        throw mqttErrors.SPARKPLUG_DEVICE_AWAY({ where: station });
      }
      await new Promise<void>((resolve) => this.#held.push(resolve));
    }
  }

  #isAway(station: string): boolean {
    return this.#session.phase === 'born' && this.#session.devices.get(station)?.born === false;
  }

  async #deliver(message: InspectionMessage, lane: Lane): Promise<void> {
    const connection = this.#connection;
    const { station } = message;
    if (this.#session.phase !== 'born' || connection === undefined) {
      throw mqttErrors.MQTT_NOT_CONNECTED({ where: this.#options.config.url });
    }
    const device = this.#messages.devices.get(station) ?? this.#removedStation(station);
    // Looked at before anything is told or numbered: a number that is not sent is a gap for the hosts.
    if (Number.isFinite(connection.maximumPacketBytes)) {
      const tooLarge = connection.tooLarge(this.#messages.inspection(device, message, 'history', 0));
      if (tooLarge !== undefined) throw tooLarge;
    }
    if (device.redefine(message.readings)) this.#dispatch({ kind: 'redefined', device: station });
    // What is older than the inspection that hosts hold for the present one must not take its place.
    const past = lane === 'history' || message.seq <= device.newestTold;
    const outgoing = this.#messages.inspection(device, message, past ? 'history' : 'live', this.#session.seq);
    [this.#session] = step(this.#session, { kind: 'data', device: station }, this.#rules);
    const proof = this.#proof;
    await this.#send(connection, outgoing);
    await proof.received(this.#clock.monotonicMs());
  }

  /** A station that is no longer in the config, of which the outbox still holds inspections. */
  #removedStation(name: string): DeviceMetrics {
    const nothing = { sensors: [], goodThreshold: null, thresholds: {}, camera: '', plcs: [] };
    const device = this.#messages.add({ name, ...nothing });
    this.#dispatch({ kind: 'device', device: name, present: true });
    return device;
  }

  #connectSent(): void {
    this.#dispatch({ kind: 'connect-sent' });
    const { lastBdSeq, logger } = this.#options;
    // Where the disk refuses, a restart takes a number again: hosts then hold the node for the one before, no more.
    lastBdSeq?.save(this.#session.bdSeq).catch((err: unknown) => logger.debug({ err }, 'The bdSeq was not kept.'));
  }

  #will(): OutgoingMessage {
    this.#dispatch({ kind: 'connecting' });
    return this.#messages.death(this.#session.bdSeq);
  }

  #up(connection: Connection): void {
    this.#connection = connection;
    this.#proof = new Proof(connection.keepAliveMs);
    this.#dispatch({ kind: 'connected' });
  }

  #down(reason: JidokaError): void {
    this.#connection = undefined;
    clearTimeout(this.#hostTimer);
    this.#dispatch({ kind: 'lost' });
    this.#proof.end(reason);
    this.#rebirths.cancel();
    this.#release();
  }

  async #farewell(connection: Connection): Promise<{ readonly sendWill: boolean }> {
    this.#dispatch({ kind: 'leave' });
    await connection.idle();
    return { sendWill: true };
  }

  #heard(packet: string): void {
    const nowMs = this.#clock.monotonicMs();
    if (packet === 'pingresp') this.#proof.answered(nowMs);
    else this.#proof.heard(nowMs);
  }

  #received(message: IncomingMessage): void {
    const { topic } = message;
    const { primaryHostId } = this.#options.sparkplug;
    if (primaryHostId !== undefined && topic === hostTopic(primaryHostId)) {
      const statement = hostStatement(message.payload);
      if (statement === undefined) this.#inbox.malformed(topic, 'no statement of a host');
      else this.#dispatch({ kind: 'host', ...statement });
      return;
    }
    const device = this.#topics.commandedDevice(topic);
    if (device !== undefined || topic === this.#topics.node('NCMD')) this.#inbox.receive(message, device);
  }

  #rebirth(): void {
    this.#dispatch({ kind: 'rebirth' });
    this.#release();
  }

  #release(): void {
    for (const resume of this.#held.splice(0)) resume();
  }

  #dispatch(event: SessionEvent): void {
    const before = this.#session;
    const [next, actions] = step(before, event, this.#rules);
    this.#session = next;
    if (next.phase === 'waiting' && before.phase !== 'waiting') this.#awaitHost();
    for (const action of actions) this.#act(action, before);
  }

  #act(action: SessionAction, before: SessionState): void {
    switch (action.kind) {
      case 'subscribe':
        void this.#subscribe();
        return;
      case 'move-on':
        void this.#link.moveOn();
        return;
      case 'born':
        for (const listener of this.#listeners) listener();
        return;
      case 'publish': {
        const message = this.#messages.of(action, this.#session.bdSeq, before);
        if (this.#connection !== undefined) this.#send(this.#connection, message).catch(() => undefined);
      }
    }
  }

  /** What cannot be sent while the connection stands leaves a gap: the session is begun anew. */
  async #send(connection: Connection, message: OutgoingMessage): Promise<void> {
    try {
      await connection.publish(message);
    } catch (error) {
      if (connection.usable && connection === this.#connection && this.#session.phase === 'born') {
        this.#options.logger.error({ topic: message.topic, err: error }, messageOf(error));
        void this.#link.moveOn();
      }
      throw error;
    }
  }

  async #subscribe(): Promise<void> {
    const connection = this.#connection;
    const { primaryHostId } = this.#options.sparkplug;
    const topics = [
      this.#topics.node('NCMD'),
      ...this.#options.devices.map(({ name }) => this.#topics.device('DCMD', name)),
      ...(primaryHostId === undefined ? [] : [hostTopic(primaryHostId)]),
    ];
    try {
      await connection?.subscribe(topics.map((topic) => ({ topic, qos: 1 })));
    } catch (error) {
      if (!(error instanceof JidokaError)) throw error;
      if (connection !== this.#connection || connection?.usable !== true) return;
      this.#options.logger.error({ code: error.code }, error.message);
      void this.#link.moveOn();
      return;
    }
    if (connection === this.#connection) this.#dispatch({ kind: 'subscribed' });
  }

  #awaitHost(): void {
    clearTimeout(this.#hostTimer);
    if (!this.#rules.severalServers) return;
    const waitMs = this.#options.hostTimeoutMs ?? 30_000;
    this.#hostTimer = setTimeout(() => this.#dispatch({ kind: 'host-silent' }), waitMs);
  }

  #tellChanges(): void {
    if (this.#rebirths.pending) return;
    if (this.#messages.node.hasChanges()) this.#dispatch({ kind: 'data' });
    for (const [device, metrics] of this.#messages.devices) {
      if (metrics.hasChanges()) this.#dispatch({ kind: 'data', device });
    }
  }

  async #askForShed(): Promise<void> {
    try {
      const counts = await this.#options.shed?.();
      if (counts === undefined) return;
      this.#messages.node.shed(counts.filter(({ destination }) => destination === this.#options.destination));
      this.#changes.request();
    } catch (error) {
      this.#options.logger.debug({ err: error }, 'The counts of what was shed cannot be read now');
    }
  }
}

function inspectionOf({ payload, position }: OutboxRecord): InspectionMessage {
  const where = `row ${position}`;
  let content: Partial<InspectionMessage>;
  try {
    content = JSON.parse(Buffer.from(payload).toString('utf8'));
  } catch (error) {
    throw mqttErrors.SPARKPLUG_RECORD_UNREADABLE({ where, got: messageOf(error), cause: error });
  }
  if (content.schema !== INSPECTION_SCHEMA) {
    const details = { got: `schema ${content.schema}`, expected: INSPECTION_SCHEMA };
    throw mqttErrors.SPARKPLUG_RECORD_UNREADABLE({ where, ...details });
  }
  return content as InspectionMessage;
}
