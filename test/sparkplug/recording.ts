import type { Packet } from 'mqtt-packet';
import { decodePayloads } from '../simulators/sparkplug-protoc.js';
import type { Side, Tape, TapeEntry } from '../simulators/sparkplug-recorder.js';
import { type Payload, toPayload } from './payload.js';

export interface Message {
  topic: string;
  qos: number;
  retain: boolean;
  /** Undefined for what is no Sparkplug payload. */
  payload: Payload | undefined;
  /** STATE messages are JSON. */
  text: string;
}

interface Where {
  at: number;
  server: number;
  connection: number;
}

export type WireEvent = Where &
  (
    | { kind: 'opened' | 'closed' }
    | {
        kind: 'connect';
        version: number;
        clean: boolean;
        clientId: string;
        sessionExpiry: number | undefined;
        will: Message | undefined;
      }
    | { kind: 'connack'; code: number }
    | { kind: 'subscribe'; topics: { topic: string; qos: number }[] }
    | { kind: 'suback'; granted: number[] }
    | { kind: 'publish'; from: Side; message: Message }
    | { kind: 'disconnect'; from: Side; reason: number | undefined }
  );

/** What the scenario did beside the wire: `camera lost`, `stop`, `kill`, `idle`, `busy`, `other host online`. */
export interface Mark {
  kind: 'mark';
  at: number;
  text: string;
  device?: string;
}

export type RecordedEvent = WireEvent | Mark;

/** One scenario as it passed between the edge node and its servers. */
export interface Recording {
  scenario: string;
  group: string;
  node: string;
  devices: string[];
  /** The primary host that the edge node waits for. */
  host?: string;
  startedAt: number;
  events: RecordedEvent[];
  /** What another client got from the broker, wills among it. */
  witnessed: Message[];
}

export type Identity = Pick<Recording, 'scenario' | 'group' | 'node' | 'devices' | 'host'>;

/** The tape with all payloads decoded by protoc. */
export function toRecording(identity: Identity, tape: Tape, witnessed: readonly RawMessage[]): Recording {
  const raw: RawMessage[] = [...tape.entries.flatMap(rawMessages), ...witnessed];
  const decoded = decodePayloads(raw.map(({ payload }) => payload));
  const messages = new Map(raw.map((message, index) => [message, decoded[index]]));
  const finish = (message: RawMessage): Message => {
    const printed = messages.get(message);
    const { topic, qos, retain, payload } = message;
    return { topic, qos, retain, payload: printed && toPayload(printed), text: payload.toString('utf8') };
  };
  return {
    ...identity,
    startedAt: tape.entries[0]?.at ?? 0,
    events: tape.entries.flatMap((entry) => toEvent(entry, finish)),
    witnessed: witnessed.map(finish),
  };
}

export interface RawMessage {
  readonly topic: string;
  readonly qos: number;
  readonly retain: boolean;
  readonly payload: Buffer;
}

const extracted = new WeakMap<Packet, RawMessage>();

/** The same object for the same packet, so that it is found again once decoded. */
function rawMessage(packet: Packet): RawMessage | undefined {
  const known = extracted.get(packet);
  if (known !== undefined) return known;
  const source = packet.cmd === 'connect' ? packet.will : packet.cmd === 'publish' ? packet : undefined;
  if (source === undefined) return undefined;
  const message: RawMessage = {
    topic: source.topic,
    qos: source.qos ?? 0,
    retain: source.retain ?? false,
    payload: Buffer.from(source.payload),
  };
  extracted.set(packet, message);
  return message;
}

function rawMessages(entry: TapeEntry): RawMessage[] {
  const message = entry.kind === 'packet' ? rawMessage(entry.packet) : undefined;
  // A STATE is JSON; protoc would only refuse it.
  return message === undefined || message.topic.startsWith('spBv1.0/STATE/') ? [] : [message];
}

function toEvent(entry: TapeEntry, finish: (message: RawMessage) => Message): RecordedEvent[] {
  if (entry.kind === 'bytes') return [];
  if (entry.kind !== 'packet') return [entry];
  const { packet, from, at, server, connection } = entry;
  const where = { at, server, connection };
  const raw = rawMessage(packet);
  const message = raw && finish(raw);
  switch (packet.cmd) {
    case 'connect': {
      const { protocolVersion: version = 4, clean = false, clientId, properties } = packet;
      const sessionExpiry = properties?.sessionExpiryInterval;
      return [{ ...where, kind: 'connect', version, clean, clientId, sessionExpiry, will: message }];
    }
    case 'connack':
      return [{ ...where, kind: 'connack', code: packet.reasonCode ?? packet.returnCode ?? 0 }];
    case 'subscribe':
      return [{ ...where, kind: 'subscribe', topics: packet.subscriptions.map(({ topic, qos }) => ({ topic, qos })) }];
    case 'suback':
      return [{ ...where, kind: 'suback', granted: packet.granted.map(Number) }];
    case 'publish':
      return message === undefined ? [] : [{ ...where, kind: 'publish', from, message }];
    case 'disconnect':
      return [{ ...where, kind: 'disconnect', from, reason: packet.reasonCode }];
    default:
      return [];
  }
}
