import type { ProtocolVersion } from './options.js';

export const CONTENT_TYPE = 'application/json';

export interface OutgoingMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retain: boolean;
  /** 1 where left out. With 0 nobody acknowledges: it counts as sent once the socket has it. */
  readonly qos?: 0 | 1;
  /** What MQTT 5 says about the payload; 3.1.1 has no place for it. */
  readonly properties?: MessageProperties;
}

export interface MessageProperties {
  readonly contentType: string;
  readonly payloadIsUtf8: boolean;
  readonly userProperties?: Readonly<Record<string, string>>;
  readonly expirySeconds?: number;
  /** Of a will alone: how long the broker waits before it sends it. */
  readonly willDelaySeconds?: number;
  /** Of an answer to a command: what the asker gave with it. */
  readonly correlationData?: Uint8Array;
}

export interface IncomingMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** The broker kept it from before the subscription. */
  readonly retain: boolean;
  readonly qos: 0 | 1 | 2;
  readonly responseTopic?: string;
  readonly correlationData?: Uint8Array;
  readonly userProperties?: Readonly<Record<string, string | readonly string[]>>;
}

/** JSON, with the name and version of its form as a user property, and what else a broker may filter by. */
export function jsonProperties(schema: string, filters: Readonly<Record<string, string>> = {}): MessageProperties {
  return { contentType: CONTENT_TYPE, payloadIsUtf8: true, userProperties: { schema, ...filters } };
}

/** Bytes of the message as a PUBLISH packet (MQTT 5, section 3.3), to hold against the broker's limit. */
export function publishPacketBytes(message: OutgoingMessage, protocol: ProtocolVersion): number {
  const topic = 2 + Buffer.byteLength(message.topic);
  const packetIdentifier = message.qos === 0 ? 0 : 2;
  const properties = protocol === '5' ? propertiesBytes(message.properties) : 0;
  const remaining = topic + packetIdentifier + properties + message.payload.byteLength;
  return 1 + variableByteIntegerBytes(remaining) + remaining;
}

function propertiesBytes(properties: MessageProperties | undefined): number {
  if (properties === undefined) return 1;
  const { contentType, userProperties = {}, expirySeconds, correlationData } = properties;
  const string = (text: string): number => 2 + Buffer.byteLength(text);
  const payloadFormatIndicator = 2;
  const length =
    payloadFormatIndicator +
    (1 + string(contentType)) +
    Object.entries(userProperties).reduce((sum, [name, value]) => sum + 1 + string(name) + string(value), 0) +
    (expirySeconds === undefined ? 0 : 5) +
    (correlationData === undefined ? 0 : 3 + correlationData.byteLength);
  return variableByteIntegerBytes(length) + length;
}

function variableByteIntegerBytes(value: number): number {
  return value < 128 ? 1 : value < 16_384 ? 2 : value < 2_097_152 ? 3 : 4;
}
