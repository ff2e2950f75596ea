import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MqttPublisher } from '#jidoka/mqtt/publisher.js';
import { onlineStatus, outboxRecord } from '../../simulators/messages.js';
import { freePort, Mosquitto, mosquittoAbsent } from '../../simulators/mosquitto.js';
import { publisherOptions } from '../../simulators/mqtt-publisher-options.js';
import { Subscriber } from '../../simulators/mqtt-subscriber.js';

let closers: Array<() => Promise<unknown>>;

beforeEach(() => {
  closers = [];
});
afterEach(async () => {
  for (const close of closers.reverse()) await close();
});

async function broker(): Promise<Mosquitto> {
  const mosquitto = await Mosquitto.start();
  closers.push(() => mosquitto.dispose());
  return mosquitto;
}

async function start(url: string, fallbackUrls: string[]): Promise<MqttPublisher> {
  const publisher = new MqttPublisher(publisherOptions(url, { fallbackUrls }));
  closers.push(() => publisher.stop(300));
  publisher.announceStatus(onlineStatus());
  await publisher.start();
  return publisher;
}

const says = (publisher: MqttPublisher, text: string | RegExp) =>
  vi.waitFor(() => expect(publisher.status().text).toMatch(text), { timeout: 10_000 });

/** A broker that takes every client and sends it away at once with a DISCONNECT; counts them. */
async function sendsAway(packet: readonly number[]): Promise<{ url: string; clients: () => number }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', () => socket.write(Buffer.from([0x20, 3, 0, 0, 0, ...packet])));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return { url: `mqtt://127.0.0.1:${address.port}`, clients: () => sockets.size };
}

describe.skipIf(mosquittoAbsent)(`several brokers${mosquittoAbsent ? ` (${mosquittoAbsent})` : ''}`, () => {
  it('takes the next one when the first is away, says which, and everything arrives there', async () => {
    const second = await broker();
    const consumer = await Subscriber.start(second.url, 'plant/line4/#');
    closers.push(() => consumer.stop());
    const publisher = await start(`mqtt://127.0.0.1:${await freePort()}`, [second.url]);
    await says(publisher, `Connected to ${second.url} (fallback 1 of 1) with MQTT 5 as jidoka-line4.`);
    await publisher.deliver(outboxRecord(1, 1));
    await vi.waitFor(() => expect(consumer.on('/inspection')).toHaveLength(1));
    expect(consumer.on('/status')).toMatchObject([{ state: 'online' }]);
  });

  it('goes to the next when its broker dies, stays there when the first is back, and returns when that one dies', async () => {
    const [first, second] = [await broker(), await broker()];
    const publisher = await start(first.url, [second.url]);
    await says(publisher, `Connected to ${first.url} with`);
    await first.kill();
    await says(publisher, `Connected to ${second.url} (fallback 1 of 1)`);
    await first.restart();
    const records = Array.from({ length: 200 }, (_, index) => outboxRecord(index, index + 1));
    for (const record of records) await publisher.deliver(record);
    expect(publisher.status().text).toContain(second.url);
    expect(first.log.match(/New client connected .* as jidoka-line4/g)).toHaveLength(1);
    await second.kill();
    await says(publisher, `Connected to ${first.url} with`);
  });

  it.each([
    ['use another server', 0x9c],
    ['server moved', 0x9d],
  ])('moves on at once when the broker says "%s", and names it where there is no other', async (words, code) => {
    const reference = [...Buffer.from('broker2:1883')];
    const properties = [0x1c, 0, reference.length, ...reference];
    const away = await sendsAway([0xe0, 2 + properties.length, code, properties.length, ...properties]);
    const second = await broker();
    const publisher = await start(away.url, [second.url]);
    await says(publisher, `Connected to ${second.url} (fallback 1 of 1)`);
    expect(away.clients()).toBe(1);
    const alone = await start(away.url, []);
    const said = `${words} \\(0x${code.toString(16)}\\), it names "broker2:1883"`;
    await says(alone, new RegExp(`^MQTT_USE_ANOTHER: .*${said}.*Trying again in about 1 s`));
  });

  it('says why each of them could not be reached', async () => {
    const [first, second] = [`mqtt://127.0.0.1:${await freePort()}`, `mqtt://127.0.0.1:${await freePort()}`];
    const warn = vi.fn();
    const publisher = new MqttPublisher({
      ...publisherOptions(first, { fallbackUrls: [second] }),
      logger: { ...publisherOptions(first).logger, warn, debug: warn },
    });
    closers.push(() => publisher.stop(300));
    await publisher.start();
    await vi.waitFor(() => expect(warn.mock.calls.length).toBeGreaterThanOrEqual(4), { timeout: 5000 });
    const texts = warn.mock.calls.map(([, text]) => String(text));
    expect(texts[0]).toContain(`${first}. Got: connect ECONNREFUSED`);
    expect(texts[0]).toContain(`Trying ${second} at once.`);
    expect(texts[1]).toMatch(new RegExp(`${second}.*Trying again in about 1 s`));
    expect(texts[2]).toContain(first);
  });
});
