import type { Metric, Payload, Value } from './payload.js';
import type { Message, Recording, WireEvent } from './recording.js';

const START_MS = 1_790_000_000_000;

type Body = WireEvent extends infer E ? (E extends WireEvent ? Omit<E, 'at' | 'server' | 'connection'> : never) : never;

interface Known {
  readonly alias: number;
  readonly name: string;
  readonly datatype: number;
}

const NODE_METRIC: Known = { alias: 1, name: 'Health', datatype: 12 };

/**
 * Writes recordings of an edge node that does everything right, without any edge node: what the checks are tried on,
 * as it is and with one thing wrong.
 */
export class ScriptedNode {
  readonly recording: Recording;
  #at = START_MS;
  #connection = -1;
  #server = 0;
  #bdSeq = -1;
  #seq = 0;
  #counter = 0;

  constructor(
    scenario: string,
    private readonly version: 4 | 5,
    node: string,
    host?: string,
  ) {
    this.recording = {
      scenario,
      group: 'g',
      node,
      devices: ['inlet', 'outlet'],
      ...(host !== undefined && { host }),
      startedAt: START_MS,
      events: [],
      witnessed: [],
    };
  }

  mark(text: string, device?: string): this {
    this.#at += 10;
    this.recording.events.push({ kind: 'mark', at: this.#at, text, ...(device !== undefined && { device }) });
    return this;
  }

  connect(server = 0): this {
    const { group, node, devices, host } = this.recording;
    this.#connection += 1;
    this.#server = server;
    this.#bdSeq = (this.#bdSeq + 1) % 256;
    this.#push({ kind: 'opened' });
    this.#push({
      kind: 'connect',
      version: this.version,
      clean: true,
      clientId: `client-${node}`,
      sessionExpiry: this.version === 5 ? 0 : undefined,
      will: this.#message('NDEATH', undefined, { metrics: [this.#bdSeqMetric()] }, 1),
    });
    this.#push({ kind: 'connack', code: 0 });
    const topics = [
      ...(host === undefined ? [] : [`spBv1.0/STATE/${host}`]),
      `spBv1.0/${group}/NCMD/${node}`,
      ...devices.map((device) => `spBv1.0/${group}/DCMD/${node}/${device}`),
    ].map((topic) => ({ topic, qos: 1 }));
    this.#push({ kind: 'subscribe', topics });
    this.#push({ kind: 'suback', granted: topics.map(() => 1) });
    return this;
  }

  births(devices: readonly string[] = this.recording.devices): this {
    const definition: Value = {
      field: 'template_value',
      value: {
        version: '1',
        isDefinition: true,
        metrics: [this.#metric(undefined, 'verdict', 12, text(''))],
        parameters: [],
      },
    };
    const metrics = [
      this.#bdSeqMetric(),
      this.#metric(undefined, 'Node Control/Rebirth', 11, { field: 'boolean_value', value: 'false' }),
      this.#metric(undefined, 'Inspection', 19, definition),
      this.#metric(NODE_METRIC.alias, NODE_METRIC.name, NODE_METRIC.datatype, text('ok')),
    ];
    this.#seq = 0;
    this.#send('NBIRTH', undefined, metrics);
    for (const device of devices) this.birth(device);
    return this;
  }

  birth(device: string): this {
    return this.#send('DBIRTH', device, this.#deviceMetrics(device, true));
  }

  data(device: string): this {
    return this.#send('DDATA', device, this.#deviceMetrics(device, false));
  }

  history(device: string): this {
    const metrics = this.#deviceMetrics(device, false);
    for (const metric of metrics) {
      metric.isHistorical = true;
      metric.timestamp = this.#at - 5_000;
    }
    return this.#send('DDATA', device, metrics);
  }

  nodeData(value: string): this {
    const metric = this.#metric(NODE_METRIC.alias, undefined, undefined, text(value));
    return this.#send('NDATA', undefined, [metric]);
  }

  deviceDeath(device: string): this {
    return this.#send('DDEATH', device, []);
  }

  /** A host's command, with or without timestamps at its metric. */
  command(type: 'NCMD' | 'DCMD', name: string, value: Value, timed: boolean, device?: string): this {
    const metric: Metric = { name, ...(timed && { timestamp: this.#at }), datatype: 11, values: [value] };
    const message = this.#message(type, device, { timestamp: this.#at, metrics: [metric] }, 0);
    return this.#push({ kind: 'publish', from: 'broker', message });
  }

  threshold(device: string, value: string): this {
    const metric = this.#metric(aliasOf(device, 2), undefined, undefined, { field: 'double_value', value });
    return this.#send('DDATA', device, [metric]);
  }

  state(host: string, online: boolean, timestamp: number): this {
    const message: Message = {
      topic: `spBv1.0/STATE/${host}`,
      qos: 1,
      retain: false,
      payload: undefined,
      text: JSON.stringify({ online, timestamp }),
    };
    return this.#push({ kind: 'publish', from: 'broker', message });
  }

  leave(): this {
    const message = this.#message('NDEATH', undefined, { metrics: [this.#bdSeqMetric()] }, 1);
    this.#push({ kind: 'publish', from: 'edge', message });
    return this.goodbye();
  }

  goodbye(): this {
    this.#push({ kind: 'disconnect', from: 'edge', reason: this.version === 5 ? 4 : undefined });
    return this.cut();
  }

  cut(): this {
    return this.#push({ kind: 'closed' });
  }

  #deviceMetrics(device: string, birth: boolean): Metric[] {
    this.#counter += 1;
    const verdict = this.#metric(undefined, 'verdict', 12, text('pass'));
    const template: Value = {
      field: 'template_value',
      value: { version: '1', ref: 'Inspection', isDefinition: false, metrics: [verdict], parameters: [] },
    };
    const give = (index: number, name: string, datatype: number, value: Value): Metric =>
      this.#metric(aliasOf(device, index), birth ? name : undefined, birth ? datatype : undefined, value);
    const seq = give(0, 'Sequence', 8, { field: 'long_value', value: String(this.#counter) });
    const quality: Value = { field: 'int_value', value: '500' };
    seq.properties = { keys: ['Quality'], values: [{ type: 3, isNull: false, values: [quality] }] };
    return [
      seq,
      give(1, 'Result', 19, template),
      ...(birth ? [give(2, 'Threshold', 10, { field: 'double_value', value: '0.5' })] : []),
    ];
  }

  #metric(alias: number | undefined, name: string | undefined, datatype: number | undefined, value: Value): Metric {
    return {
      ...(name !== undefined && { name }),
      ...(alias !== undefined && { alias }),
      timestamp: this.#at,
      ...(datatype !== undefined && { datatype }),
      values: [value],
    };
  }

  #bdSeqMetric(): Metric {
    return this.#metric(undefined, 'bdSeq', 4, { field: 'long_value', value: String(this.#bdSeq) });
  }

  #send(type: string, device: string | undefined, metrics: Metric[]): this {
    const seq = this.#seq;
    this.#seq = (this.#seq + 1) % 256;
    const message = this.#message(type, device, { timestamp: this.#at, seq, metrics }, 0);
    return this.#push({ kind: 'publish', from: 'edge', message });
  }

  #message(type: string, device: string | undefined, payload: Omit<Payload, 'unknown'>, qos: number): Message {
    const { group, node } = this.recording;
    const topic = ['spBv1.0', group, type, node, ...(device === undefined ? [] : [device])].join('/');
    return { topic, qos, retain: false, payload: { ...payload, unknown: [] }, text: '' };
  }

  #push(body: Body): this {
    this.#at += 10;
    this.recording.events.push({ ...body, at: this.#at, server: this.#server, connection: this.#connection });
    return this;
  }
}

function text(value: string): Value {
  return { field: 'string_value', value };
}

/** Aliases of the devices lie apart from each other's and from the node's. */
function aliasOf(device: string, index: number): number {
  return (device === 'inlet' ? 10 : 20) + index;
}

/** All scenarios as an edge node without a fault would play them. */
export function faultless(): Recording[] {
  const whole = new ScriptedNode('whole', 5, 'n1').connect().births();
  for (let part = 0; part < 150; part += 1) whole.data('inlet').data('outlet');
  const yes: Value = { field: 'boolean_value', value: 'true' };
  whole.nodeData('degraded').nodeData('ok').mark('idle').mark('busy').data('inlet');
  whole.command('NCMD', 'Node Control/Rebirth', yes, true).births().data('inlet');
  whole.command('NCMD', 'Node Control/Rebirth', yes, false).births().data('inlet');
  whole
    .command('DCMD', 'Threshold', { field: 'double_value', value: '0.75' }, true, 'inlet')
    .threshold('inlet', '0.75');
  whole.mark('camera lost', 'outlet').deviceDeath('outlet').data('inlet').mark('camera back', 'outlet').birth('outlet');
  whole.data('outlet').cut().connect().births().history('inlet').data('inlet').mark('stop').leave();
  const old = new ScriptedNode('old', 4, 'n2').connect().births().data('inlet').mark('stop').leave();
  const host = new ScriptedNode('host', 5, 'n3', 'scada').connect(0).mark('other host online');
  host.state('scada', false, 1_000).goodbye().connect(1).state('scada', false, 2_000).state('scada', true, 1_500);
  host.goodbye().connect(0).state('scada', true, 3_000).births().data('inlet');
  host.state('scada', false, 2_500).data('inlet').state('scada', false, 4_000).leave();
  host.connect(1).state('scada', true, 4_000).births().data('inlet').mark('stop').leave();
  return [whole.recording, old.recording, host.recording];
}
