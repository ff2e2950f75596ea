import { isoUtc } from '../base/clock.js';
import type { JidokaError } from '../base/errors.js';
import type { Quality, ReadingValue } from '../domain/reading.js';
import { opcuaErrors } from './errors.js';
import type { ClientLibrary } from './library.js';

type DataValue = InstanceType<ClientLibrary['DataValue']>;
type StatusCode = InstanceType<ClientLibrary['StatusCode']>;

/** What the server said of a tag at one moment, free of the library's types. */
export interface TagValue {
  /** null where there is none or where it cannot be used; `fault` then tells why. */
  readonly value: ReadingValue;
  readonly quality: Quality;
  /** OPC UA status by name, without its information bits. */
  readonly status: string;
  /** The source's time, else the server's; null where neither was sent. */
  readonly sourceTimeMs: number | null;
  /** The server's queue was full: values before this one are lost. */
  readonly overflow: boolean;
  readonly fault: JidokaError | null;
}

/** Whether a flag of the PLC is raised; flags may be integers. */
export function isRaised(value: ReadingValue): boolean {
  return value === true || (typeof value === 'number' && value !== 0);
}

const LONGEST_STRING = 4096;

/** Takes what a monitored item or a read delivers. A value that is no single finite number, boolean or string is bad. */
export function tagValueOf(library: ClientLibrary, nodeId: string, data: DataValue): TagValue {
  const status = statusName(data.statusCode);
  const quality = qualityOf(data.statusCode);
  const time = data.sourceTimestamp ?? data.serverTimestamp ?? null;
  const common = {
    status,
    sourceTimeMs: time === null ? null : time.getTime(),
    overflow: data.statusCode.hasOverflowBit,
  };
  const { value, problem } = readingOf(library, data.value);
  if (quality === 'bad') {
    const fault = opcuaErrors.OPCUA_VALUE_BAD({ where: nodeId, got: `${status}: ${data.statusCode.description}` });
    return { ...common, value, quality, fault };
  }
  if (problem === null) return { ...common, value, quality, fault: null };
  return {
    ...common,
    value: null,
    quality: 'bad',
    fault: opcuaErrors.OPCUA_VALUE_UNSUPPORTED({
      where: nodeId,
      got: problem,
      expected: 'one finite number, boolean or string',
    }),
  };
}

/** `Good`, `UncertainLastUsableValue`, …: the name without the bits that say overflow or limits. */
export function statusName(status: StatusCode): string {
  return status.name.split(/[#|]/, 1)[0] ?? status.name;
}

export function qualityOf(status: StatusCode): Quality {
  const severity = status.value >>> 30;
  if (severity === 0) return 'good';
  return severity === 1 ? 'uncertain' : 'bad';
}

interface Reading {
  readonly value: ReadingValue;
  readonly problem: string | null;
}

function readingOf(library: ClientLibrary, variant: DataValue['value'] | null | undefined): Reading {
  const { DataType, VariantArrayType } = library;
  if (variant === null || variant === undefined || variant.dataType === DataType.Null) return bad('no value');
  const type = DataType[variant.dataType] ?? `type ${variant.dataType}`;
  if (variant.arrayType !== VariantArrayType.Scalar) return bad(`an array of ${type}`);
  const raw: unknown = variant.value;
  if (raw === null || raw === undefined) return bad('no value');
  switch (variant.dataType) {
    case DataType.Int64:
    case DataType.UInt64:
      return integer64(raw, variant.dataType === DataType.Int64);
    case DataType.DateTime:
      return raw instanceof Date ? { value: isoUtc(raw.getTime()), problem: null } : bad('a broken time');
    case DataType.LocalizedText:
      return text((raw as { text?: string | null }).text ?? '');
    case DataType.QualifiedName:
    case DataType.StatusCode:
      return text((raw as { name?: string | null }).name ?? '');
    default:
      return plain(raw, type);
  }
}

function plain(raw: unknown, type: string): Reading {
  if (typeof raw === 'boolean') return { value: raw, problem: null };
  if (typeof raw === 'string') return text(raw);
  if (typeof raw !== 'number') return bad(`a value of type ${type}`);
  return Number.isFinite(raw) ? { value: raw, problem: null } : bad(`${raw} (not a finite number)`);
}

function text(raw: string): Reading {
  return raw.length <= LONGEST_STRING ? { value: raw, problem: null } : bad(`a string of ${raw.length} characters`);
}

/** The library gives 64-bit integers as a pair of 32-bit words, the high one first. */
function integer64(raw: unknown, signed: boolean): Reading {
  if (!Array.isArray(raw) || raw.length !== 2) return bad('a broken 64-bit integer');
  const words = raw as [number, number];
  const bits = (BigInt.asUintN(32, BigInt(words[0])) << 32n) | BigInt.asUintN(32, BigInt(words[1]));
  const exact = signed ? BigInt.asIntN(64, bits) : bits;
  const value = Number(exact);
  return Number.isSafeInteger(value) ? { value, problem: null } : bad(`${exact}, too large for an exact number`);
}

function bad(problem: string): Reading {
  return { value: null, problem };
}
