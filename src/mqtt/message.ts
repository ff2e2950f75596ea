import type { ProtocolVersion } from './options.js';

export const CONTENT_TYPE = 'application/json';

export interface OutgoingMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retain: boolean;
  /** Name and version of the payload's form; an MQTT 5 user property. */
  readonly schema: string;
}

/** Bytes of the message as a PUBLISH packet with QoS 1 (MQTT 5, section 3.3), to hold against the broker's limit. */
export function publishPacketBytes(message: OutgoingMessage, protocol: ProtocolVersion): number {
  const topic = 2 + Buffer.byteLength(message.topic);
  const packetIdentifier = 2;
  const properties = protocol === '5' ? propertiesBytes(message.schema) : 0;
  const remaining = topic + packetIdentifier + properties + message.payload.byteLength;
  return 1 + variableByteIntegerBytes(remaining) + remaining;
}

function propertiesBytes(schema: string): number {
  const payloadFormatIndicator = 2;
  const contentType = 1 + 2 + Buffer.byteLength(CONTENT_TYPE);
  const userProperty = 1 + 2 + Buffer.byteLength('schema') + 2 + Buffer.byteLength(schema);
  const length = payloadFormatIndicator + contentType + userProperty;
  return variableByteIntegerBytes(length) + length;
}

function variableByteIntegerBytes(value: number): number {
  return value < 128 ? 1 : value < 16_384 ? 2 : value < 2_097_152 ? 3 : 4;
}
