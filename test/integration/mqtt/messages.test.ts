import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MqttPublisher } from '#jidoka/mqtt/publisher.js';
import {
  exampleInspection,
  onlineStatus,
  outboxRecord,
  stationState,
  unjudgedInspection,
} from '../../simulators/messages.js';
import { Mosquitto, mosquittoAbsent } from '../../simulators/mosquitto.js';
import { publisherOptions } from '../../simulators/mqtt-publisher-options.js';
import { type Received, Subscriber } from '../../simulators/mqtt-subscriber.js';

const schemas = join(import.meta.dirname, '..', '..', '..', 'docs', 'schemas');
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });
addFormats.default(ajv);

function expectValid(message: Received | undefined, file: string): void {
  const validate = ajv.getSchema(file) ?? ajv.addSchema(readSchema(file), file).getSchema(file);
  expect(validate?.(JSON.parse(message?.text ?? 'null')), JSON.stringify(validate?.errors)).toBe(true);
}

function readSchema(file: string): object {
  return JSON.parse(readFileSync(join(schemas, file), 'utf8'));
}

describe.skipIf(mosquittoAbsent)(`messages on mosquitto${mosquittoAbsent ? ` (${mosquittoAbsent})` : ''}`, () => {
  let mosquitto: Mosquitto;
  let consumer: Subscriber;
  const publishers: MqttPublisher[] = [];

  beforeEach(async () => {
    mosquitto = await Mosquitto.start();
    consumer = await Subscriber.start(mosquitto.url, 'plant/line4/#');
  });
  afterEach(async () => {
    await Promise.all(publishers.splice(0).map((publisher) => publisher.stop(500)));
    await consumer.stop();
    await mosquitto.dispose();
  });

  async function connectedPublisher(protocol: 'auto' | '3.1.1' = 'auto'): Promise<MqttPublisher> {
    const publisher = new MqttPublisher(publisherOptions(mosquitto.url, { protocol }));
    publishers.push(publisher);
    await publisher.start();
    await vi.waitFor(() => expect(publisher.status().state).toBe('connected'));
    return publisher;
  }

  const on = (topic: string) => consumer.received.filter((message) => message.topic === topic);
  const lateConsumer = async (topic: string): Promise<Received | undefined> => {
    const late = await Subscriber.start(mosquitto.url, topic);
    await vi.waitFor(() => expect(late.received).toHaveLength(1));
    await late.stop();
    return late.received[0];
  };

  it('has inspections at QoS 1, not retained, with the properties of MQTT 5, valid against the schema', async () => {
    const publisher = await connectedPublisher();
    await publisher.deliver(outboxRecord(1, 1, exampleInspection()));
    await publisher.deliver(outboxRecord(2, 2, unjudgedInspection()));
    const topic = 'plant/line4/bottle-neck/inspection';
    await vi.waitFor(() => expect(on(topic)).toHaveLength(2));
    for (const message of on(topic)) {
      expectValid(message, 'inspection.v1.json');
      expect(message.packet).toMatchObject({ qos: 1, retain: false });
      const { properties } = message.packet;
      expect(properties).toMatchObject({ contentType: 'application/json', payloadFormatIndicator: true });
      const { station, verdict, id, seq } = JSON.parse(message.text);
      const expected = { schema: 'jidoka.inspection/1', station, verdict, id, seq: String(seq) };
      expect({ ...properties?.userProperties }).toEqual(expected);
      expect(properties?.messageExpiryInterval).toBeUndefined();
    }
  });

  it.each(['auto', '3.1.1'] as const)('has status and state retained and valid, with protocol %s', async (protocol) => {
    const publisher = await connectedPublisher(protocol);
    publisher.announceStatus(onlineStatus());
    publisher.announceState(stationState());
    await vi.waitFor(() => expect(consumer.received).toHaveLength(3));
    const status = await lateConsumer('plant/line4/status');
    const state = await lateConsumer('plant/line4/bottle-neck/state');
    expectValid(status, 'status.v1.json');
    expectValid(state, 'state.v1.json');
    for (const message of [status, state]) expect(message?.packet).toMatchObject({ qos: 1, retain: true });
  });

  it('sends the newest of a burst of states, not all of them, and does not hold deliveries up', async () => {
    const publisher = await connectedPublisher();
    for (let total = 1; total <= 300; total += 1) {
      publisher.announceState(stationState({ counts: { pass: total, fail: 0, review: 0, total } }));
      await publisher.deliver(outboxRecord(total, total));
    }
    const topic = 'plant/line4/bottle-neck/state';
    await vi.waitFor(() => expect(on(topic).at(-1)?.text).toContain('"total":300'), { timeout: 5000 });
    expect(on('plant/line4/bottle-neck/inspection')).toHaveLength(300);
    expect(on(topic).length).toBeLessThan(100);
  });

  it('says offline when the agent stops, and the broker throws the will away', async () => {
    const publisher = await connectedPublisher();
    publisher.announceStatus(onlineStatus());
    await vi.waitFor(() => expect(on('plant/line4/status')).toHaveLength(1));
    const deliveries = Array.from({ length: 30 }, (_, index) => publisher.deliver(outboxRecord(index, index + 1)));
    await publisher.stop(5000);
    await Promise.all(deliveries);
    const last = await lateConsumer('plant/line4/status');
    expectValid(last, 'status.v1.json');
    expect(JSON.parse(last?.text ?? '')).toMatchObject({ state: 'offline', health: 'ok', troubles: [] });
    expect(consumer.on('/status').map(({ state }) => state)).toEqual(['online', 'offline']);
    expect(mosquitto.log).toContain('Received DISCONNECT from jidoka-line4');
  });

  it('says offline by the will when the agent is killed, and online again when it is back', async () => {
    const script = join(import.meta.dirname, '..', '..', 'simulators', 'publisher-process.mjs');
    const child = spawn(process.execPath, [script, mosquitto.url], { stdio: ['ignore', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    await vi.waitFor(() => expect(consumer.on('/status')).toHaveLength(1));
    child.kill('SIGKILL');
    await vi.waitFor(() => expect(consumer.on('/status')).toHaveLength(2));
    const will = await lateConsumer('plant/line4/status');
    expectValid(will, 'status.v1.json');
    expect(will?.packet).toMatchObject({ qos: 1, retain: true });
    expect(will?.packet.properties?.userProperties).toEqual({ schema: 'jidoka.status/1' });
    const offline = JSON.parse(will?.text ?? '');
    expect(offline).toMatchObject({ state: 'offline', gateway: 'line4', health: 'degraded' });
    expect(offline.troubles[0].text).toContain('without saying goodbye');
    const publisher = await connectedPublisher();
    publisher.announceStatus(onlineStatus());
    await vi.waitFor(() => expect(consumer.on('/status').at(-1)?.['state']).toBe('online'));
    // Never older than the offline before it.
    expect(String(consumer.on('/status').at(-1)?.['at']) >= offline.at).toBe(true);
  });

  it('stops within its time when the broker is frozen', async () => {
    const publisher = await connectedPublisher();
    mosquitto.freeze();
    const delivery = publisher.deliver(outboxRecord(1, 1)).catch((error: unknown) => error);
    await publisher.stop(100);
    expect(await delivery).toMatchObject({ consequence: 'transient' });
    expect(publisher.status().state).toBe('stopped');
  });

  it('tells of a retained topic that the broker refuses', async () => {
    const guarded = await Mosquitto.start({ acl: ['topic write plant/line4/+/inspection', 'topic read #'] });
    const publisher = new MqttPublisher(publisherOptions(guarded.url));
    publisher.announceStatus(onlineStatus());
    await publisher.start();
    await vi.waitFor(() =>
      expect(publisher.status().text).toMatch(/But plant\/line4\/status was refused: MQTT_TOPIC_REFUSED/),
    );
    expect(publisher.status().state).toBe('connected');
    await publisher.deliver(outboxRecord(1, 1));
    await publisher.stop(500);
    await guarded.dispose();
  });
});
