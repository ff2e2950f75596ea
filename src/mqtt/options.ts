import type { RequestOptions } from 'node:https';
import type { IClientOptions } from 'mqtt';
import type { DestinationConfig } from '../config/schema/mqtt.js';
import { mqttErrors } from './errors.js';
import type { TlsMaterial } from './tls-files.js';

export type ProtocolVersion = '5' | '3.1.1';

/** What a connection needs of the configuration; the password is a secret and comes resolved, beside it. */
export type ConnectionConfig = Omit<DestinationConfig, 'password' | 'baseTopic'>;

/** One broker, with all that does not change between two protocol versions. */
export interface BrokerAddress {
  /** The URL as the config has it, for messages. */
  readonly where: string;
  readonly clientId: string;
  readonly options: IClientOptions;
}

export interface Login {
  readonly clientId: string;
  readonly username?: string;
  readonly password?: string;
}

/**
 * Turns the config into the client library's options for one of its brokers.
 * @throws MQTT_URL_SECRET (config) where the URL holds a password
 */
export function brokerAddress(
  brokerUrl: string,
  config: ConnectionConfig,
  login: Login,
  tls: TlsMaterial,
): BrokerAddress {
  const url = new URL(brokerUrl);
  if (url.username !== '' || url.password !== '') throw mqttErrors.MQTT_URL_SECRET({ where: `broker ${url.host}` });
  const protocol = url.protocol.slice(0, -1) as 'mqtt' | 'mqtts' | 'ws' | 'wss';
  const secure = isSecure(brokerUrl);
  const websocket = protocol === 'ws' || protocol === 'wss';
  const serverName = config.tls?.serverName;
  return {
    where: brokerUrl,
    clientId: login.clientId,
    options: {
      protocol,
      // A socket wants an IPv6 address bare, a WebSocket's URL wants it in brackets.
      hostname: websocket ? url.hostname : url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? DEFAULT_PORTS[protocol] : Number(url.port),
      ...(websocket && { path: `${url.pathname}${url.search}` }),
      ...(secure && { rejectUnauthorized: true, ...tls }),
      ...(secure && serverName !== undefined && expectedName(serverName)),
      ...login,
      keepalive: config.keepAliveSeconds,
      connectTimeout: config.connectTimeoutMs,
      // The outbox is the one memory of what must be sent again: each connection is a client and a session of its own,
      // and the library neither reconnects nor queues nor resends.
      reconnectPeriod: 0,
      clean: true,
      resubscribe: false,
      queueQoSZero: false,
      timerVariant: 'native',
    },
  };
}

/** Whether the URL stands for an encrypted connection. */
export function isSecure(url: string): boolean {
  return /^(mqtts|wss):/i.test(url);
}

const DEFAULT_PORTS = { mqtt: 1883, mqtts: 8883, ws: 80, wss: 443 } as const;

/** The library hands only some of the TLS options on to a WebSocket; the name is not among them. */
function expectedName(servername: string): Pick<IClientOptions, 'servername' | 'wsOptions'> {
  const wsOptions: RequestOptions = { servername };
  return { servername, wsOptions };
}
