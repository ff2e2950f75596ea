import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '#jidoka/base/clock.js';
import type { DiscoveryMessage } from '#jidoka/domain/discovery.js';
import { Connection } from '#jidoka/mqtt/connection.js';
import type { IncomingMessage } from '#jidoka/mqtt/message.js';
import { brokerAddress, type ConnectionConfig } from '#jidoka/mqtt/options.js';
import { MqttPublisher } from '#jidoka/mqtt/publisher.js';
import { exampleInspection, onlineStatus, outboxRecord, stationState } from '../../simulators/messages.js';
import { Mosquitto, mosquittoAbsent } from '../../simulators/mosquitto.js';
import { publisherOptions } from '../../simulators/mqtt-publisher-options.js';
import { Subscriber } from '../../simulators/mqtt-subscriber.js';

describe.skipIf(mosquittoAbsent)(`MQTT 5 on mosquitto${mosquittoAbsent ? ` (${mosquittoAbsent})` : ''}`, () => {
  let mosquitto: Mosquitto;
  let consumer: Subscriber;
  let closers: Array<() => Promise<unknown>>;

  beforeEach(async () => {
    mosquitto = await Mosquitto.start();
    consumer = await Subscriber.start(mosquitto.url, 'plant/line4/#');
    closers = [() => mosquitto.dispose(), () => consumer.stop()];
  });
  afterEach(async () => {
    for (const close of closers.reverse()) await close();
  });

  async function start(config: Partial<ConnectionConfig>, nowMs?: number): Promise<MqttPublisher> {
    const clock = nowMs === undefined ? systemClock : { ...systemClock, nowMs: () => nowMs };
    const publisher = new MqttPublisher(publisherOptions(mosquitto.url, config, { clock }));
    closers.push(() => publisher.stop(300));
    await publisher.start();
    await vi.waitFor(() => expect(publisher.status().state).toBe('connected'));
    return publisher;
  }

  it.each([
    ['the rest of its life', 100, 40],
    ['a second at least', 500, 1],
    ['no more than the whole where the clock was set back', -500, 60],
  ])('gives an inspection %s where messages expire', async (_, ageSeconds, left) => {
    const inspection = exampleInspection();
    const expireAfterSeconds = left === 40 ? 140 : 60;
    const publisher = await start({ expireAfterSeconds }, inspection.decidedAtMs + ageSeconds * 1000);
    await publisher.deliver(outboxRecord(1, 1, inspection));
    await vi.waitFor(() => expect(consumer.on('/inspection')).toHaveLength(1));
    const message = consumer.received.find(({ topic }) => topic.endsWith('/inspection'));
    expect(message?.packet.properties?.messageExpiryInterval).toBe(left);
  });

  it('sends a copy of a fail ahead of its turn on the urgent topic, and the message itself in its place', async () => {
    const publisher = await start({ failsFirst: true });
    const [first, second] = [outboxRecord(1, 1), outboxRecord(2, 2)];
    await publisher.hurry(second);
    await publisher.deliver(first);
    await publisher.deliver(second);
    await vi.waitFor(() => expect(consumer.on('/inspection')).toHaveLength(2));
    const [urgent, ...others] = consumer.received.filter(({ topic }) => topic.includes('bottle-neck'));
    expect(others.map(({ topic }) => topic)).toEqual(Array(2).fill('plant/line4/bottle-neck/inspection'));
    expect(urgent?.topic).toBe('plant/line4/bottle-neck/urgent');
    expect(urgent?.text).toBe(others[1]?.text);
    expect(urgent?.packet).toMatchObject({ qos: 1, retain: false });
    expect({ ...urgent?.packet.properties?.userProperties }).toMatchObject({ station: 'bottle-neck', seq: '2' });
  });

  it('cannot hurry without a connection, and says so', async () => {
    const publisher = new MqttPublisher(publisherOptions(mosquitto.url));
    await expect(publisher.hurry(outboxRecord(1, 1))).rejects.toMatchObject({ code: 'MQTT_NOT_CONNECTED' });
  });

  it('leaves the others in peace when the gateway is back within the delay of its will', async () => {
    const script = join(import.meta.dirname, '..', '..', 'simulators', 'publisher-process.mjs');
    const run = async (delaySeconds: number) => {
      const parameters = [script, mosquitto.url, String(delaySeconds)];
      const child = spawn(process.execPath, parameters, { stdio: ['ignore', 'pipe', 'inherit'] });
      await once(child.stdout, 'data');
      return child;
    };
    const states = () => consumer.on('/status').map(({ state }) => state);
    const first = await run(600);
    await vi.waitFor(() => expect(states()).toEqual(['online']));
    first.kill('SIGKILL');
    await once(first, 'exit');
    // This one has no delay: its will comes at once, and with it the end of what is to be seen.
    const second = await run(0);
    await vi.waitFor(() => expect(states()).toEqual(['online', 'online']), { timeout: 10_000 });
    second.kill('SIGKILL');
    await vi.waitFor(() => expect(states()).toEqual(['online', 'online', 'offline']), { timeout: 10_000 });
  });

  it('is told of what the gateway takes: larger messages are not sent to it, the connection stands', async () => {
    const received: IncomingMessage[] = [];
    const { config } = publisherOptions(mosquitto.url);
    const connection = await Connection.open(
      {
        address: brokerAddress(mosquitto.url, config, { clientId: 'listener' }, {}),
        protocol: '5',
        will: { topic: 'plant/line4/will', payload: new Uint8Array(), retain: false },
        window: 10,
        ackTimeoutMs: 5000,
        onMessage: (message) => received.push(message),
      },
      new AbortController().signal,
    );
    closers.push(() => connection.close(300));
    await connection.subscribe([{ topic: 'asked/#', qos: 1 }]);
    for (const bytes of [300_000, 10]) {
      await connection.publish({ topic: 'asked/for', payload: new Uint8Array(bytes), retain: false });
    }
    await vi.waitFor(() => expect(received.map(({ payload }) => payload.byteLength)).toEqual([10]));
    expect(connection.usable).toBe(true);
  });

  it('describes every topic to whoever comes, and anew when the model changes', async () => {
    let version = '1.2.0';
    const options = publisherOptions(mosquitto.url, { failsFirst: true }, { announceIntervalMs: 5 });
    const describe = () => {
      const { location, stations } = options.describe();
      const model = { name: 'bottle-neck', version, labels: ['good', 'chipped'], goodLabel: 'good' };
      return { location, stations: stations.map((station) => ({ ...station, model })) };
    };
    const publisher = new MqttPublisher({ ...options, describe });
    closers.push(() => publisher.stop(300));
    await publisher.start();
    publisher.announceStatus(onlineStatus());
    const discoveries = () => consumer.on('/discovery') as unknown as DiscoveryMessage[];
    await vi.waitFor(() => expect(discoveries()).toHaveLength(1));
    const state = stationState();
    publisher.announceState(state);
    version = '1.3.0';
    publisher.announceState({ ...state, model: { ...state.model, version } });
    await vi.waitFor(() => expect(discoveries()).toHaveLength(2));
    expect(discoveries().map(({ stations }) => stations[0]?.model?.version)).toEqual(['1.2.0', '1.3.0']);
    await publisher.deliver(outboxRecord(1, 1));
    await publisher.hurry(outboxRecord(2, 2));
    await vi.waitFor(() => expect(consumer.on('/urgent')).toHaveLength(1));
    const [discovery] = discoveries();
    // Whatever is on the wire is described, and the description of each holds.
    for (const { topic, text, packet } of consumer.received) {
      const described = discovery?.topics.find((entry) => entry.topic === topic);
      expect(described).toMatchObject({ direction: 'publish', qos: packet.qos, schema: JSON.parse(text).schema });
      const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
      addFormats.default(ajv);
      const validate = ajv.compile(discovery?.schemas?.[described?.schemaId ?? ''] ?? false);
      expect(validate(JSON.parse(text)), JSON.stringify(validate.errors)).toBe(true);
    }
    const late = await Subscriber.start(mosquitto.url, 'plant/line4/#');
    closers.push(() => late.stop());
    const retained = discovery?.topics.filter((entry) => entry.retained).map(({ topic }) => topic);
    await vi.waitFor(() => expect(late.received.map(({ topic }) => topic).sort()).toEqual(retained?.sort()));
  });
});
