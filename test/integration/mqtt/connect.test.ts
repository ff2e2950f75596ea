import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ConnectionConfig } from '#jidoka/mqtt/options.js';
import { MqttPublisher, type MqttPublisherOptions } from '#jidoka/mqtt/publisher.js';
import { AedesBroker } from '../../simulators/aedes-broker.js';
import { Authority, opensslAbsent } from '../../simulators/certificates.js';
import { outboxRecord } from '../../simulators/messages.js';
import { freePort, Mosquitto, type MosquittoOptions, mosquittoAbsent } from '../../simulators/mosquitto.js';
import { publisherOptions } from '../../simulators/mqtt-publisher-options.js';

let closers: Array<() => Promise<unknown>>;

beforeEach(() => {
  closers = [];
});
afterEach(async () => {
  for (const close of closers.reverse()) await close();
});

async function start(url: string, config: Partial<ConnectionConfig> = {}, options: Partial<MqttPublisherOptions> = {}) {
  const publisher = new MqttPublisher(publisherOptions(url, config, options));
  closers.push(() => publisher.stop(200));
  await publisher.start();
  return publisher;
}

async function broker(options: MosquittoOptions): Promise<Mosquitto> {
  const mosquitto = await Mosquitto.start(options);
  closers.push(() => mosquitto.dispose());
  return mosquitto;
}

/** Something that listens and is no broker. */
async function listener(onConnection: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onConnection(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return `mqtt://127.0.0.1:${address.port}`;
}

async function says(publisher: MqttPublisher, text: RegExp): Promise<void> {
  await vi.waitFor(() => expect(publisher.status().text).toMatch(text), { timeout: 10_000 });
  expect(publisher.status().state).toBe('disconnected');
}

const connected = (publisher: MqttPublisher) =>
  vi.waitFor(() => expect(publisher.status().state).toBe('connected'), { timeout: 10_000 });

describe('why there is no connection', () => {
  it('the broker is absent', async () => {
    await says(await start(`mqtt://127.0.0.1:${await freePort()}`), /^MQTT_UNREACHABLE: .*ECONNREFUSED.*Trying again/);
  });

  it('the host name does not exist', async () => {
    await says(await start('mqtt://broker.invalid:1883'), /^MQTT_HOST_UNKNOWN: .*broker\.invalid/);
  });

  it('something takes the connection and never answers', async () => {
    let connections = 0;
    const url = await listener(() => {
      connections += 1;
    });
    const publisher = await start(url, { connectTimeoutMs: 100 });
    await says(publisher, /^MQTT_CONNECT_TIMEOUT: /);
    await vi.waitFor(() => expect(connections).toBeGreaterThan(1), { timeout: 5000 });
  });

  it('something hangs up', async () => {
    await says(await start(await listener((socket) => socket.end())), /^MQTT_HUNG_UP: /);
  });

  it('something answers with what is not MQTT', async () => {
    const url = await listener((socket) => socket.on('data', () => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')));
    await says(await start(url, { connectTimeoutMs: 300 }), /^MQTT_(HUNG_UP|CONNECT_TIMEOUT): /);
  });

  it('the broker does not speak the version that the config demands', async () => {
    const aedes = await AedesBroker.onFreePort();
    closers.push(() => aedes.stop());
    await aedes.start();
    await says(await start(aedes.url, { protocol: '5' }), /^MQTT_PROTOCOL_REFUSED: .*unacceptable protocol version/);
    const publisher = await start(aedes.url, { protocol: 'auto' });
    await connected(publisher);
    expect(publisher.status().text).toBe(`Connected to ${aedes.url} with MQTT 3.1.1 as jidoka-line4.`);
  });

  it('the broker says that another client took the connection over', async () => {
    const connack = [0x20, 3, 0, 0, 0];
    const takenOver = [0xe0, 2, 0x8e, 0];
    const url = await listener((socket) =>
      socket.once('data', () => socket.end(Buffer.from([...connack, ...takenOver]))),
    );
    await says(await start(url), /^MQTT_TAKEN_OVER: .*session taken over \(0x8e\)/);
  });

  it('stops while it connects', async () => {
    const url = await listener(() => undefined);
    const publisher = await start(url);
    await publisher.stop(100);
    expect(publisher.status().state).toBe('stopped');
  });

  it('a URL holds a password: a configuration error that does not repeat it', async () => {
    const publisher = new MqttPublisher(publisherOptions('mqtt://user:geheim@127.0.0.1:1883'));
    const error = await publisher.start().catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'MQTT_URL_SECRET', consequence: 'config' });
    expect(String(error)).not.toContain('geheim');
  });
});

describe.skipIf(mosquittoAbsent)(`mosquitto${mosquittoAbsent ? ` (${mosquittoAbsent})` : ''}`, () => {
  it.each(['5', '3.1.1'] as const)(
    'refuses a wrong password with MQTT %s, and the right one connects',
    async (protocol) => {
      const { url } = await broker({ users: { line4: 'right' } });
      const warn = vi.fn();
      const logger = { ...publisherOptions(url).logger, warn };
      const publisher = await start(url, { protocol, username: 'line4' }, { password: 'wrong', logger });
      // Mosquitto says "not authorized" for a wrong password too.
      await says(publisher, /^MQTT_(LOGIN_REFUSED|NOT_AUTHORIZED): .*mqtt\.password/);
      expect(publisher.status().text).not.toContain('wrong');
      expect(warn).toHaveBeenCalledTimes(1);
      await expect(publisher.deliver(outboxRecord(1, 1))).rejects.toMatchObject({ consequence: 'transient' });
      const other = await start(url, { protocol, username: 'line4', clientId: 'other' }, { password: 'right' });
      await connected(other);
      expect(other.status().text).toContain(`MQTT ${protocol}`);
    },
  );

  it('throws a client out whose id another one uses', async () => {
    const { url } = await broker({});
    const publisher = await start(url);
    await connected(publisher);
    const other = await connectAsync(url, { clientId: 'jidoka-line4', protocolVersion: 5, reconnectPeriod: 0 });
    closers.push(() => other.endAsync(true));
    // This mosquitto does not give its reason; the hint names the usual one.
    await says(publisher, /^MQTT_CONNECTION_LOST: .*same client id/);
  });

  it('is not answering any more: the missing acknowledgement ends the connection', async () => {
    const mosquitto = await broker({});
    const publisher = await start(mosquitto.url, { connectTimeoutMs: 200 }, { ackTimeoutMs: 150 });
    await connected(publisher);
    mosquitto.freeze();
    await expect(publisher.deliver(outboxRecord(1, 1))).rejects.toMatchObject({ code: 'MQTT_ACK_TIMEOUT' });
    await says(publisher, /^MQTT_(ACK|CONNECT)_TIMEOUT: /);
    mosquitto.thaw();
    await connected(publisher);
    await publisher.deliver(outboxRecord(1, 1));
  });

  it('does not let more messages be under way than the window', async () => {
    const mosquitto = await broker({});
    const publisher = await start(mosquitto.url, { window: 3 });
    await connected(publisher);
    mosquitto.freeze();
    const deliveries = [1, 2, 3].map((seq) => publisher.deliver(outboxRecord(seq, seq)));
    await expect(publisher.deliver(outboxRecord(4, 4))).rejects.toMatchObject({ code: 'MQTT_WINDOW_FULL' });
    mosquitto.thaw();
    await Promise.all(deliveries);
    await publisher.deliver(outboxRecord(4, 4));
  });
});

const tlsAbsent = mosquittoAbsent ?? opensslAbsent;

describe.skipIf(tlsAbsent)(`mosquitto with TLS${tlsAbsent ? ` (${tlsAbsent})` : ''}`, () => {
  let folder: string;
  let authority: Authority;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'jidoka-tls-'));
    closers.push(() => rm(folder, { recursive: true }));
    authority = new Authority(folder);
  });

  async function secureBroker(names: string, days?: number, clients = false): Promise<string> {
    const server = authority.issue('server', names, days);
    const { port } = await broker({ tls: { ca: authority.cert, ...server, clients } });
    return `mqtts://127.0.0.1:${port}`;
  }

  it('connects where the certificate fits, by address or by the name to expect', async () => {
    const publisher = await start(await secureBroker('IP:127.0.0.1'), { tls: { ca: authority.cert } });
    await connected(publisher);
    const named = await secureBroker('DNS:broker.plant');
    await connected(await start(named, { tls: { ca: authority.cert, serverName: 'broker.plant' } }));
  });

  it('refuses an authority that it does not know', async () => {
    await says(await start(await secureBroker('IP:127.0.0.1')), /^MQTT_TLS_UNTRUSTED: .*mqtt\.tls\.ca/);
  });

  it('refuses another name', async () => {
    const url = await secureBroker('DNS:other.plant');
    await says(await start(url, { tls: { ca: authority.cert } }), /^MQTT_TLS_NAME: .*127\.0\.0\.1/);
  });

  it('refuses a certificate that has expired', async () => {
    const url = await secureBroker('IP:127.0.0.1', -1);
    await says(await start(url, { tls: { ca: authority.cert } }), /^MQTT_TLS_EXPIRED: /);
  });

  it('shows its own certificate where the broker wants one, and says so where it has none', async () => {
    const url = await secureBroker('IP:127.0.0.1', 2, true);
    const client = authority.issue('client', 'DNS:line4');
    await connected(await start(url, { tls: { ca: authority.cert, ...client } }));
    const without = await start(url, { tls: { ca: authority.cert }, clientId: 'other' });
    await says(without, /^MQTT_(TLS_FAILED|HUNG_UP): /);
  });

  it('says that the port does not speak TLS', async () => {
    const { port } = await broker({});
    await says(await start(`mqtts://127.0.0.1:${port}`), /^MQTT_(TLS_FAILED|HUNG_UP): /);
  });

  it('takes a file that is not there, or no certificate, for a configuration error', async () => {
    const missing = publisherOptions('mqtts://127.0.0.1:1', { tls: { ca: join(folder, 'none.pem') } });
    await expect(new MqttPublisher(missing).start()).rejects.toMatchObject({
      code: 'MQTT_TLS_FILE',
      consequence: 'config',
    });
    const file = join(folder, 'text.pem');
    await writeFile(file, 'no certificate');
    const wrong = publisherOptions('mqtts://127.0.0.1:1', { tls: { ca: file } });
    await expect(new MqttPublisher(wrong).start()).rejects.toMatchObject({ code: 'MQTT_TLS_FILE' });
    const mixed = publisherOptions('mqtts://127.0.0.1:1', { tls: { cert: authority.cert, key: authority.cert } });
    await expect(new MqttPublisher(mixed).start()).rejects.toMatchObject({ code: 'MQTT_TLS_FILE' });
  });
});
