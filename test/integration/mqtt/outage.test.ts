import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { silentLogger } from '#jidoka/base/logger.js';
import { MqttPublisher } from '#jidoka/mqtt/publisher.js';
import { Deliverer } from '#jidoka/pipeline/deliver.js';
import { AedesBroker } from '../../simulators/aedes-broker.js';
import { FakeOutbox } from '../../simulators/fake-outbox.js';
import { Mosquitto, type MosquittoOptions, mosquittoAbsent } from '../../simulators/mosquitto.js';
import { publisherOptions } from '../../simulators/mqtt-publisher-options.js';
import { Subscriber } from '../../simulators/mqtt-subscriber.js';

const STATIONS = ['bottle-neck', 'cap', 'label'] as const;
let closers: Array<() => Promise<unknown>>;

beforeEach(() => {
  closers = [];
});
afterEach(async () => {
  for (const close of closers.reverse()) await close();
});

/** Commits parts of all stations in turn, as a line does, until it is told to stop. */
function produce(outbox: FakeOutbox): () => void {
  const timer = setInterval(() => outbox.commit(...STATIONS), 2);
  closers.push(() => Promise.resolve(clearInterval(timer)));
  return () => clearInterval(timer);
}

/** Every sequence number of a station from 1 to the last committed, each in order once duplicates are dropped. */
function expectComplete(messages: readonly Record<string, unknown>[], outbox: FakeOutbox): void {
  for (const station of STATIONS) {
    const own = messages.filter((message) => message['station'] === station);
    const distinct = [...new Map(own.map((message) => [message['id'], message['seq']])).values()];
    const last = outbox.lastSeq(station);
    expect(last).toBeGreaterThan(0);
    expect(distinct).toEqual(Array.from({ length: last }, (_, index) => index + 1));
  }
}

/** Takes the broker away while a burst larger than the window is under way, and waits until the line has gone on. */
async function outage(
  { outbox, deliverer, publisher }: { outbox: FakeOutbox; deliverer: Deliverer; publisher: MqttPublisher },
  takeAway: () => Promise<void>,
): Promise<void> {
  outbox.commit(...Array.from({ length: 200 }, () => STATIONS).flat());
  await vi.waitFor(() => expect(deliverer.status().underWay).toBeGreaterThan(0), { interval: 1 });
  await takeAway();
  await vi.waitFor(() => expect(publisher.status().state).toBe('disconnected'));
  const committed = outbox.lastSeq('cap');
  await vi.waitFor(() => expect(outbox.lastSeq('cap')).toBeGreaterThan(committed + 50));
}

async function drained(outbox: FakeOutbox, consumer: Subscriber): Promise<void> {
  await vi.waitFor(() => expect(outbox.rows.size).toBe(0), { timeout: 20_000 });
  const last = outbox.settled.length;
  const distinct = () => new Set(consumer.received.map(({ text }) => text)).size;
  await vi.waitFor(() => expect(distinct()).toBe(last), { timeout: 10_000 });
}

async function deliveryTo(url: string, window: number) {
  const publisher = new MqttPublisher(publisherOptions(url, { window }));
  const outbox = new FakeOutbox();
  const deliverer = new Deliverer({
    destination: 'mqtt',
    outbox,
    publisher,
    drainPerSecond: 100_000,
    failsFirst: false,
    logger: silentLogger,
  });
  await deliverer.start();
  await publisher.start();
  closers.push(() => publisher.stop(500));
  closers.push(() => deliverer.stop(0));
  return { publisher, outbox, deliverer };
}

describe('outbox to aedes', () => {
  it('loses nothing and keeps the order when connections break with messages and acknowledgements in flight', async () => {
    const broker = await AedesBroker.onFreePort();
    closers.push(() => broker.stop());
    await broker.start();
    const delivery = await deliveryTo(broker.url, 50);
    const { outbox, deliverer } = delivery;
    const stop = produce(outbox);
    for (let round = 1; round <= 5; round += 1) {
      const before = broker.taken.length;
      await vi.waitFor(() => expect(broker.taken.length).toBeGreaterThan(before + 100), { timeout: 10_000 });
      await outage(delivery, () => broker.kill());
      await broker.start();
    }
    stop();
    await vi.waitFor(() => expect(outbox.rows.size).toBe(0), { timeout: 20_000 });
    const inspections = broker.taken.filter(({ topic }) => topic.endsWith('/inspection'));
    expectComplete(
      inspections.map(({ text }) => JSON.parse(text)),
      outbox,
    );
    expect(deliverer.status().retried).toBeGreaterThan(0);
  });
});

describe.skipIf(mosquittoAbsent)(`outbox to mosquitto${mosquittoAbsent ? ` (${mosquittoAbsent})` : ''}`, () => {
  async function setUp(broker: MosquittoOptions = {}, window = 50) {
    const mosquitto = await Mosquitto.start({ persistence: true, ...broker });
    closers.push(() => mosquitto.dispose());
    const consumer = await Subscriber.start(mosquitto.url, 'plant/line4/+/inspection');
    closers.push(() => consumer.stop());
    // From here on the subscription survives a kill.
    mosquitto.save();
    return { mosquitto, consumer, ...(await deliveryTo(mosquitto.url, window)) };
  }

  it('loses nothing and keeps the order of each station when the broker is stopped and started again', async () => {
    const { mosquitto, consumer, publisher, outbox, deliverer } = await setUp();
    const stop = produce(outbox);
    for (let round = 1; round <= 3; round += 1) {
      const before = consumer.received.length;
      await vi.waitFor(() => expect(consumer.received.length).toBeGreaterThan(before + 100), { timeout: 10_000 });
      await outage({ outbox, deliverer, publisher }, () => mosquitto.stop());
      await mosquitto.restart();
    }
    stop();
    await drained(outbox, consumer);
    expectComplete(consumer.on('inspection'), outbox);
    expect(deliverer.status().delivered).toBe(outbox.settled.length);
  });

  it('deletes no more than mosquitto acknowledged when it is killed with messages in flight', async () => {
    const { mosquitto, publisher, outbox, deliverer } = await setUp();
    const stop = produce(outbox);
    for (let round = 1; round <= 3; round += 1) {
      const before = outbox.settled.length;
      await vi.waitFor(() => expect(outbox.settled.length).toBeGreaterThan(before + 100), { timeout: 10_000 });
      await outage({ outbox, deliverer, publisher }, () => mosquitto.kill());
      await mosquitto.restart();
    }
    stop();
    await vi.waitFor(() => expect(outbox.rows.size).toBe(0), { timeout: 20_000 });
    expect(deliverer.status().retried).toBeGreaterThan(0);
    const acknowledged = mosquitto.log.match(/Sending PUBACK to jidoka-line4 \(m\d+, rc(0|16)\)/g)?.length ?? 0;
    expect(outbox.settled.length).toBeLessThanOrEqual(acknowledged);
  });

  it('goes on with what is under way when a frozen broker comes back', async () => {
    const { mosquitto, consumer, outbox, deliverer } = await setUp();
    const stop = produce(outbox);
    await vi.waitFor(() => expect(consumer.received.length).toBeGreaterThan(50));
    mosquitto.freeze();
    await vi.waitFor(() => expect(deliverer.status().underWay).toBe(50));
    mosquitto.thaw();
    stop();
    await drained(outbox, consumer);
    expectComplete(consumer.on('inspection'), outbox);
    expect(deliverer.status().retried).toBe(0);
  });

  it('drains 20,000 rows with bounded memory, and no more in flight than the broker allows', async () => {
    const { mosquitto, consumer, outbox, deliverer, publisher } = await setUp({
      persistence: false,
      extra: ['max_inflight_messages 10'],
    });
    outbox.commit(...Array.from({ length: 20_001 }, (_, index) => STATIONS[index % 3] ?? 'cap'));
    await vi.waitFor(() => expect(outbox.rows.size).toBe(0), { timeout: 60_000 });
    await vi.waitFor(() => expect(consumer.received.length).toBe(20_001), { timeout: 30_000 });
    expectComplete(consumer.on('inspection'), outbox);
    expect(outbox.largestRead).toBeLessThanOrEqual(500);
    expect(deliverer.status()).toMatchObject({ state: 'idle', delivered: 20_001, retried: 0 });
    expect(publisher.status().text).toContain('MQTT 5');
    // A client above the receive maximum is thrown out by mosquitto with reason 147.
    expect(mosquitto.log).not.toMatch(/exceeded|rc147|receive maximum/i);
  }, 120_000);

  it('holds up a station that the broker does not let publish, not the others, and says so', async () => {
    const acl = ['topic readwrite plant/line4/bottle-neck/#', 'topic readwrite plant/line4/label/#', 'topic read #'];
    const { consumer, outbox, deliverer } = await setUp({ acl, persistence: false });
    outbox.commit(...STATIONS, ...STATIONS);
    await vi.waitFor(() => expect(deliverer.status()).toMatchObject({ state: 'refused', delivered: 4 }));
    expect(deliverer.status().text).toMatch(
      /Station cap waits at message 1: MQTT_TOPIC_REFUSED.*not authorized \(0x87\)/,
    );
    expect(consumer.on('inspection').map(({ station }) => station)).not.toContain('cap');
    expect([...outbox.rows.values()].map(({ inspectionId }) => inspectionId)).toEqual(['cap-1', 'cap-2']);
  });

  it.each([
    // Mosquitto answers with a reason code that MQTT 5 does not allow in a PUBACK, which ends the connection.
    ['message_size_limit 1000', 'as the broker answers'],
    ['max_packet_size 1000', 'as the broker said at the connection'],
  ])('keeps a message that is too large for the broker (%s, %s)', async (limit) => {
    const { outbox, deliverer } = await setUp({ extra: [limit], persistence: false });
    outbox.commit('cap');
    await vi.waitFor(() => expect(deliverer.status().delivered).toBe(1), { timeout: 20_000 });
    outbox.padding = 'x'.repeat(2000);
    outbox.commit('cap');
    outbox.padding = undefined;
    outbox.commit('cap', 'label');
    await vi.waitFor(() => expect(deliverer.status().text).toMatch(/^Station cap waits at message 2: .*large/), {
      timeout: 15_000,
    });
    await vi.waitFor(() => expect(deliverer.status().delivered).toBe(2), { timeout: 10_000 });
    expect([...outbox.rows.values()].map(({ inspectionId }) => inspectionId)).toEqual(['cap-2', 'cap-3']);
  });
});
