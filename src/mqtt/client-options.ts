import type { IClientOptions, IPublishPacket } from 'mqtt';
import type { MessageProperties, OutgoingMessage } from './message.js';
import type { BrokerAddress, ProtocolVersion } from './options.js';

export interface ConnectRequest {
  readonly address: BrokerAddress;
  readonly protocol: ProtocolVersion;
  readonly will: OutgoingMessage;
}

/** What the client library is told for one CONNECT. */
export function clientOptions({ address, protocol, will }: ConnectRequest): IClientOptions {
  const five = protocol === '5';
  return {
    // A copy for each attempt: the library writes into the options it gets.
    ...address.options,
    protocolId: 'MQTT',
    protocolVersion: five ? 5 : 4,
    // A ping in every keep-alive whatever else arrives: its answer tells how far the broker has read.
    reschedulePings: false,
    ...(five && { properties: connectProperties(will) }),
    will: {
      topic: will.topic,
      payload: Buffer.from(will.payload),
      qos: will.qos ?? 1,
      retain: will.retain,
      ...(five && will.properties && { properties: willProperties(will.properties) }),
    },
  };
}

/** What a broker may send to the agent at a time: commands are small, and memory is not the sender's to fill. */
const RECEIVE_MAXIMUM = 32;
const MAXIMUM_PACKET_BYTES = 262_144;

function connectProperties(will: OutgoingMessage): NonNullable<IClientOptions['properties']> {
  return {
    // A will waits no longer than the session lives (MQTT 5, section 3.1.3.2.2); nothing else needs one that lives on.
    sessionExpiryInterval: will.properties?.willDelaySeconds ?? 0,
    receiveMaximum: RECEIVE_MAXIMUM,
    maximumPacketSize: MAXIMUM_PACKET_BYTES,
    requestProblemInformation: true,
  };
}

/** The properties of a PUBLISH with MQTT 5. */
export function publishProperties(properties: MessageProperties): NonNullable<IPublishPacket['properties']> {
  const { contentType, payloadIsUtf8, userProperties, expirySeconds, correlationData } = properties;
  return {
    payloadFormatIndicator: payloadIsUtf8,
    contentType,
    ...(userProperties !== undefined && { userProperties: { ...userProperties } }),
    ...(expirySeconds !== undefined && { messageExpiryInterval: expirySeconds }),
    ...(correlationData !== undefined && { correlationData: Buffer.from(correlationData) }),
  };
}

function willProperties(properties: MessageProperties): NonNullable<NonNullable<IClientOptions['will']>['properties']> {
  const { willDelaySeconds } = properties;
  const { payloadFormatIndicator, ...rest } = publishProperties(properties);
  return {
    ...rest,
    ...(payloadFormatIndicator !== undefined && { payloadFormatIndicator }),
    ...(willDelaySeconds !== undefined && { willDelayInterval: willDelaySeconds }),
  };
}
