import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { silentLogger } from '#jidoka/base/logger.js';
import { MqttPublisher } from '#jidoka/mqtt/publisher.js';
import { Deliverer } from '#jidoka/pipeline/deliver.js';
import { FakeOutbox } from '../../simulators/fake-outbox.js';
import { Mosquitto, type MosquittoOptions, mosquittoAbsent } from '../../simulators/mosquitto.js';
import { publisherOptions } from '../../simulators/mqtt-publisher-options.js';
import { Subscriber } from '../../simulators/mqtt-subscriber.js';

const STATIONS = ['bottle-neck', 'cap', 'label'] as const;

describe.skipIf(mosquittoAbsent)(`outbox to mosquitto${mosquittoAbsent ? ` (${mosquittoAbsent})` : ''}`, () => {
  let closers: Array<() => Promise<unknown>>;

  beforeEach(() => {
    closers = [];
  });
  afterEach(async () => {
    for (const close of closers.reverse()) await close();
  });

  async function setUp(broker: MosquittoOptions = {}, window = 50) {
    const mosquitto = await Mosquitto.start({ persistence: true, ...broker });
    closers.push(() => mosquitto.dispose());
    const consumer = await Subscriber.start(mosquitto.url, 'plant/line4/+/inspection');
    closers.push(() => consumer.stop());
    // From here on the subscription survives a kill.
    mosquitto.save();
    const publisher = new MqttPublisher(publisherOptions(mosquitto.url, { window }));
    const outbox = new FakeOutbox();
    const deliverer = new Deliverer({ outbox, publisher, window, logger: silentLogger });
    await deliverer.start();
    await publisher.start();
    closers.push(() => publisher.stop(500));
    closers.push(() => deliverer.stop(0));
    return { mosquitto, consumer, publisher, outbox, deliverer };
  }

  /** Commits parts of all stations in turn, as a line does, until it is told to stop. */
  function produce(outbox: FakeOutbox): () => void {
    const timer = setInterval(() => outbox.commit(...STATIONS), 2);
    closers.push(() => Promise.resolve(clearInterval(timer)));
    return () => clearInterval(timer);
  }

  /** Every sequence number of a station from 1 to the last committed, each in order once duplicates are dropped. */
  function expectComplete(consumer: Subscriber, outbox: FakeOutbox): void {
    for (const station of STATIONS) {
      const messages = consumer.on(`${station}/inspection`);
      const distinct = [...new Map(messages.map((message) => [message['id'], message['seq']])).values()];
      const last = outbox.lastSeq(station);
      expect(last).toBeGreaterThan(0);
      expect(distinct).toEqual(Array.from({ length: last }, (_, index) => index + 1));
    }
  }

  async function drained(outbox: FakeOutbox, consumer: Subscriber): Promise<void> {
    await vi.waitFor(() => expect(outbox.rows.size).toBe(0), { timeout: 20_000 });
    const last = outbox.settled.length;
    await vi.waitFor(() => expect(new Set(consumer.received.map(({ text }) => text)).size).toBe(last), {
      timeout: 10_000,
    });
  }

  it.each([
    ['is stopped and started again', 'stop'],
    ['is killed with messages in flight and started again', 'kill'],
  ] as const)('loses nothing and keeps the order of each station when the broker %s', async (_, how) => {
    // Without a limit on what is under way to the consumer, the broker hands each message on before it acknowledges
    // it: a kill then cannot lose in the broker what the agent rightly takes for delivered.
    const extra = ['max_inflight_messages 0'];
    const { mosquitto, consumer, publisher, outbox, deliverer } = await setUp({ extra });
    const stop = produce(outbox);
    for (let round = 1; round <= 3; round += 1) {
      const before = consumer.received.length;
      await vi.waitFor(() => expect(consumer.received.length).toBeGreaterThan(before + 100), { timeout: 10_000 });
      // A burst larger than the window: some of it is surely under way.
      outbox.commit(...Array.from({ length: 200 }, () => STATIONS).flat());
      await vi.waitFor(() => expect(deliverer.status().underWay).toBeGreaterThan(0));
      await mosquitto[how]();
      await vi.waitFor(() => expect(publisher.status().state).toBe('disconnected'));
      const committed = outbox.lastSeq('cap');
      await vi.waitFor(() => expect(outbox.lastSeq('cap')).toBeGreaterThan(committed + 50));
      await mosquitto.restart();
    }
    stop();
    await drained(outbox, consumer);
    expectComplete(consumer, outbox);
    expect(deliverer.status().delivered).toBe(outbox.settled.length);
  });

  it('goes on when a frozen broker comes back, and when it must connect anew', async () => {
    const { mosquitto, consumer, outbox, deliverer } = await setUp();
    const stop = produce(outbox);
    await vi.waitFor(() => expect(consumer.received.length).toBeGreaterThan(50));
    mosquitto.freeze();
    await vi.waitFor(() => expect(deliverer.status().underWay).toBe(50));
    mosquitto.thaw();
    stop();
    await drained(outbox, consumer);
    expectComplete(consumer, outbox);
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
    expectComplete(consumer, outbox);
    expect(outbox.largestRead).toBeLessThanOrEqual(200);
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
    await vi.waitFor(() => expect(deliverer.status().delivered).toBe(1));
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
