import type { JidokaError } from '../base/errors.js';
import { mqttErrors } from './errors.js';

type Maker = (details: { where: string; got: string }) => JidokaError;

/**
 * The names of the reason codes: MQTT 5, section 2.4, and the return codes of MQTT 3.1.1, section 3.2.2.3, which are
 * smaller than 0x80 and mean a refusal in a CONNACK alone.
 */
const NAMES: ReadonlyMap<number, string> = new Map([
  [0x01, 'unacceptable protocol version'],
  [0x02, 'identifier rejected'],
  [0x03, 'server unavailable'],
  [0x04, 'bad user name or password'],
  [0x05, 'not authorized'],
  [0x80, 'unspecified error'],
  [0x81, 'malformed packet'],
  [0x82, 'protocol error'],
  [0x83, 'implementation specific error'],
  [0x84, 'unsupported protocol version'],
  [0x85, 'client identifier not valid'],
  [0x86, 'bad user name or password'],
  [0x87, 'not authorized'],
  [0x88, 'server unavailable'],
  [0x89, 'server busy'],
  [0x8a, 'banned'],
  [0x8b, 'server shutting down'],
  [0x8c, 'bad authentication method'],
  [0x8d, 'keep-alive timeout'],
  [0x8e, 'session taken over'],
  [0x90, 'topic name invalid'],
  [0x93, 'receive maximum exceeded'],
  [0x95, 'packet too large'],
  [0x96, 'message rate too high'],
  [0x97, 'quota exceeded'],
  [0x98, 'administrative action'],
  [0x99, 'payload format invalid'],
  [0x9a, 'retain not supported'],
  [0x9b, 'QoS not supported'],
  [0x9c, 'use another server'],
  [0x9d, 'server moved'],
  [0x9f, 'connection rate exceeded'],
  [0xa0, 'maximum connect time'],
]);

const CONNACK: ReadonlyMap<number, Maker> = new Map([
  [0x01, mqttErrors.MQTT_PROTOCOL_REFUSED],
  [0x84, mqttErrors.MQTT_PROTOCOL_REFUSED],
  [0x02, mqttErrors.MQTT_CLIENT_ID_REFUSED],
  [0x85, mqttErrors.MQTT_CLIENT_ID_REFUSED],
  [0x04, mqttErrors.MQTT_LOGIN_REFUSED],
  [0x86, mqttErrors.MQTT_LOGIN_REFUSED],
  [0x8c, mqttErrors.MQTT_LOGIN_REFUSED],
  [0x05, mqttErrors.MQTT_NOT_AUTHORIZED],
  [0x87, mqttErrors.MQTT_NOT_AUTHORIZED],
  [0x8a, mqttErrors.MQTT_NOT_AUTHORIZED],
  [0x9c, mqttErrors.MQTT_USE_ANOTHER],
  [0x9d, mqttErrors.MQTT_USE_ANOTHER],
]);

const PUBACK: ReadonlyMap<number, Maker> = new Map([
  [0x87, mqttErrors.MQTT_TOPIC_REFUSED],
  [0x90, mqttErrors.MQTT_TOPIC_REFUSED],
  [0x95, mqttErrors.MQTT_MESSAGE_TOO_LARGE],
  [0x96, mqttErrors.MQTT_QUOTA],
  [0x97, mqttErrors.MQTT_QUOTA],
]);

const DISCONNECT: ReadonlyMap<number, Maker> = new Map([
  [0x8e, mqttErrors.MQTT_TAKEN_OVER],
  [0x9c, mqttErrors.MQTT_USE_ANOTHER],
  [0x9d, mqttErrors.MQTT_USE_ANOTHER],
]);

/** The broker answered a CONNECT with a refusal. */
export function connackError(code: number, where: string, reason?: string): JidokaError {
  return (CONNACK.get(code) ?? mqttErrors.MQTT_BROKER_REFUSED)({ where, got: describe(code, reason) });
}

/** The broker acknowledged a message with a refusal, 0x80 or above. */
export function pubackError(code: number, where: string, reason?: string): JidokaError {
  return (PUBACK.get(code) ?? mqttErrors.MQTT_MESSAGE_REFUSED)({ where, got: describe(code, reason) });
}

/** The broker said goodbye: a DISCONNECT with a reason, which only MQTT 5 has. */
export function disconnectError(code: number, where: string, reason?: string): JidokaError {
  const maker = DISCONNECT.get(code) ?? mqttErrors.MQTT_CONNECTION_LOST;
  return maker({ where, got: describe(code, reason) });
}

function describe(code: number, reason?: string): string {
  const name = NAMES.get(code) ?? 'a reason unknown here';
  const words = reason === undefined || reason === '' ? '' : `, "${reason.slice(0, 200)}"`;
  return `${name} (0x${code.toString(16).padStart(2, '0')})${words}`;
}
