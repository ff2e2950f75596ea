import { connectAsync, type MqttClient } from 'mqtt';
import { describe } from 'vitest';
import { MqttPublisher } from '#jidoka/mqtt/publisher.js';
import { type PublisherWorld, publisherContract } from '../../contract/publisher.js';
import { AedesBroker } from '../../simulators/aedes-broker.js';
import { Mosquitto, mosquittoAbsent } from '../../simulators/mosquitto.js';
import { publisherOptions } from '../../simulators/mqtt-publisher-options.js';

interface Broker {
  readonly url: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  dispose(): Promise<void>;
}

/** A subscriber that is there as soon as the broker is, before the publisher gets a word in. */
async function worldWith(broker: Broker, protocol: 'auto' | '5' | '3.1.1'): Promise<PublisherWorld> {
  const arrived: string[] = [];
  let consumer: MqttClient | undefined;
  let late: MqttClient | undefined;
  const close = async () => {
    await consumer?.endAsync(true);
    await late?.endAsync(true);
    consumer = undefined;
    late = undefined;
  };
  return {
    publisher: new MqttPublisher(publisherOptions(broker.url, { protocol })),
    up: async () => {
      await broker.start();
      consumer = await connectAsync(broker.url, { reconnectPeriod: 0 });
      consumer.on('message', (topic, payload) => {
        if (topic.endsWith('/inspection')) arrived.push(payload.toString());
      });
      await consumer.subscribeAsync('plant/line4/+/inspection', { qos: 1 });
    },
    down: async () => {
      await broker.stop();
      await close();
    },
    arrived: () => arrived,
    lateConsumer: async () => {
      const known = new Map<string, string>();
      late = await connectAsync(broker.url, { reconnectPeriod: 0 });
      late.on('message', (topic, payload) => known.set(topic, payload.toString()));
      await late.subscribeAsync('plant/line4/#', { qos: 1 });
      return known;
    },
    dispose: async () => {
      await close();
      await broker.dispose();
    },
  };
}

describe.skipIf(mosquittoAbsent)(`mosquitto${mosquittoAbsent ? ` (${mosquittoAbsent})` : ''}`, () => {
  const broker = async (): Promise<Broker> => {
    const mosquitto = await Mosquitto.start();
    await mosquitto.stop();
    return {
      url: mosquitto.url,
      start: () => mosquitto.restart(),
      stop: () => mosquitto.stop(),
      dispose: () => mosquitto.dispose(),
    };
  };
  publisherContract('MqttPublisher with MQTT 5', async () => worldWith(await broker(), '5'));
  publisherContract('MqttPublisher with MQTT 3.1.1', async () => worldWith(await broker(), '3.1.1'));
});

describe('aedes, which refuses MQTT 5', () => {
  publisherContract('MqttPublisher', async () => {
    const aedes = await AedesBroker.onFreePort();
    const broker = {
      url: aedes.url,
      start: () => aedes.start(),
      stop: () => aedes.stop(),
      dispose: () => aedes.stop(),
    };
    return worldWith(broker, 'auto');
  });
});
