import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ConnectionConfig } from '#jidoka/mqtt/options.js';
import { MqttPublisher } from '#jidoka/mqtt/publisher.js';
import { Authority, opensslAbsent } from '../../simulators/certificates.js';
import { outboxRecord } from '../../simulators/messages.js';
import { freePort, Mosquitto, type MosquittoOptions, mosquittoAbsent } from '../../simulators/mosquitto.js';
import { publisherOptions } from '../../simulators/mqtt-publisher-options.js';
import { Subscriber } from '../../simulators/mqtt-subscriber.js';

const absent = mosquittoAbsent ?? opensslAbsent;

describe.skipIf(absent)(`mosquitto over WebSocket${absent ? ` (${absent})` : ''}`, () => {
  let folder: string;
  let authority: Authority;
  let port: number;
  let closers: Array<() => Promise<unknown>>;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'jidoka-ws-'));
    authority = new Authority(folder);
    port = await freePort();
    closers = [() => rm(folder, { recursive: true })];
  });
  afterEach(async () => {
    for (const close of closers.reverse()) await close();
  });

  /** Mosquitto 2.0.11 starts a WebSocket listener only beside one for plain TCP, which every broker of the tests has. */
  async function broker(lines: readonly string[], options: MosquittoOptions = {}): Promise<Mosquitto> {
    const extra = [`listener ${port} 127.0.0.1`, 'protocol websockets', ...lines];
    const mosquitto = await Mosquitto.start({ ...options, extra });
    closers.push(() => mosquitto.dispose());
    return mosquitto;
  }

  async function start(url: string, config: Partial<ConnectionConfig> = {}, password?: string): Promise<MqttPublisher> {
    const secret = password === undefined ? {} : { password };
    const publisher = new MqttPublisher(publisherOptions(url, config, secret));
    closers.push(() => publisher.stop(300));
    await publisher.start();
    return publisher;
  }

  const connected = (publisher: MqttPublisher) =>
    vi.waitFor(() => expect(publisher.status().state).toBe('connected'), { timeout: 10_000 });
  const says = (publisher: MqttPublisher, text: RegExp) =>
    vi.waitFor(() => expect(publisher.status().text).toMatch(text), { timeout: 10_000 });

  it.each(['5', '3.1.1'] as const)('carries messages with MQTT %s, user name and password', async (protocol) => {
    const mosquitto = await broker([], { users: { line4: 'right' } });
    const login = { username: 'line4', password: 'right' };
    const consumer = await Subscriber.start(mosquitto.url, 'plant/#', login);
    closers.push(() => consumer.stop());
    const publisher = await start(`ws://127.0.0.1:${port}/mqtt`, { protocol, username: 'line4' }, 'right');
    await connected(publisher);
    await Promise.all([1, 2, 3].map((seq) => publisher.deliver(outboxRecord(seq, seq))));
    await vi.waitFor(() => expect(consumer.on('/inspection').map(({ seq }) => seq)).toEqual([1, 2, 3]));
    const wrong = { protocol, username: 'line4', clientId: 'other' };
    await says(await start(`ws://127.0.0.1:${port}/mqtt`, wrong, 'wrong'), /^MQTT_(LOGIN_REFUSED|NOT_AUTHORIZED)/);
  });

  it('comes back when the broker was away', async () => {
    const mosquitto = await broker([]);
    const publisher = await start(`ws://127.0.0.1:${port}`);
    await connected(publisher);
    await mosquitto.kill();
    await says(publisher, /^MQTT_(CONNECTION_LOST|UNREACHABLE)/);
    await mosquitto.restart();
    await connected(publisher);
    await publisher.deliver(outboxRecord(1, 1));
  });

  it('is encrypted and shows both certificates with wss', async () => {
    const server = authority.issue('server', 'IP:127.0.0.1');
    const lines = [`cafile ${authority.cert}`, `certfile ${server.cert}`, `keyfile ${server.key}`];
    await broker([...lines, 'require_certificate true', 'use_identity_as_username true']);
    const client = authority.issue('gateway', 'DNS:line4');
    const publisher = await start(`wss://127.0.0.1:${port}`, { tls: { ca: authority.cert, ...client } });
    await connected(publisher);
    await publisher.deliver(outboxRecord(1, 1));
    const without = await start(`wss://127.0.0.1:${port}`, { tls: { ca: authority.cert }, clientId: 'other' });
    await says(without, /^MQTT_(TLS_FAILED|HUNG_UP)/);
    const untrusted = await start(`wss://127.0.0.1:${port}`, { tls: client, clientId: 'third' });
    await says(untrusted, /^MQTT_TLS_UNTRUSTED/);
  });

  it('checks the name in the certificate, or the one that the config expects', async () => {
    const server = authority.issue('server', 'DNS:broker.plant');
    const lines = [`cafile ${authority.cert}`, `certfile ${server.cert}`, `keyfile ${server.key}`];
    await broker(lines);
    const url = `wss://127.0.0.1:${port}`;
    await says(await start(url, { tls: { ca: authority.cert } }), /^MQTT_TLS_NAME/);
    await connected(await start(url, { tls: { ca: authority.cert, serverName: 'broker.plant' }, clientId: 'other' }));
  });

  it('says that the server is no WebSocket', async () => {
    const mosquitto = await broker([]);
    await says(await start(`ws://127.0.0.1:${mosquitto.port}`), /^MQTT_(HUNG_UP|CONNECT_TIMEOUT)/);
  });
});
