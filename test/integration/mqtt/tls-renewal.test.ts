import { copyFile, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MqttPublisher, type MqttPublisherOptions } from '#jidoka/mqtt/publisher.js';
import { Authority, type Certificate, opensslAbsent } from '../../simulators/certificates.js';
import { onlineStatus, outboxRecord } from '../../simulators/messages.js';
import { Mosquitto, mosquittoAbsent } from '../../simulators/mosquitto.js';
import { publisherOptions } from '../../simulators/mqtt-publisher-options.js';

const absent = mosquittoAbsent ?? opensslAbsent;

describe.skipIf(absent)(`renewed TLS files${absent ? ` (${absent})` : ''}`, () => {
  let folder: string;
  let authority: Authority;
  let broker: Mosquitto;
  /** What the config names; renewals are put in their place. */
  let own: Certificate;
  const publishers: MqttPublisher[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'jidoka-renewal-'));
    authority = new Authority(folder);
    const server = authority.issue('server', 'IP:127.0.0.1');
    const extra = ['use_identity_as_username true'];
    broker = await Mosquitto.start({ tls: { ca: authority.cert, ...server, clients: true }, extra });
    own = { cert: join(folder, 'own.pem'), key: join(folder, 'own.key') };
    await install(authority.issue('first', 'DNS:line4', 90));
  });
  afterEach(async () => {
    await Promise.all(publishers.splice(0).map((publisher) => publisher.stop(300)));
    await broker.dispose();
    await rm(folder, { recursive: true });
  });

  /** As a renewal does it: written beside, then renamed into place. */
  async function install({ cert, key }: Certificate): Promise<void> {
    await copyFile(cert, `${own.cert}.new`);
    await copyFile(key, `${own.key}.new`);
    await rename(`${own.cert}.new`, own.cert);
    await rename(`${own.key}.new`, own.key);
  }

  async function start(options: Partial<MqttPublisherOptions> = {}): Promise<MqttPublisher> {
    const tls = { ca: authority.cert, ...own };
    const url = `mqtts://127.0.0.1:${broker.port}`;
    const publisher = new MqttPublisher(publisherOptions(url, { tls }, { tlsPollMs: 20, ...options }));
    publishers.push(publisher);
    publisher.announceStatus(onlineStatus());
    await publisher.start();
    await connected(publisher);
    return publisher;
  }

  const connected = (publisher: MqttPublisher) =>
    vi.waitFor(() => expect(publisher.status().state).toBe('connected'), { timeout: 10_000 });
  /** The names in the certificates of the clients that connected, in their order. */
  const users = (): string[] => [...broker.log.matchAll(/ as jidoka-line4 .*u'(\w+)'/g)].map((match) => match[1] ?? '');

  it('are taken while messages flow: the connection is made anew, none is rejected or sent twice', async () => {
    const publisher = await start();
    expect(users()).toEqual(['first']);
    const renewed = authority.issue('second', 'DNS:line4', 90);
    let seq = 0;
    const flow = async (): Promise<void> => {
      while (users().length < 2 || seq % 100 !== 0) {
        seq += 1;
        await publisher.deliver(outboxRecord(seq, seq));
      }
    };
    const flows = Promise.all([flow(), flow(), flow()]);
    await install(renewed);
    await flows;
    expect(users()).toEqual(['first', 'second']);
    const published = broker.log.match(/Received PUBLISH from jidoka-line4 .*\/inspection/g) ?? [];
    expect(published).toHaveLength(seq);
    // A farewell, not a loss: nobody is told that the gateway is offline.
    expect(broker.log).toContain('Received DISCONNECT from jidoka-line4');
    await connected(publisher);
    expect(publisher.status().warning).toBeUndefined();
  });

  it('that are broken leave the old connection alone and are reported until they are mended', async () => {
    const warn = vi.fn();
    const logger = { ...publisherOptions('mqtt://x').logger, warn };
    const publisher = await start({ logger });
    const other = authority.issue('other', 'DNS:line4', 90);
    await copyFile(other.cert, own.cert);
    const reported = (text: RegExp) =>
      vi.waitFor(() => expect(publisher.status().warning).toMatch(text), { timeout: 5000 });
    await reported(/^MQTT_TLS_FILE: .*own\.pem.*key values mismatch.*stays in use/);
    await rm(own.key);
    await reported(/^MQTT_TLS_FILE: .*own\.key.*ENOENT/);
    expect(publisher.status().state).toBe('connected');
    await publisher.deliver(outboxRecord(1, 1));
    // Each state of the files is told once, however often they are looked at.
    const told = warn.mock.calls.map(([, text]) => text);
    expect(told).toEqual([...new Set(told)]);
    // The broker is away for a moment meanwhile: what was read before still connects.
    await broker.restart();
    await vi.waitFor(() => expect(users()).toEqual(['first', 'first']), { timeout: 10_000 });
    await copyFile(other.key, own.key);
    await vi.waitFor(() => expect(users()).toEqual(['first', 'first', 'other']), { timeout: 10_000 });
    await connected(publisher);
    expect(publisher.status().warning).toBeUndefined();
  });

  it('are read for each attempt: an authority that is put right connects without a restart', async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), 'jidoka-authority-'));
    const ca = join(folder, 'trusted.pem');
    await copyFile(new Authority(elsewhere).cert, ca);
    await rm(elsewhere, { recursive: true });
    const url = `mqtts://127.0.0.1:${broker.port}`;
    const publisher = new MqttPublisher(publisherOptions(url, { tls: { ca, ...own } }));
    publishers.push(publisher);
    await publisher.start();
    await vi.waitFor(() => expect(publisher.status().text).toMatch(/^MQTT_TLS_UNTRUSTED/));
    await copyFile(authority.cert, ca);
    await connected(publisher);
  });

  it('that expire within two weeks are a warning, connected or not', async () => {
    await install(authority.issue('short', 'DNS:line4', 5));
    const publisher = await start();
    expect(publisher.status().warning).toMatch(/own\.pem expires on \d{4}-\d\d-\d\d \d\d:\d\d UTC\. Have it renewed/);
    expect(publisher.status().state).toBe('connected');
    await install(authority.issue('long', 'DNS:line4', 30));
    await vi.waitFor(() => expect(publisher.status().warning).toBeUndefined(), { timeout: 5000 });
  });

  it('do not hold up a stop in the middle of the change', async () => {
    const publisher = await start();
    broker.freeze();
    const delivery = publisher.deliver(outboxRecord(1, 1)).catch((error: unknown) => error);
    await install(authority.issue('second', 'DNS:line4', 90));
    await vi.waitFor(() => expect(publisher.status().text).toMatch(/anew with renewed TLS files/));
    const waiting = publisher.deliver(outboxRecord(2, 2)).catch((error: unknown) => error);
    await publisher.stop(100);
    expect(await delivery).toMatchObject({ consequence: 'transient' });
    expect(await waiting).toMatchObject({ consequence: 'transient' });
    expect(publisher.status().state).toBe('stopped');
    await writeFile(own.cert, 'nobody reads this any more');
  });
});
