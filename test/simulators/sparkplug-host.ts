import { connectAsync, type IPublishPacket, type MqttClient } from 'mqtt';

/** A metric as it stands on the wire; names of data come from the births seen before. */
export interface HostMetric {
  readonly name: string;
  readonly named: boolean;
  readonly alias: number | undefined;
  readonly timestamp: number | undefined;
  readonly datatype: number | undefined;
  readonly historical: boolean;
  readonly isNull: boolean;
  readonly value: number | boolean | string | HostTemplate | undefined;
  readonly properties: ReadonlyMap<string, number | boolean | string | undefined>;
}

export interface HostTemplate {
  readonly version: string | undefined;
  readonly ref: string | undefined;
  readonly isDefinition: boolean | undefined;
  readonly members: readonly HostMetric[];
}

export interface HostMessage {
  readonly type: string;
  readonly device: string | undefined;
  readonly qos: number;
  readonly retain: boolean;
  readonly seq: number | undefined;
  readonly timestamp: number | undefined;
  readonly metrics: readonly HostMetric[];
}

type Fields = ReadonlyMap<number, readonly (bigint | Uint8Array)[]>;

/** Protobuf's wire format, and nothing of Sparkplug: field numbers with their raw values. */
function fieldsOf(bytes: Uint8Array): Fields {
  const fields = new Map<number, (bigint | Uint8Array)[]>();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) throw new Error('a varint beyond the end');
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  const take = (length: number): Uint8Array => {
    if (at + length > bytes.length) throw new Error('a field beyond the end');
    at += length;
    return bytes.subarray(at - length, at);
  };
  while (at < bytes.length) {
    const key = Number(varint());
    const kind = key & 7;
    const value = kind === 0 ? varint() : take(kind === 1 ? 8 : kind === 5 ? 4 : Number(varint()));
    fields.set(key >> 3, [...(fields.get(key >> 3) ?? []), value]);
  }
  return fields;
}

const number = (fields: Fields, id: number): number | undefined => {
  const value = fields.get(id)?.[0];
  return typeof value === 'bigint' ? Number(value) : undefined;
};
const bytes = (fields: Fields, id: number): Uint8Array | undefined => {
  const value = fields.get(id)?.[0];
  return value instanceof Uint8Array ? value : undefined;
};
const text = (fields: Fields, id: number): string | undefined => {
  const value = bytes(fields, id);
  return value === undefined ? undefined : Buffer.from(value).toString('utf8');
};
const flag = (fields: Fields, id: number): boolean | undefined => {
  const value = number(fields, id);
  return value === undefined ? undefined : value === 1;
};
const view = (value: Uint8Array): DataView => new DataView(value.buffer, value.byteOffset, value.byteLength);

/** int, long, float, double, boolean, string from `first` on. */
function plainValue(fields: Fields, first: number): number | boolean | string | undefined {
  const float = bytes(fields, first + 2);
  const double = bytes(fields, first + 3);
  return (
    number(fields, first) ??
    number(fields, first + 1) ??
    (float && view(float).getFloat32(0, true)) ??
    (double && view(double).getFloat64(0, true)) ??
    flag(fields, first + 4) ??
    text(fields, first + 5)
  );
}

function metricOf(raw: Uint8Array, names: ReadonlyMap<number, string>): HostMetric {
  const fields = fieldsOf(raw);
  const alias = number(fields, 2);
  const name = text(fields, 1);
  const properties = bytes(fields, 9);
  const template = bytes(fields, 18);
  return {
    name: name ?? (alias === undefined ? '' : (names.get(alias) ?? `unknown alias ${alias}`)),
    named: name !== undefined,
    alias,
    timestamp: number(fields, 3),
    datatype: number(fields, 4),
    historical: flag(fields, 5) ?? false,
    isNull: flag(fields, 7) ?? false,
    value: template === undefined ? plainValue(fields, 10) : templateOf(template, names),
    properties: properties === undefined ? new Map() : propertiesOf(properties),
  };
}

function templateOf(raw: Uint8Array, names: ReadonlyMap<number, string>): HostTemplate {
  const fields = fieldsOf(raw);
  return {
    version: text(fields, 1),
    ref: text(fields, 4),
    isDefinition: flag(fields, 5),
    members: (fields.get(2) ?? []).map((member) => metricOf(member as Uint8Array, names)),
  };
}

function propertiesOf(raw: Uint8Array): Map<string, number | boolean | string | undefined> {
  const fields = fieldsOf(raw);
  const values = (fields.get(2) ?? []).map((value) => plainValue(fieldsOf(value as Uint8Array), 3));
  const keys = (fields.get(1) ?? []).map((key) => Buffer.from(key as Uint8Array).toString('utf8'));
  if (keys.length !== values.length) throw new Error('a property set with another number of keys than of values');
  return new Map(keys.map((key, index) => [key, values[index]]));
}

/** Reads a payload as a host would; `names` holds what each alias stands for and grows with births. */
export function readPayload(
  topic: string,
  payload: Uint8Array,
  packet: Pick<IPublishPacket, 'qos' | 'retain'>,
  names: Map<number, string>,
): HostMessage {
  const [, , type = '', , device] = topic.split('/');
  const fields = fieldsOf(payload);
  const metrics = (fields.get(2) ?? []).map((raw) => metricOf(raw as Uint8Array, names));
  if (type.endsWith('BIRTH')) {
    for (const { alias, name } of metrics) if (alias !== undefined) names.set(alias, name);
  }
  const { qos, retain } = packet;
  return { type, device, qos, retain, seq: number(fields, 3), timestamp: number(fields, 1), metrics };
}

function varint(value: number): number[] {
  const out: number[] = [];
  let rest = BigInt(value);
  do {
    out.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
    rest >>= 7n;
  } while (rest > 0n);
  return out;
}

const block = (id: number, content: readonly number[]): number[] => [
  ...varint((id << 3) | 2),
  ...varint(content.length),
  ...content,
];
const string = (id: number, value: string): number[] => block(id, [...Buffer.from(value)]);

/** A command as hosts send it: without a data type. */
export function commandPayload(
  metrics: readonly { name?: string; alias?: number; value: boolean | string | number }[],
): Buffer {
  const now = [...varint(1 << 3), ...varint(Date.now())];
  const encoded = metrics.flatMap(({ name, alias, value }) => {
    const double = new Uint8Array(new Float64Array([Number(value)]).buffer);
    return block(2, [
      ...(name === undefined ? [] : string(1, name)),
      ...(alias === undefined ? [] : [...varint(2 << 3), ...varint(alias)]),
      ...(typeof value === 'boolean'
        ? [...varint(14 << 3), value ? 1 : 0]
        : typeof value === 'string'
          ? string(15, value)
          : [...varint((13 << 3) | 1), ...double]),
    ]);
  });
  return Buffer.from([...now, ...encoded]);
}

/** A host application, written from the specification alone: it knows nothing of how jidoka makes its messages. */
export class SparkplugHost {
  readonly messages: HostMessage[] = [];
  readonly #names = new Map<number, string>();

  private constructor(
    private readonly client: MqttClient,
    private readonly group: string,
    private readonly node: string,
  ) {
    client.on('message', (topic, payload, packet) => {
      if (!/\/STATE\/|CMD\//.test(topic)) this.messages.push(readPayload(topic, payload, packet, this.#names));
    });
  }

  static async start(url: string, group: string, node: string): Promise<SparkplugHost> {
    const client = await connectAsync(url, {
      clientId: `host-${Math.random().toString(16).slice(2)}`,
      reconnectPeriod: 20,
    });
    const host = new SparkplugHost(client, group, node);
    await client.subscribeAsync('spBv1.0/#', { qos: 1 });
    return host;
  }

  /** Messages of these types, in order of arrival. */
  of(...types: readonly string[]): readonly HostMessage[] {
    return this.messages.filter(({ type }) => types.includes(type));
  }

  async state(hostId: string, online: boolean, timestamp: number): Promise<void> {
    const payload = JSON.stringify({ online, timestamp });
    await this.client.publishAsync(`spBv1.0/STATE/${hostId}`, payload, { qos: 1, retain: true });
  }

  async command(device: string | undefined, payload: Buffer): Promise<void> {
    const topic = device === undefined ? `NCMD/${this.node}` : `DCMD/${this.node}/${device}`;
    await this.client.publishAsync(`spBv1.0/${this.group}/${topic}`, payload, { qos: 0, retain: false });
  }

  aliasOf(name: string): number | undefined {
    return [...this.#names].find(([, known]) => known === name)?.[0];
  }

  async stop(): Promise<void> {
    await this.client.endAsync(true);
  }
}

/** Gaps in the sequence numbers of one connection, in words; a birth of the node begins anew with 0. */
export function gaps(messages: readonly HostMessage[]): readonly string[] {
  let last: number | undefined;
  return messages.flatMap(({ type, seq }) => {
    if (type === 'NDEATH') return seq === undefined ? [] : ['NDEATH with a number'];
    const expected = type === 'NBIRTH' ? 0 : last === undefined ? undefined : (last + 1) % 256;
    last = seq;
    return seq === expected ? [] : [`${type} has ${seq}, not ${expected}`];
  });
}

export function metric(message: HostMessage | undefined, name: string): HostMetric | undefined {
  return message?.metrics.find((entry) => entry.name === name);
}
