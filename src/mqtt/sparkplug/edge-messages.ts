import type { Clock } from '../../base/clock.js';
import type { CommandName } from '../../domain/command.js';
import type { InspectionMessage } from '../../domain/message.js';
import type { StatusMessage } from '../../domain/state.js';
import type { Lane } from '../../ports/publisher.js';
import type { OutgoingMessage } from '../message.js';
import { encodePayload, type Form } from './codec.js';
import { type DeviceDescription, DeviceMetrics } from './device-metrics.js';
import { Aliases } from './metric-table.js';
import { bdSeqMetric, NodeMetrics } from './node-metrics.js';
import type { Metric } from './payload.js';
import type { SessionAction, SessionState } from './session.js';
import type { SparkplugTopics } from './topics.js';

export type PublishAction = Extract<SessionAction, { kind: 'publish' }>;

/** What the node and its devices know, and the messages that are made of it. */
export class EdgeMessages {
  readonly node: NodeMetrics;
  readonly #devices = new Map<string, DeviceMetrics>();
  readonly #aliases = new Aliases();

  constructor(
    private readonly topics: SparkplugTopics,
    identity: Pick<StatusMessage, 'gateway' | 'version' | 'startedAt'>,
    devices: readonly DeviceDescription[],
    private readonly allowed: ReadonlySet<CommandName>,
    private readonly clock: Clock,
  ) {
    this.node = new NodeMetrics(identity, this.#aliases, () => clock.nowMs());
    for (const device of devices) this.add(device);
  }

  get devices(): ReadonlyMap<string, DeviceMetrics> {
    return this.#devices;
  }

  add(description: DeviceDescription): DeviceMetrics {
    const device = new DeviceMetrics(description, this.allowed, this.#aliases, () => this.clock.nowMs());
    this.#devices.set(description.name, device);
    return device;
  }

  death(bdSeq: number): OutgoingMessage {
    const timestampMs = this.clock.nowMs();
    const payload = encodePayload({ timestampMs, metrics: [bdSeqMetric(bdSeq, timestampMs)] }, 'birth');
    return { topic: this.topics.node('NDEATH'), payload, retain: false, qos: 1 };
  }

  /** The message of an action; `before` is the state before it. Changes that it tells count as told. */
  of(action: PublishAction, bdSeq: number, before: SessionState): OutgoingMessage {
    switch (action.message) {
      case 'NDEATH':
        return this.death(bdSeq);
      case 'NBIRTH':
        return this.#message(this.topics.node('NBIRTH'), this.node.birth(bdSeq), 'birth', action.seq);
      case 'NDATA':
        return this.#message(this.topics.node('NDATA'), this.node.changes(), 'data', action.seq);
      default:
        return this.#ofDevice(action, before.devices.get(action.device)?.born !== true);
    }
  }

  /** The data of one inspection. */
  inspection(device: DeviceMetrics, message: InspectionMessage, lane: Lane, seq: number): OutgoingMessage {
    const metrics = lane === 'history' ? device.history(message) : device.inspection(message);
    return this.#message(this.topics.device('DDATA', message.station), metrics, 'data', seq);
  }

  #ofDevice(action: Extract<PublishAction, { device: string }>, fresh: boolean): OutgoingMessage {
    const topic = this.topics.device(action.message, action.device);
    const device = this.#devices.get(action.device);
    switch (action.message) {
      case 'DBIRTH':
        return this.#message(topic, device?.birth(fresh) ?? [], 'birth', action.seq);
      case 'DDATA':
        return this.#message(topic, device?.changes() ?? [], 'data', action.seq);
      case 'DDEATH':
        return this.#message(topic, [], 'data', action.seq);
    }
  }

  #message(topic: string, metrics: readonly Metric[], form: Form, seq: number): OutgoingMessage {
    const payload = encodePayload({ timestampMs: this.clock.nowMs(), seq, metrics }, form);
    return { topic, payload, retain: false, qos: 0 };
  }
}
