import { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { connect, type IPublishPacket, type MqttClient, type Packet } from 'mqtt';
import { type JidokaError, messageOf } from '../base/errors.js';
import { type ConnectRequest, clientOptions, publishProperties } from './client-options.js';
import { mqttErrors } from './errors.js';
import { type IncomingMessage, type OutgoingMessage, publishPacketBytes } from './message.js';
import { connectError } from './network-errors.js';
import type { ProtocolVersion } from './options.js';
import { connackError, disconnectError, pubackError } from './reasons.js';

export interface ConnectionOptions extends ConnectRequest {
  /** Most messages under way; the broker's receive maximum may lower it. */
  readonly window: number;
  readonly ackTimeoutMs: number;
  /** Called for each message on a subscription, from the first one on. What it throws ends the process. */
  readonly onMessage?: (message: IncomingMessage) => void;
  readonly wire?: WireWatch;
}

/** What passes on the wire, for those who must know how far the other side has heard. */
export interface WireWatch {
  /** The network connection stands: a CONNECT is on its way. */
  readonly connecting: () => void;
  readonly sent: (packet: Packet['cmd']) => void;
  readonly received: (packet: Packet['cmd']) => void;
}

interface Pending {
  readonly message: OutgoingMessage;
  readonly resolve: () => void;
  readonly reject: (error: JidokaError) => void;
  sentAtMs: number;
}

/**
 * One connection to the broker from CONNECT to close; it is never reused. Messages go out in the order of `publish`,
 * at most `window` of them unacknowledged. When it ends, everything that was not acknowledged is rejected.
 */
export class Connection {
  /** Resolves with the reason once the connection has ended for whatever cause; never rejects. */
  readonly ended: Promise<JidokaError>;
  readonly protocol: ProtocolVersion;
  /** The URL of the broker. */
  readonly where: string;
  readonly #client: MqttClient;
  readonly #options: ConnectionOptions;
  readonly #limit: number;
  /** Infinite where the broker names no limit. */
  readonly maximumPacketBytes: number;
  readonly #waiting: Pending[] = [];
  readonly #underWay = new Set<Pending>();
  readonly #idle: Array<() => void> = [];
  #resolveEnded: (reason: JidokaError) => void = () => undefined;
  #ackTimer: NodeJS.Timeout | undefined;
  #sendQueued = false;
  /** Why the connection is about to end: from then on nothing is sent. */
  #farewell: JidokaError | undefined;
  #open = true;

  private constructor(client: MqttClient, options: ConnectionOptions) {
    this.#client = client;
    this.#options = options;
    this.protocol = options.protocol;
    this.where = options.address.where;
    const { receiveMaximum, maximumPacketSize } = client.serverProperties ?? {};
    this.#limit = Math.min(options.window, receiveMaximum ?? 65_535);
    this.maximumPacketBytes = maximumPacketSize ?? Number.POSITIVE_INFINITY;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
    // A window of small messages would otherwise wait for the broker's delayed TCP acknowledgements.
    if (client.stream instanceof Socket) client.stream.setNoDelay(true);
    const { where } = options.address;
    client.on('disconnect', (packet) => {
      // Without a reason code it is 0x00: the broker closes the connection, and no more is known.
      this.#cut(disconnectError(packet.reasonCode ?? 0, where, packet.properties));
    });
    client.on('error', (error) => {
      this.#cut(mqttErrors.MQTT_CONNECTION_LOST({ where, got: error.message, cause: error }));
    });
    client.on('message', (topic, payload, packet) => this.#received(topic, payload, packet));
    client.on('close', () => this.#end());
  }

  /**
   * Connects and waits for the CONNACK. Rejects with a JidokaError that says why there is no connection; an abort
   * gives up the attempt. Nothing is left open after a rejection.
   */
  static open(options: ConnectionOptions, signal: AbortSignal): Promise<Connection> {
    const { where } = options.address;
    return new Promise((resolve, reject) => {
      const client = connect(clientOptions(options));
      if (options.wire !== undefined) watch(client, options.wire);
      let settled = false;
      const fail = (error: JidokaError): void => {
        if (settled) return;
        settled = true;
        finish();
        client.end(true);
        client.stream.destroy();
        reject(error);
      };
      const onError = (error: Error & { code?: unknown }): void => {
        fail(typeof error.code === 'number' ? connackError(error.code, where) : connectError(error, where));
      };
      const onClose = (): void => fail(mqttErrors.MQTT_HUNG_UP({ where }));
      const onAbort = (): void => fail(mqttErrors.MQTT_NOT_CONNECTED({ where, got: 'stopped while connecting' }));
      const onConnect = (): void => {
        if (settled) return;
        settled = true;
        finish();
        resolve(new Connection(client, options));
      };
      const finish = (): void => {
        client.off('error', onError).off('close', onClose).off('connect', onConnect);
        signal.removeEventListener('abort', onAbort);
      };
      client.on('error', onError).on('close', onClose).on('connect', onConnect);
      // The library passes a stream's error on only when it has a code; a WebSocket's refusal has none.
      client.stream.on('error', onError);
      signal.addEventListener('abort', onAbort, { once: true });
      if (signal.aborted) onAbort();
    });
  }

  /** False from the moment the connection is known to be lost; `ended` follows. */
  get usable(): boolean {
    return this.#open && this.#farewell === undefined;
  }

  /** Between two signs of life, ms: the broker may ask for another than the config's. */
  get keepAliveMs(): number {
    return this.#client.keepalive * 1000;
  }

  /** Why the broker would not take a message of this size; undefined where it would. */
  tooLarge(message: OutgoingMessage): JidokaError | undefined {
    // Most brokers set no limit, and counting takes a part of the time that sending does.
    if (!Number.isFinite(this.maximumPacketBytes)) return undefined;
    const bytes = publishPacketBytes(message, this.protocol);
    if (bytes <= this.maximumPacketBytes) return undefined;
    const details = { got: `${bytes} bytes`, expected: `at most ${this.maximumPacketBytes} bytes` };
    return mqttErrors.MQTT_MESSAGE_TOO_LARGE({
      where: `${this.#options.address.where}, topic ${message.topic}`,
      ...details,
    });
  }

  /** Resolves on a good PUBACK, rejects when the broker refuses the message or the connection ends first. */
  publish(message: OutgoingMessage): Promise<void> {
    const { where } = this.#options.address;
    return new Promise((resolve, reject) => {
      if (!this.usable) return reject(mqttErrors.MQTT_NOT_CONNECTED({ where }));
      const tooLarge = this.tooLarge(message);
      if (tooLarge !== undefined) return reject(tooLarge);
      this.#waiting.push({ message, resolve, reject, sentAtMs: 0 });
      this.#sendMore();
    });
  }

  /**
   * Resolves when the broker has granted every subscription.
   * @throws MQTT_SUBSCRIPTION_REFUSED where it grants less, MQTT_CONNECTION_LOST
   */
  async subscribe(subscriptions: readonly { readonly topic: string; readonly qos: 0 | 1 }[]): Promise<void> {
    const { where } = this.#options.address;
    if (!this.usable) throw mqttErrors.MQTT_NOT_CONNECTED({ where });
    const wanted = Object.fromEntries(subscriptions.map(({ topic, qos }) => [topic, { qos }]));
    try {
      const granted = await this.#client.subscribeAsync(wanted);
      const refused = granted.find(({ qos }) => qos >= 0x80);
      if (refused !== undefined) throw new Error(refused.topic);
    } catch (error) {
      if (!this.usable) throw mqttErrors.MQTT_CONNECTION_LOST({ where, cause: error });
      const topics = subscriptions.map(({ topic }) => topic).join(', ');
      throw mqttErrors.MQTT_SUBSCRIPTION_REFUSED({ where: `${where}, ${topics}`, got: messageOf(error), cause: error });
    }
  }

  /** Resolves when nothing is under way, or when the connection has ended. */
  async idle(): Promise<void> {
    if (this.#open && this.#underWay.size + this.#waiting.length > 0) {
      await new Promise<void>((resolve) => this.#idle.push(resolve));
    }
  }

  /**
   * Says goodbye with a DISCONNECT, so that the broker throws the will away; after `graceMs`, or when messages are
   * still under way, the connection is cut and the broker sends the will. With `sendWill` an MQTT 5 broker is asked to
   * send it all the same (reason 0x04).
   */
  async close(graceMs: number, { sendWill = false } = {}): Promise<void> {
    const { where } = this.#options.address;
    const cut = (): void => this.#cut(mqttErrors.MQTT_NOT_CONNECTED({ where, got: 'stopped' }));
    const timer = setTimeout(cut, graceMs);
    if (this.#underWay.size + this.#waiting.length > 0) cut();
    else if (sendWill && this.protocol === '5') this.#client.end(false, { reasonCode: 0x04 });
    else this.#client.end(false);
    await this.ended;
    clearTimeout(timer);
  }

  #sendMore(): void {
    if (this.#farewell !== undefined) return;
    while (this.#underWay.size < this.#limit) {
      const pending = this.#waiting.shift();
      if (pending === undefined) break;
      this.#send(pending);
    }
    if (this.#underWay.size === 0) for (const resolve of this.#idle.splice(0)) resolve();
  }

  #send(pending: Pending): void {
    const { topic, payload, retain, qos = 1, properties } = pending.message;
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
    pending.sentAtMs = performance.now();
    this.#underWay.add(pending);
    this.#watchAcknowledgements();
    this.#client.publish(
      topic,
      bytes,
      { qos, retain, ...(this.protocol === '5' && properties && { properties: publishProperties(properties) }) },
      (error, packet) => this.#acknowledged(pending, error, packet),
    );
  }

  #received(topic: string, payload: Buffer, { retain, qos, properties }: IPublishPacket): void {
    const { responseTopic, correlationData, userProperties } = properties ?? {};
    this.#options.onMessage?.({
      topic,
      payload,
      retain,
      qos,
      ...(responseTopic !== undefined && { responseTopic }),
      ...(correlationData !== undefined && { correlationData }),
      ...(userProperties !== undefined && { userProperties }),
    });
  }

  #acknowledged(pending: Pending, error: Error | null | undefined, packet: Packet | undefined): void {
    if (!this.#underWay.delete(pending)) return;
    const { where } = this.#options.address;
    if (!error) pending.resolve();
    else if ('code' in error && typeof error.code === 'number') {
      pending.reject(pubackError(error.code, `${where}, topic ${pending.message.topic}`, reasonString(packet)));
    } else {
      const lost = mqttErrors.MQTT_CONNECTION_LOST({ where, got: error.message, cause: error });
      pending.reject(lost);
      this.#cut(lost);
    }
    this.#sendMoreSoon();
  }

  /** Acknowledgements come several in one packet: what follows them goes out in one write. */
  #sendMoreSoon(): void {
    if (this.#sendQueued) return;
    this.#sendQueued = true;
    queueMicrotask(() => {
      this.#sendQueued = false;
      this.#sendMore();
    });
  }

  /** MQTT forbids sending again on the same connection, so a missing acknowledgement ends the connection. */
  #watchAcknowledgements(): void {
    if (this.#ackTimer !== undefined) return;
    const { ackTimeoutMs, address } = this.#options;
    const check = (): void => {
      this.#ackTimer = undefined;
      const [oldest] = this.#underWay;
      if (oldest === undefined) return;
      const leftMs = oldest.sentAtMs + ackTimeoutMs - performance.now();
      if (leftMs > 0) {
        this.#ackTimer = setTimeout(check, leftMs);
        return;
      }
      this.#cut(mqttErrors.MQTT_ACK_TIMEOUT({ where: address.where, expected: `within ${ackTimeoutMs} ms` }));
    };
    this.#ackTimer = setTimeout(check, ackTimeoutMs);
  }

  /** The stream's close event, which follows, settles what is under way. */
  #cut(reason: JidokaError): void {
    this.#farewell ??= reason;
    this.#client.stream.destroy();
  }

  #end(): void {
    if (!this.#open) return;
    this.#open = false;
    clearTimeout(this.#ackTimer);
    const { where } = this.#options.address;
    const reason = this.#farewell ?? mqttErrors.MQTT_CONNECTION_LOST({ where, hint: CLOSED_HINT });
    const unsettled = [...this.#underWay, ...this.#waiting.splice(0)];
    this.#underWay.clear();
    this.#client.end(true);
    this.#resolveEnded(reason);
    for (const pending of unsettled) pending.reject(reason);
    for (const resolve of this.#idle.splice(0)) resolve();
  }
}

const CLOSED_HINT =
  'The agent connects again by itself. If the broker closes the connection again and again, another client may use the same client id.';

function watch(client: MqttClient, wire: WireWatch): void {
  // The library writes its CONNECT before the socket stands; what never stood has sent nothing.
  if (client.stream instanceof TLSSocket) client.stream.once('secureConnect', wire.connecting);
  else if (client.stream instanceof Socket) client.stream.once('connect', wire.connecting);
  else wire.connecting();
  client.on('packetsend', ({ cmd }) => wire.sent(cmd));
  client.on('packetreceive', ({ cmd }) => wire.received(cmd));
}
function reasonString(packet: Packet | undefined): string | undefined {
  return packet?.cmd === 'puback' ? packet.properties?.reasonString : undefined;
}
