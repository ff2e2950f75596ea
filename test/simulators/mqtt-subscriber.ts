import { connectAsync, type IPublishPacket, type MqttClient } from 'mqtt';

export interface Received {
  readonly topic: string;
  readonly text: string;
  readonly packet: IPublishPacket;
}

/**
 * A consumer as SCADA would run one: with a session that outlives its own and the broker's restarts where the broker
 * keeps sessions. It collects all it gets.
 */
export class Subscriber {
  readonly received: Received[] = [];

  private constructor(private readonly client: MqttClient) {
    client.on('message', (topic, payload, packet) => {
      this.received.push({ topic, text: payload.toString(), packet });
    });
  }

  static async start(
    url: string,
    filter = '#',
    credentials: { username?: string; password?: string } = {},
  ): Promise<Subscriber> {
    const client = await connectAsync(url, {
      ...credentials,
      clientId: `consumer-${Math.random().toString(16).slice(2)}`,
      protocolVersion: 5,
      clean: false,
      properties: { sessionExpiryInterval: 600, receiveMaximum: 65_535 },
      reconnectPeriod: 50,
    });
    const subscriber = new Subscriber(client);
    await client.subscribeAsync(filter, { qos: 1 });
    return subscriber;
  }

  /** The JSON of every message on topics that end so, in order of arrival. */
  on(topicEnd: string): Record<string, unknown>[] {
    return this.received
      .filter(({ topic }) => topic.endsWith(topicEnd))
      .map(({ text }) => JSON.parse(text) as Record<string, unknown>);
  }

  async stop(): Promise<void> {
    await this.client.endAsync(true);
  }
}
