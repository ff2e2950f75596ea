import { messageOf } from '../../base/errors.js';
import {
  type CommandMetric,
  DataType,
  type Decoded,
  type Metric,
  type Payload,
  type Property,
  type ScalarValue,
  type TemplateValue,
} from './payload.js';
import { CommandPayloadType, PayloadType } from './wire-types.js';

/** A birth defines its metrics by name, alias and type; data refers to them. */
export type Form = 'birth' | 'data';

export const MAX_COMMAND_BYTES = 64 * 1024;
export const MAX_COMMAND_METRICS = 500;

/** @throws RangeError for a value that its data type does not hold: a fault of the caller. */
export function encodePayload(payload: Payload, form: Form): Uint8Array {
  const message = {
    timestamp: whole(payload.timestampMs),
    ...(payload.seq !== undefined && { seq: payload.seq }),
    metrics: payload.metrics.map((metric) => metricMessage(metric, form)),
  };
  return PayloadType.encode(message as never).finish();
}

/** Field by field: this runs dozens of times for each part, and spreading objects costs most of the time. */
function metricMessage(metric: Metric, form: Form): object {
  const { name, alias, type, value, timestampMs, historical, properties } = metric;
  const message: Record<string, unknown> = {};
  if (form === 'birth' || alias === undefined) message['name'] = name;
  if (alias !== undefined) message['alias'] = alias;
  message['timestamp'] = whole(timestampMs);
  if (form === 'birth') message['datatype'] = type;
  if (historical) message['isHistorical'] = true;
  if (value === null) message['isNull'] = true;
  else if (isTemplate(value)) message['templateValue'] = templateMessage(value, form);
  else Object.assign(message, scalarMessage(type, value));
  if (properties !== undefined && properties.length > 0) message['properties'] = propertySet(properties);
  return message;
}

function isTemplate(value: ScalarValue | TemplateValue): value is TemplateValue {
  return typeof value === 'object';
}

function templateMessage({ version, definedBy, members }: TemplateValue, form: Form): object {
  return {
    version,
    metrics: members.map((member) => metricMessage(member, form)),
    ...(definedBy !== undefined && { templateRef: definedBy }),
    isDefinition: definedBy === undefined,
  };
}

function propertySet(properties: readonly Property[]): object {
  return {
    keys: properties.map(({ key }) => key),
    values: properties.map(({ type, value }) => ({ type, ...scalarMessage(type, value) })),
  };
}

/**
 * UInt32 goes as `long_value` though the specification's table has it among the 32-bit ones: every implementation in
 * the field, the specification's own test kit included, writes and reads it so.
 */
function scalarMessage(type: DataType, value: ScalarValue): object {
  switch (type) {
    case DataType.Int8:
    case DataType.Int16:
    case DataType.Int32:
      // Two's complement in 32 bits.
      return { intValue: Number(BigInt.asUintN(32, integer(value))) };
    case DataType.UInt8:
    case DataType.UInt16:
      return { intValue: Number(BigInt.asUintN(16, integer(value))) };
    case DataType.UInt32:
    case DataType.Int64:
    case DataType.UInt64:
    case DataType.DateTime:
      return { longValue: whole(value) };
    case DataType.Float:
      return { floatValue: Number(value) };
    case DataType.Double:
      return { doubleValue: Number(value) };
    case DataType.Boolean:
      return { booleanValue: value === true };
    case DataType.String:
    case DataType.Text:
    case DataType.UUID:
      return { stringValue: String(value) };
    case DataType.Template:
      throw new RangeError('a template is not a plain value');
  }
}

/** The library takes 64 bits as two halves, negative ones in two's complement. */
function whole(value: ScalarValue): number | { low: number; high: number; unsigned: true } {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  const bits = BigInt.asUintN(64, integer(value));
  return { low: Number(bits & 0xffffffffn) | 0, high: Number(bits >> 32n) | 0, unsigned: true };
}

function integer(value: ScalarValue): bigint {
  if (typeof value !== 'number' && typeof value !== 'bigint') throw new RangeError(`${value} is no whole number`);
  return BigInt(value);
}

/** Reads a command. Whatever the bytes are, it returns: what is wrong with them is in the result. */
export function decodeCommand(bytes: Uint8Array): Decoded {
  if (bytes.byteLength > MAX_COMMAND_BYTES) {
    return { ok: false, reason: `${bytes.byteLength} bytes, at most ${MAX_COMMAND_BYTES} are read` };
  }
  try {
    const payload = CommandPayloadType.toObject(CommandPayloadType.decode(bytes), { longs: String }) as WirePayload;
    const metrics = payload.metrics ?? [];
    if (metrics.length > MAX_COMMAND_METRICS) {
      return { ok: false, reason: `${metrics.length} metrics, at most ${MAX_COMMAND_METRICS} are read` };
    }
    return { ok: true, metrics: metrics.map(commandMetric) };
  } catch (error) {
    return { ok: false, reason: `no Sparkplug payload: ${messageOf(error)}` };
  }
}

interface WirePayload {
  readonly metrics?: readonly WireMetric[];
}

interface WireMetric {
  readonly name?: string;
  readonly alias?: string;
  readonly datatype?: number;
  readonly isNull?: boolean;
  readonly intValue?: number;
  readonly longValue?: string;
  readonly floatValue?: number;
  readonly doubleValue?: number;
  readonly booleanValue?: boolean;
  readonly stringValue?: string;
}

function commandMetric(metric: WireMetric): CommandMetric {
  const { name, alias, datatype, isNull, intValue, longValue, floatValue, doubleValue, booleanValue } = metric;
  const value = booleanValue ?? metric.stringValue ?? doubleValue ?? floatValue ?? intValue;
  return {
    ...(name !== undefined && { name }),
    ...(alias !== undefined && { alias: BigInt(alias) }),
    ...(datatype !== undefined && { type: datatype }),
    value: isNull ? null : (value ?? (longValue === undefined ? undefined : BigInt(longValue))),
  };
}

/**
 * The value of a command for a metric that we know: its own data type, or ours where it names none, tells how the bits
 * are to be read. undefined where it does not fit ours.
 */
export function commandValue({ type, value }: CommandMetric, ours: DataType): number | boolean | string | undefined {
  if (value === null || value === undefined) return undefined;
  switch (ours) {
    case DataType.Boolean:
      return typeof value === 'boolean' ? value : undefined;
    case DataType.String:
    case DataType.Text:
    case DataType.UUID:
      return typeof value === 'string' ? value : undefined;
    case DataType.Template:
      return undefined;
    default:
      return commandNumber(value, type ?? ours);
  }
}

function commandNumber(value: ScalarValue, type: number): number | undefined {
  if (typeof value === 'boolean' || typeof value === 'string') return undefined;
  const number = Number(value);
  if (!Number.isFinite(number)) return undefined;
  if (!Number.isInteger(number)) return number;
  if (type === DataType.Int8 || type === DataType.Int16 || type === DataType.Int32) {
    return Number(BigInt.asIntN(32, BigInt(value)));
  }
  return type === DataType.Int64 ? Number(BigInt.asIntN(64, BigInt(value))) : number;
}
