import type { ErrorDetails, JidokaError } from '../base/errors.js';
import { mqttErrors } from './errors.js';

type Maker = (details: ErrorDetails) => JidokaError;

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
  [0x8f, 'topic filter invalid'],
  [0x90, 'topic name invalid'],
  [0x93, 'receive maximum exceeded'],
  [0x94, 'topic alias invalid'],
  [0x95, 'packet too large'],
  [0x96, 'message rate too high'],
  [0x97, 'quota exceeded'],
  [0x98, 'administrative action'],
  [0x99, 'payload format invalid'],
  [0x9a, 'retain not supported'],
  [0x9b, 'QoS not supported'],
  [0x9c, 'use another server'],
  [0x9d, 'server moved'],
  [0x9e, 'shared subscriptions not supported'],
  [0x9f, 'connection rate exceeded'],
  [0xa0, 'maximum connect time'],
  [0xa1, 'subscription identifiers not supported'],
  [0xa2, 'wildcard subscriptions not supported'],
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

const AGAIN = 'The agent connects again by itself; messages wait in the outbox meanwhile.';
const FAULT = `${AGAIN} If it happens again, report it with the broker's log: one of the two breaks the protocol.`;

export interface DisconnectReason {
  readonly maker: Maker;
  /** What a person can do about it, where the error's own remedy does not say it better. */
  readonly hint?: string;
}

/** Every reason that a server may give in a DISCONNECT (MQTT 5, section 3.14.2.1). */
const DISCONNECT: ReadonlyMap<number, DisconnectReason> = new Map<number, DisconnectReason>([
  [0x00, lost(`The broker closed the connection without saying why. ${AGAIN}`)],
  [0x80, lost(`The broker gives no reason; look at its log. ${AGAIN}`)],
  [0x81, lost(FAULT)],
  [0x82, lost(FAULT)],
  [0x83, lost(`Look at the broker's log for its own reason. ${AGAIN}`)],
  [0x87, { maker: mqttErrors.MQTT_NOT_AUTHORIZED }],
  [0x89, lost(`The broker is overloaded: give it more resources or fewer clients. ${AGAIN}`)],
  [0x8b, lost(`The broker is being stopped or restarted. ${AGAIN}`)],
  [0x8c, { maker: mqttErrors.MQTT_LOGIN_REFUSED }],
  [
    0x8d,
    lost(
      `The broker heard nothing in time: look at the network, and raise \`keepAliveSeconds\` on a slow link. ${AGAIN}`,
    ),
  ],
  [0x8e, { maker: mqttErrors.MQTT_TAKEN_OVER }],
  [0x8f, lost(`The broker does not take a topic that the agent listens to. Check \`baseTopic\`. ${AGAIN}`)],
  [0x90, lost(`The broker does not take a topic that the agent publishes to. Check \`baseTopic\`. ${AGAIN}`)],
  [0x93, lost(`Lower \`window\`: more messages were under way than the broker takes at a time. ${AGAIN}`)],
  [0x94, lost(FAULT)],
  [0x95, lost(`A message is larger than the broker takes: raise its packet size limit. ${AGAIN}`)],
  [0x96, lost(`Lower \`drainPerSecond\`, or raise the broker's limit on the rate of messages. ${AGAIN}`)],
  [0x97, lost(`Raise the broker's quota for this client. ${AGAIN}`)],
  [0x98, lost(`Somebody closed this connection at the broker. ${AGAIN} If it stays away, ask who runs the broker.`)],
  [0x99, lost(`The broker checks payloads and does not take this one; look at its rules for JSON. ${AGAIN}`)],
  [0x9a, lost(`The broker takes no retained messages, which the agent needs: allow them. ${AGAIN}`)],
  [0x9b, lost(`The broker takes no QoS 1, which the agent needs: allow it. ${AGAIN}`)],
  [0x9c, { maker: mqttErrors.MQTT_USE_ANOTHER }],
  [0x9d, { maker: mqttErrors.MQTT_USE_ANOTHER }],
  [0x9e, lost(FAULT)],
  [0x9f, lost(`The broker limits how often clients connect; raise \`reconnectMaxMs\`. ${AGAIN}`)],
  [0xa0, lost(`The broker ends each connection after a time that its rules set. ${AGAIN}`)],
  [0xa1, lost(FAULT)],
  [0xa2, lost(FAULT)],
]);

function lost(hint: string): DisconnectReason {
  return { maker: mqttErrors.MQTT_CONNECTION_LOST, hint };
}

/** The broker answered a CONNECT with a refusal. */
export function connackError(code: number, where: string, reason?: string): JidokaError {
  return (CONNACK.get(code) ?? mqttErrors.MQTT_BROKER_REFUSED)({ where, got: describe(code, reason) });
}

/** The broker acknowledged a message with a refusal, 0x80 or above. */
export function pubackError(code: number, where: string, reason?: string): JidokaError {
  return (PUBACK.get(code) ?? mqttErrors.MQTT_MESSAGE_REFUSED)({ where, got: describe(code, reason) });
}

/** The broker said goodbye: a DISCONNECT with a reason, which only MQTT 5 has. */
export function disconnectError(
  code: number,
  where: string,
  said: { readonly reasonString?: string; readonly serverReference?: string } = {},
): JidokaError {
  const { maker, hint } = DISCONNECT.get(code) ?? { maker: mqttErrors.MQTT_CONNECTION_LOST };
  const other = said.serverReference === undefined ? '' : `, it names ${quote(said.serverReference)}`;
  const got = `${describe(code, said.reasonString)}${other}`;
  return maker({ where, got, ...(hint !== undefined && { hint }) });
}

/** What the documentation says of each reason of a DISCONNECT. */
export function disconnectReasons(): readonly {
  readonly code: number;
  readonly name: string;
  readonly error: JidokaError;
}[] {
  return [...DISCONNECT.keys()].map((code) => ({ code, name: nameOf(code), error: disconnectError(code, 'broker') }));
}

function describe(code: number, reason?: string): string {
  const words = reason === undefined || reason === '' ? '' : `, ${quote(reason)}`;
  return `${nameOf(code)} (0x${code.toString(16).padStart(2, '0')})${words}`;
}

function nameOf(code: number): string {
  return code === 0 ? 'no reason given' : (NAMES.get(code) ?? 'a reason unknown here');
}

/** What the other side says is shown, not trusted: no line breaks, no end of the screen. */
function quote(text: string): string {
  return JSON.stringify(text.slice(0, 200));
}
