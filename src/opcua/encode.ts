import type { ReadingValue } from '../domain/reading.js';

/** OPC UA built-in types by their number (OPC 10000-6, table 1), as far as a verdict can be written to them. */
export const BUILT_IN = {
  Boolean: 1,
  SByte: 2,
  Byte: 3,
  Int16: 4,
  UInt16: 5,
  Int32: 6,
  UInt32: 7,
  Int64: 8,
  UInt64: 9,
  Float: 10,
  Double: 11,
  String: 12,
} as const;

/** How many different whole numbers from 0 on the type holds exactly. */
const WHOLE_NUMBERS = new Map<number, number>([
  [BUILT_IN.SByte, 2 ** 7],
  [BUILT_IN.Byte, 2 ** 8],
  [BUILT_IN.Int16, 2 ** 15],
  [BUILT_IN.UInt16, 2 ** 16],
  [BUILT_IN.Int32, 2 ** 31],
  [BUILT_IN.UInt32, 2 ** 32],
  [BUILT_IN.Int64, 2 ** 53],
  [BUILT_IN.UInt64, 2 ** 53],
  [BUILT_IN.Float, 2 ** 24],
  [BUILT_IN.Double, 2 ** 53],
]);

/** How a field's value goes into a node: what types can hold it, and what happens where it does not fit. */
const FORMS = {
  ok: flag,
  nok: flag,
  reject: flag,
  ready: flag,
  busy: flag,
  done: flag,
  error: flag,
  code: counted,
  errorCode: counted,
  counter: counted,
  heartbeat: beat,
  score: fraction,
  label: text,
  inspectionId: text,
  partId: identifier,
  triggerAck: echoed,
} as const;

export type PlcField = keyof typeof FORMS;

export type PlcValue = NonNullable<ReadingValue>;

/**
 * The value in the form the library wants for the type; undefined where the type cannot hold the field. Flags fit in
 * integers as 0 and 1; whole numbers wrap to 0 where the type ends, so that a counter goes on changing.
 */
export function encodeField(field: PlcField, value: PlcValue, dataType: number): unknown {
  return FORMS[field](value, dataType);
}

function flag(value: PlcValue, dataType: number): unknown {
  return dataType === BUILT_IN.Boolean ? value === true : whole(value === true ? 1 : 0, dataType);
}

function counted(value: PlcValue, dataType: number): unknown {
  return whole(Number(value), dataType);
}

/** Counts, or toggles. */
function beat(value: PlcValue, dataType: number): unknown {
  return dataType === BUILT_IN.Boolean ? Number(value) % 2 === 1 : whole(Number(value), dataType);
}

function fraction(value: PlcValue, dataType: number): unknown {
  return dataType === BUILT_IN.Float || dataType === BUILT_IN.Double ? Number(value) : undefined;
}

function text(value: PlcValue, dataType: number): unknown {
  return dataType === BUILT_IN.String ? String(value) : undefined;
}

/** Never wraps: another part's id would be worse than none. An empty one is 0 in a number. */
function identifier(value: PlcValue, dataType: number): unknown {
  if (dataType === BUILT_IN.String) return String(value);
  const number = value === '' ? 0 : /^\d+$/.test(String(value)) ? Number(value) : Number.NaN;
  const room = WHOLE_NUMBERS.get(dataType) ?? 0;
  return number < room ? whole(number, dataType) : undefined;
}

/** False stands for nothing to acknowledge. */
function echoed(value: PlcValue, dataType: number): unknown {
  if (dataType === BUILT_IN.Boolean) return value === true;
  if (dataType === BUILT_IN.String) return value === false ? '' : String(value);
  const number = Number(value);
  return Number.isInteger(number) && number >= 0 ? whole(number, dataType) : undefined;
}

function whole(value: number, dataType: number): number | readonly [number, number] | undefined {
  const room = WHOLE_NUMBERS.get(dataType);
  if (room === undefined) return undefined;
  const wrapped = value % room;
  const wide = dataType === BUILT_IN.Int64 || dataType === BUILT_IN.UInt64;
  return wide ? [Math.floor(wrapped / 2 ** 32), wrapped % 2 ** 32] : wrapped;
}

/** `Int16`, …, or the number of a type that no verdict is written to. */
export function typeName(dataType: number): string {
  return Object.entries(BUILT_IN).find(([, number]) => number === dataType)?.[0] ?? `type ${dataType}`;
}
