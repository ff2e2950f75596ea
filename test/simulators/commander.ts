import { connectAsync, type IClientPublishOptions, type MqttClient } from 'mqtt';
import { COMMAND_SCHEMA, type CommandResultMessage } from '#jidoka/mqtt/commands-payload.js';

export interface Answer {
  readonly topic: string;
  readonly message: CommandResultMessage;
  readonly correlationData: string | undefined;
}

/** SCADA as it gives commands over MQTT 5: each on its topic, the answers collected from wherever they come. */
export class Commander {
  readonly answers: Answer[] = [];
  readonly bytes: { readonly topic: string; readonly payload: Buffer; readonly contentType: string | undefined }[] = [];
  readonly latest = new Map<string, Record<string, unknown>>();
  #waiting: (() => void)[] = [];
  #ids = 0;

  private constructor(
    private readonly client: MqttClient,
    private readonly base: string,
  ) {}

  static async connect(url: string, base: string): Promise<Commander> {
    const client = await connectAsync(url, { protocolVersion: 5, clientId: 'scada', reconnectPeriod: 0 });
    const commander = new Commander(client, base);
    client.on('message', (topic, payload, { properties }) => {
      if (topic.endsWith('/snapshot')) {
        commander.bytes.push({ topic, payload, contentType: properties?.contentType });
      } else if (topic.includes('/command/') || topic.startsWith('answers/')) {
        const correlationData = properties?.correlationData?.toString();
        commander.answers.push({ topic, message: JSON.parse(payload.toString()), correlationData });
      } else if (!topic.endsWith('/command')) commander.latest.set(topic, JSON.parse(payload.toString()));
      for (const look of commander.#waiting.splice(0)) look();
    });
    await client.subscribeAsync(['#'], { qos: 1 });
    return commander;
  }

  /** Sends a command in its form and resolves with its answer. */
  async give(station: string | null, command: string, given: object = {}, more: object = {}): Promise<Answer> {
    this.#ids += 1;
    const id = `c-${this.#ids}`;
    const payload = { schema: COMMAND_SCHEMA, id, command, arguments: given, ...more };
    await this.send(station, JSON.stringify(payload));
    return this.answer('id' in more ? String(more.id) : id);
  }

  async send(station: string | null, payload: string | Buffer, options: IClientPublishOptions = {}): Promise<void> {
    const topic = station === null ? `${this.base}/command` : `${this.base}/${station}/command`;
    await this.client.publishAsync(topic, payload, { qos: 1, ...options });
  }

  /** Resolves with the first answer to the id, past or coming. */
  async answer(id: string): Promise<Answer> {
    return this.until(() => this.answers.find(({ message }) => message.id === id));
  }

  /** Resolves with what `find` finds, now or after a later message. */
  async until<T>(find: () => T | undefined): Promise<T> {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async end(): Promise<void> {
    await this.client.endAsync(true);
  }
}
