import type { InspectionMessage, ReadingMessage } from '../../domain/message.js';
import { type Definition, metricName, type Sample } from './metric-table.js';
import { DataType, type Metric, Quality, type ScalarValue, type TemplateValue } from './payload.js';

interface InspectionField {
  readonly name: string;
  readonly type: Exclude<DataType, typeof DataType.Template>;
  readonly unit?: string;
  readonly of: (message: InspectionMessage) => ScalarValue | null;
}

/** What of an inspection is a value of its own, as a metric of the device and as a member of the template. */
const FIELDS: readonly InspectionField[] = [
  { name: 'Id', type: DataType.String, of: ({ id }) => id },
  { name: 'Seq', type: DataType.Int64, of: ({ seq }) => seq },
  { name: 'Part Id', type: DataType.String, of: ({ partId }) => partId ?? null },
  { name: 'Recipe', type: DataType.String, of: ({ recipe }) => recipe ?? null },
  { name: 'Source', type: DataType.String, of: ({ source }) => source ?? null },
  { name: 'Captured At', type: DataType.DateTime, of: ({ capturedAt }) => Date.parse(capturedAt) },
  { name: 'Decided At', type: DataType.DateTime, of: ({ decidedAt }) => Date.parse(decidedAt) },
  { name: 'Verdict', type: DataType.String, of: ({ verdict }) => verdict },
  { name: 'Reasons', type: DataType.String, of: ({ reasons }) => reasons.map(reasonText).join(' ') },
  { name: 'Class', type: DataType.String, of: (message) => message.class },
  { name: 'Score', type: DataType.Double, of: ({ score }) => score },
  { name: 'Scores', type: DataType.String, of: ({ scores }) => (scores === null ? null : JSON.stringify(scores)) },
  { name: 'Model Name', type: DataType.String, of: ({ model }) => model.name },
  { name: 'Model Version', type: DataType.String, of: ({ model }) => model.version },
  { name: 'Latency/Wait', type: DataType.Double, unit: 'ms', of: ({ latencyMs }) => latencyMs.wait },
  { name: 'Latency/Queue', type: DataType.Double, unit: 'ms', of: ({ latencyMs }) => latencyMs.queue ?? null },
  {
    name: 'Latency/Preprocess',
    type: DataType.Double,
    unit: 'ms',
    of: ({ latencyMs }) => latencyMs.preprocess ?? null,
  },
  { name: 'Latency/Inference', type: DataType.Double, unit: 'ms', of: ({ latencyMs }) => latencyMs.inference ?? null },
  { name: 'Latency/Total', type: DataType.Double, unit: 'ms', of: ({ latencyMs }) => latencyMs.total },
  { name: 'Late By', type: DataType.Double, unit: 'ms', of: ({ lateMs }) => lateMs ?? null },
  {
    name: 'Regions',
    type: DataType.String,
    of: ({ regions }) => (regions === undefined ? null : JSON.stringify(regions)),
  },
];

export const INSPECTION_TEMPLATE = 'Inspection Result';
const TEMPLATE_VERSION = '1';
const FOLDER = 'Inspection';
const INSTANCE = `${FOLDER}/Result`;

/** Of the newest inspection that the hosts were told. */
export const INSPECTION_SEQ = `${FOLDER}/Seq`;

export const inspectionDefinitions: readonly Definition[] = [
  ...FIELDS.map(({ name, type, unit }) => ({
    name: `${FOLDER}/${name}`,
    type,
    ...(unit !== undefined && { unit }),
  })),
  { name: INSTANCE, type: DataType.Template },
];

/** The definition of the template, for the node's birth. */
export function inspectionTemplate(nowMs: number): TemplateValue {
  return { version: TEMPLATE_VERSION, members: FIELDS.map(({ name, type }) => member(name, type, null, nowMs)) };
}

/** An instance without values, for a device that has not inspected anything yet. */
export function emptyInspection(nowMs: number): TemplateValue {
  return { ...inspectionTemplate(nowMs), definedBy: INSPECTION_TEMPLATE };
}

/** The values of one inspection by the names of the device's metrics, all of the time of the exposure. */
export function inspectionSamples(message: InspectionMessage): Map<string, Sample> {
  const timestampMs = Date.parse(message.capturedAt);
  const values = FIELDS.map(({ name, type, of }) => ({ name, type, value: of(message) }));
  const instance: TemplateValue = {
    version: TEMPLATE_VERSION,
    definedBy: INSPECTION_TEMPLATE,
    members: values.map(({ name, type, value }) => member(name, type, value, timestampMs)),
  };
  return new Map<string, Sample>([
    ...values.map(({ name, value }) => [`${FOLDER}/${name}`, { value, timestampMs }] as const),
    [INSTANCE, { value: instance, timestampMs }],
  ]);
}

/** What is known of the newest inspection before its own message has come by; the rest is unknown. */
export function briefSamples(
  last: Pick<InspectionMessage, 'id' | 'seq' | 'verdict' | 'class' | 'score' | 'capturedAt'>,
): Map<string, Sample> {
  const timestampMs = Date.parse(last.capturedAt);
  const known = new Map<string, ScalarValue | null>([
    ['Id', last.id],
    ['Seq', last.seq],
    ['Captured At', timestampMs],
    ['Verdict', last.verdict],
    ['Class', last.class],
    ['Score', last.score],
  ]);
  const members = FIELDS.map(({ name, type }) => member(name, type, known.get(name) ?? null, timestampMs));
  const instance = { version: TEMPLATE_VERSION, definedBy: INSPECTION_TEMPLATE, members };
  return new Map<string, Sample>([
    ...FIELDS.map(({ name }) => [`${FOLDER}/${name}`, { value: known.get(name) ?? null, timestampMs }] as const),
    [INSTANCE, { value: instance, timestampMs }],
  ]);
}

export function sensorMetric(sensor: string): string {
  return `Sensor/${metricName(sensor)}`;
}

/** The data type of a reading's value; undefined for none. */
export function readingType({ value }: ReadingMessage): Definition['type'] | undefined {
  if (typeof value === 'number') return DataType.Double;
  if (typeof value === 'boolean') return DataType.Boolean;
  return typeof value === 'string' ? DataType.String : undefined;
}

export function readingSample(reading: ReadingMessage, capturedAtMs: number): Sample {
  const { value, sourceTime, quality, stale } = reading;
  const code = quality === 'bad' ? Quality.bad : stale || quality === 'uncertain' ? Quality.stale : Quality.good;
  return {
    value,
    timestampMs: sourceTime === null ? capturedAtMs : Date.parse(sourceTime),
    ...(code !== Quality.good && { quality: code }),
  };
}

function member(name: string, type: DataType, value: ScalarValue | null, timestampMs: number): Metric {
  return { name, type, value, timestampMs };
}

function reasonText({ code, text }: InspectionMessage['reasons'][number]): string {
  return `${code}: ${text}`;
}
