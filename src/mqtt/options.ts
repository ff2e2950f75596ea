import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { createSecureContext } from 'node:tls';
import type { IClientOptions } from 'mqtt';
import { messageOf } from '../base/errors.js';
import type { DestinationConfig } from '../config/schema/mqtt.js';
import { mqttErrors } from './errors.js';

export type ProtocolVersion = '5' | '3.1.1';

/** What never changes between two attempts to connect. */
export interface BrokerAddress {
  /** The URL as the config has it, for messages. */
  readonly where: string;
  readonly clientId: string;
  readonly options: IClientOptions;
}

export interface Credentials {
  readonly username?: string;
  readonly password?: string;
}

/**
 * Reads the TLS files and turns the config into the client library's options.
 * Throws a `config` JidokaError where a certificate or key cannot be used or the URL holds a password.
 */
export async function brokerAddress(
  config: Omit<DestinationConfig, 'password' | 'baseTopic'>,
  gateway: string,
  credentials: Credentials,
): Promise<BrokerAddress> {
  const url = new URL(config.url);
  if (url.username !== '' || url.password !== '') {
    throw mqttErrors.MQTT_URL_SECRET({ where: `mqtt.url, broker ${url.host}` });
  }
  const protocol = url.protocol.slice(0, -1) as 'mqtt' | 'mqtts' | 'ws' | 'wss';
  const secure = protocol === 'mqtts' || protocol === 'wss';
  const websocket = protocol === 'ws' || protocol === 'wss';
  const clientId = config.clientId ?? `jidoka-${gateway}`;
  const serverName = config.tls?.serverName;
  return {
    where: config.url,
    clientId,
    options: {
      protocol,
      // A socket wants an IPv6 address bare, a WebSocket's URL wants it in brackets.
      hostname: websocket ? url.hostname : url.hostname.replace(/^\[|\]$/g, ''),
      port: url.port === '' ? DEFAULT_PORTS[protocol] : Number(url.port),
      ...(websocket && { path: `${url.pathname}${url.search}` }),
      ...(secure && { rejectUnauthorized: true, ...(await tlsFiles(config.tls)) }),
      ...(secure && serverName !== undefined && expectedName(serverName)),
      clientId,
      ...credentials,
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

const DEFAULT_PORTS = { mqtt: 1883, mqtts: 8883, ws: 80, wss: 443 } as const;

/** The library hands only some of the TLS options on to a WebSocket; the name is not among them. */
function expectedName(servername: string): Pick<IClientOptions, 'servername' | 'wsOptions'> {
  const wsOptions: RequestOptions = { servername };
  return { servername, wsOptions };
}

type TlsFiles = { ca?: Buffer; cert?: Buffer; key?: Buffer };

async function tlsFiles(tls: DestinationConfig['tls']): Promise<TlsFiles> {
  const files: TlsFiles = {};
  for (const kind of ['ca', 'cert', 'key'] as const) {
    const path = tls?.[kind];
    if (path !== undefined) files[kind] = await readPem(kind, path);
  }
  try {
    createSecureContext(files);
  } catch (error) {
    const paths = [tls?.ca, tls?.cert, tls?.key].filter((path) => path !== undefined);
    throw mqttErrors.MQTT_TLS_FILE({ where: paths.join(', '), got: messageOf(error), cause: error });
  }
  return files;
}

async function readPem(kind: 'ca' | 'cert' | 'key', path: string): Promise<Buffer> {
  let content: Buffer;
  try {
    content = await readFile(path);
  } catch (error) {
    throw mqttErrors.MQTT_TLS_FILE({ where: `mqtt.tls.${kind}: ${path}`, got: messageOf(error), cause: error });
  }
  // OpenSSL takes a CA file without a certificate in it for an empty list, and then trusts nobody without saying why.
  if (!content.includes('-----BEGIN ')) {
    throw mqttErrors.MQTT_TLS_FILE({
      where: `mqtt.tls.${kind}: ${path}`,
      got: 'no PEM block',
      expected: '-----BEGIN …',
    });
  }
  return content;
}
