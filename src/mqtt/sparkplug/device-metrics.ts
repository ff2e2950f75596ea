import type { CommandName } from '../../domain/command.js';
import type { InspectionMessage, ReadingMessage } from '../../domain/message.js';
import type { StationState, StatusMessage } from '../../domain/state.js';
import { commandValue } from './codec.js';
import {
  briefSamples,
  emptyInspection,
  INSPECTION_SEQ,
  inspectionDefinitions,
  inspectionSamples,
  readingSample,
  readingType,
  sensorMetric,
} from './inspection.js';
import { type Aliases, type Definition, MetricTable, metricName, type Sample } from './metric-table.js';
import { type CommandMetric, DataType, type Metric, type MetricValue } from './payload.js';

/** A station as its device's birth describes it before anything has happened. */
export interface DeviceDescription {
  readonly name: string;
  readonly sensors: readonly { readonly name: string; readonly unit?: string }[];
  /** Score of the good class from which a part passes; null where the model says it. */
  readonly goodThreshold: number | null;
  /** Class → score from which its rule holds. */
  readonly thresholds: Readonly<Record<string, number>>;
  /** Where the station has recipes: the one for parts that bring none, empty for the station itself. */
  readonly recipe?: string;
  /** The `where` of the trouble in the gateway's status that tells of its camera, and of those that tell of its PLCs. */
  readonly camera: string;
  readonly plcs: readonly string[];
}

/** What a host asks for by writing a metric. */
export interface Write {
  readonly command: CommandName;
  readonly arguments: Readonly<Record<string, unknown>>;
  /** The metric and its value once it has been done. */
  readonly name: string;
  readonly value: MetricValue;
}

const MODE = 'Control/Mode';
const GOOD_THRESHOLD = 'Control/Good Threshold';
const RECIPE = 'Control/Recipe';
const THRESHOLD = 'Control/Threshold/';
/** Beyond the sensors of the config come those of old records; more than so many are not made metrics. */
const MAX_SENSORS = 1000;

const STATE_DEFINITIONS: readonly Definition[] = [
  { name: 'Count/Pass', type: DataType.Int64 },
  { name: 'Count/Fail', type: DataType.Int64 },
  { name: 'Count/Review', type: DataType.Int64 },
  { name: 'Count/Total', type: DataType.Int64 },
  { name: 'Count/First Pass Yield', type: DataType.Double },
  { name: 'Count/Dropped by Camera', type: DataType.Int64 },
  { name: 'Count/Dropped by Station', type: DataType.Int64 },
  { name: 'Count/Dropped while Paused', type: DataType.Int64 },
  { name: 'Count/Dropped as Stale', type: DataType.Int64 },
  { name: 'Count/Quarantined', type: DataType.Int64 },
  { name: 'Count/Failed PLC Writes', type: DataType.Int64 },
  { name: 'Count/Failed Records', type: DataType.Int64 },
  { name: 'Condition/Camera', type: DataType.String },
  { name: 'Condition/PLC', type: DataType.String },
  { name: 'Model/Name', type: DataType.String },
  { name: 'Model/Version', type: DataType.String },
  { name: 'Model/Variant', type: DataType.String },
  { name: 'Model/Provider', type: DataType.String },
];

/** What one station has to say as a Sparkplug device. */
export class DeviceMetrics {
  readonly #table: MetricTable;
  readonly #classes = new Map<string, string>();
  readonly #sensors = new Set<string>();
  #last: StationState['last'] = null;

  constructor(
    private readonly description: DeviceDescription,
    allowed: ReadonlySet<CommandName>,
    aliases: Aliases,
    private readonly nowMs: () => number,
  ) {
    this.#table = new MetricTable(aliases);
    for (const definition of [...inspectionDefinitions, ...STATE_DEFINITIONS]) this.#table.define(definition);
    for (const { name, unit } of description.sensors) this.#defineSensor(name, DataType.Double, unit);
    const pausable = allowed.has('pause') && allowed.has('resume');
    this.#table.define({ name: MODE, type: DataType.String, writable: pausable });
    this.#set(MODE, 'run', nowMs());
    if (description.recipe !== undefined) {
      this.#table.define({ name: RECIPE, type: DataType.String, writable: allowed.has('select-recipe') });
      this.#set(RECIPE, description.recipe, nowMs());
    }
    const adjustable = allowed.has('set-threshold');
    this.#table.define({ name: GOOD_THRESHOLD, type: DataType.Double, writable: adjustable });
    this.#set(GOOD_THRESHOLD, description.goodThreshold, nowMs());
    for (const [label, threshold] of Object.entries(description.thresholds)) {
      const name = `${THRESHOLD}${metricName(label)}`;
      this.#table.define({ name, type: DataType.Double, writable: adjustable });
      this.#classes.set(name, label);
      this.#set(name, threshold, nowMs());
    }
  }

  state(state: StationState): void {
    const { counts, dropped, failed, model, paused, thresholds } = state;
    const atMs = Date.parse(state.at);
    this.#last = state.last;
    this.#set('Count/Pass', counts.pass, atMs);
    this.#set('Count/Fail', counts.fail, atMs);
    this.#set('Count/Review', counts.review, atMs);
    this.#set('Count/Total', counts.total, atMs);
    this.#set('Count/First Pass Yield', state.firstPassYield, atMs);
    this.#set('Count/Dropped by Camera', dropped.camera, atMs);
    this.#set('Count/Dropped by Station', dropped.station, atMs);
    this.#set('Count/Dropped while Paused', dropped.paused, atMs);
    this.#set('Count/Dropped as Stale', dropped.stale, atMs);
    this.#set('Count/Quarantined', state.quarantined, atMs);
    this.#set('Count/Failed PLC Writes', failed.plcWrites, atMs);
    this.#set('Count/Failed Records', failed.records, atMs);
    this.#set(MODE, paused === null ? 'run' : 'pause', atMs);
    if (state.recipe !== undefined) this.#set(RECIPE, state.recipe ?? '', atMs);
    this.#set(GOOD_THRESHOLD, thresholds.good, atMs);
    for (const [name, label] of this.#classes) {
      const threshold = thresholds.classes[label];
      if (threshold !== undefined) this.#set(name, threshold, atMs);
    }
    this.#set('Condition/Camera', state.camera, atMs);
    this.#set('Model/Name', model.name, atMs);
    this.#set('Model/Version', model.version, atMs);
    this.#set('Model/Variant', model.variant, atMs);
    this.#set('Model/Provider', model.provider, atMs);
  }

  /** What is wrong at the gateway. */
  troubles(troubles: StatusMessage['troubles']): void {
    const { plcs } = this.description;
    if (plcs.length === 0) return;
    const wrong = troubles.filter(({ where }) => plcs.includes(where)).map(({ text }) => text);
    this.#set('Condition/PLC', wrong.length === 0 ? 'connected' : wrong.join(' '), this.nowMs());
  }

  hasChanges(): boolean {
    return this.#table.hasChanges();
  }

  changes(): readonly Metric[] {
    return this.#table.changes();
  }

  /** Every metric with its present value. `fresh`: the hosts have held the device for dead, or not known it. */
  birth(fresh: boolean): readonly Metric[] {
    const nowMs = this.nowMs();
    const last = this.#last;
    // One that the store gave up has no number: no message of it will ever come.
    if (fresh && last !== null && last.seq !== null && last.seq > this.newestTold) {
      this.#table.replace(briefSamples({ ...last, seq: last.seq }));
    }
    if (this.#table.value('Inspection/Result') === null) {
      this.#table.set('Inspection/Result', { value: emptyInspection(nowMs), timestampMs: nowMs });
    }
    return this.#table.birth(nowMs);
  }

  /** Sequence number of the newest inspection that the hosts hold for the present one; 0 for none. */
  get newestTold(): number {
    return Number(this.#table.value(INSPECTION_SEQ) ?? 0);
  }

  /** Whether the readings hold values that the last birth did not announce: then the device must be born anew first. */
  redefine(readings: readonly ReadingMessage[]): boolean {
    let changed = false;
    for (const reading of readings) {
      const type = readingType(reading);
      const known = this.#table.definition(sensorMetric(reading.sensor));
      if (known !== undefined ? type === undefined || known.type === type : this.#sensors.size >= MAX_SENSORS) continue;
      this.#defineSensor(reading.sensor, type ?? DataType.Double, reading.unit);
      changed = true;
    }
    return changed;
  }

  inspection(message: InspectionMessage): readonly Metric[] {
    for (const [name, sample] of this.#readings(message)) this.#table.set(name, sample);
    return this.#table.report(inspectionSamples(message));
  }

  history(message: InspectionMessage): readonly Metric[] {
    return this.#table.history(new Map([...this.#readings(message), ...inspectionSamples(message)]));
  }

  /** The metric that a command means, by name or alias; undefined where the device has none such. */
  addressed({ name, alias }: CommandMetric): Definition | undefined {
    if (name !== undefined && name !== '') return this.#table.definition(name);
    return alias === undefined ? undefined : this.#table.definitionOf(alias);
  }

  /** What a host asks for by this; undefined where the metric cannot be written or the value means nothing. */
  write(metric: CommandMetric): Write | undefined {
    const definition = this.addressed(metric);
    if (definition === undefined) return undefined;
    const { name } = definition;
    const value = commandValue(metric, definition.type);
    if (value === undefined) return undefined;
    if (name === MODE) {
      if (value !== 'run' && value !== 'pause') return undefined;
      return { command: value === 'run' ? 'resume' : 'pause', arguments: {}, name, value };
    }
    if (name === RECIPE) {
      return { command: 'select-recipe', arguments: value === '' ? {} : { recipe: value }, name, value };
    }
    if (name === GOOD_THRESHOLD) return { command: 'set-threshold', arguments: { good: value }, name, value };
    const label = this.#classes.get(name);
    if (label === undefined) return undefined;
    return { command: 'set-threshold', arguments: { classes: { [label]: value } }, name, value };
  }

  written({ name, value }: Write): void {
    this.#set(name, value, this.nowMs());
  }

  #readings(message: InspectionMessage): Map<string, Sample> {
    const capturedAtMs = Date.parse(message.capturedAt);
    return new Map(
      message.readings
        .map((reading) => [sensorMetric(reading.sensor), readingSample(reading, capturedAtMs)] as const)
        .filter(([name]) => this.#table.definition(name) !== undefined),
    );
  }

  #defineSensor(sensor: string, type: DataType, unit: string | undefined): void {
    const name = sensorMetric(sensor);
    this.#sensors.add(name);
    this.#table.define({ name, type, ...(unit !== undefined && { unit }) });
  }

  #set(name: string, value: MetricValue, timestampMs: number): void {
    this.#table.set(name, { value, timestampMs });
  }
}
