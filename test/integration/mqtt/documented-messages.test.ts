import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { MqttPublisher } from '#jidoka/mqtt/publisher.js';
import { documentedInspection, EXAMPLE_SEQ, exampleMessages } from '../../../scripts/docs/example-messages.js';
import { outboxRecord } from '../../simulators/messages.js';
import { Mosquitto, mosquittoAbsent } from '../../simulators/mosquitto.js';
import { publisherOptions } from '../../simulators/mqtt-publisher-options.js';
import { Subscriber } from '../../simulators/mqtt-subscriber.js';

it.skipIf(mosquittoAbsent)('docs/mqtt.md shows what a broker really gets', async () => {
  const page = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'mqtt.md'), 'utf8');
  const shown = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json]) => JSON.parse(json ?? ''));
  const mosquitto = await Mosquitto.start();
  const consumer = await Subscriber.start(mosquitto.url, 'plant/line4/#');
  // A clock before the status, so that the status keeps its own time.
  const clock = { nowMs: () => 0, monotonicMs: () => performance.now() };
  const publisher = new MqttPublisher(publisherOptions(mosquitto.url, {}, { clock }));
  try {
    await publisher.start();
    await vi.waitFor(() => expect(publisher.status().state).toBe('connected'));
    const { status, state } = exampleMessages();
    publisher.announceStatus(status);
    publisher.announceState(state);
    await publisher.deliver(outboxRecord(1, EXAMPLE_SEQ, documentedInspection()));
    await vi.waitFor(() => expect(consumer.received).toHaveLength(4), { timeout: 5000 });
    for (const example of shown) {
      const real = consumer.received
        .map(({ text }) => JSON.parse(text))
        .find(({ schema }) => schema === example.schema);
      // The schemas are too long for the page: their ids stand for them.
      if ('schemas' in real) real.schemas = Object.fromEntries(Object.keys(real.schemas).map((id) => [id, {}]));
      expect(real).toEqual(example);
    }
    expect(new Set(shown.map(({ schema }) => schema))).toEqual(
      new Set(consumer.received.map(({ text }) => JSON.parse(text).schema)),
    );
  } finally {
    await publisher.stop(300);
    await consumer.stop();
    await mosquitto.dispose();
  }
});
