import type { ShedCount } from '../../domain/outbox.js';
import type { StatusMessage } from '../../domain/state.js';
import { INSPECTION_TEMPLATE, inspectionTemplate } from './inspection.js';
import { type Aliases, type Definition, MetricTable } from './metric-table.js';
import { DataType, type Metric, type MetricValue } from './payload.js';

export const BDSEQ = 'bdSeq';
export const REBIRTH = 'Node Control/Rebirth';

const DEFINITIONS: readonly Definition[] = [
  { name: REBIRTH, type: DataType.Boolean, writable: true, withoutAlias: true },
  { name: INSPECTION_TEMPLATE, type: DataType.Template, withoutAlias: true },
  { name: 'Node Info/Gateway', type: DataType.String },
  { name: 'Node Info/Software', type: DataType.String },
  { name: 'Node Info/Version', type: DataType.String },
  { name: 'Node Info/Started At', type: DataType.DateTime },
  { name: 'Health/State', type: DataType.String },
  { name: 'Health/Troubles', type: DataType.String },
  { name: 'Outbox/Waiting Rows', type: DataType.Int64 },
  { name: 'Outbox/Shed Passes', type: DataType.Int64 },
  { name: 'Outbox/Shed Fails', type: DataType.Int64 },
  { name: 'Outbox/Shed Reviews', type: DataType.Int64 },
  { name: 'Commands/Malformed', type: DataType.Int64 },
];

const SHED = { pass: 'Outbox/Shed Passes', fail: 'Outbox/Shed Fails', review: 'Outbox/Shed Reviews' } as const;

/** What the edge node itself has to say. */
export class NodeMetrics {
  readonly #table: MetricTable;

  constructor(
    identity: Pick<StatusMessage, 'gateway' | 'version' | 'startedAt'>,
    aliases: Aliases,
    private readonly nowMs: () => number,
  ) {
    this.#table = new MetricTable(aliases);
    for (const definition of DEFINITIONS) this.#table.define(definition);
    this.#set('Node Info/Gateway', identity.gateway);
    this.#set('Node Info/Software', 'jidoka');
    this.#set('Node Info/Version', identity.version);
    this.#set('Node Info/Started At', Date.parse(identity.startedAt));
    this.#set('Commands/Malformed', 0);
    for (const name of Object.values(SHED)) this.#set(name, 0);
  }

  /** `troubles` are those that a host should see. */
  status({ health, troubles, outboxRows }: StatusMessage): void {
    this.#set('Health/State', health);
    this.#set('Health/Troubles', troubles.map(({ where, text }) => `${where}: ${text}`).join(' '));
    this.#set('Outbox/Waiting Rows', outboxRows);
  }

  shed(counts: readonly ShedCount[]): void {
    for (const [verdict, name] of Object.entries(SHED)) {
      const sum = counts.filter((count) => count.verdict === verdict).reduce((total, { count }) => total + count, 0);
      this.#set(name, sum);
    }
  }

  malformed(count: number): void {
    this.#set('Commands/Malformed', count);
  }

  hasChanges(): boolean {
    return this.#table.hasChanges();
  }

  changes(): readonly Metric[] {
    return this.#table.changes();
  }

  birth(bdSeq: number): readonly Metric[] {
    const nowMs = this.nowMs();
    this.#table.set(REBIRTH, { value: false, timestampMs: nowMs });
    this.#table.set(INSPECTION_TEMPLATE, { value: inspectionTemplate(nowMs), timestampMs: nowMs });
    // Last, as the newest: metrics stand in the order of their times.
    return [...this.#table.birth(nowMs), bdSeqMetric(bdSeq, nowMs)];
  }

  #set(name: string, value: MetricValue): void {
    this.#table.set(name, { value, timestampMs: this.nowMs() });
  }
}

export function bdSeqMetric(bdSeq: number, timestampMs: number): Metric {
  return { name: BDSEQ, type: DataType.Int64, value: bdSeq, timestampMs };
}
