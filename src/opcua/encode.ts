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

export type VerdictField = 'ok' | 'nok' | 'code' | 'label' | 'score' | 'counter';

/**
 * The value in the form the library wants for the type; undefined where the type cannot hold the field. Flags fit in
 * integers as 0 and 1; whole numbers wrap to 0 where the type ends, so that a counter goes on changing.
 */
export function encodeField(field: VerdictField, value: boolean | number | string, dataType: number): unknown {
  switch (field) {
    case 'ok':
    case 'nok':
      return dataType === BUILT_IN.Boolean ? value === true : whole(value === true ? 1 : 0, dataType);
    case 'code':
    case 'counter':
      return whole(Number(value), dataType);
    case 'score':
      return dataType === BUILT_IN.Float || dataType === BUILT_IN.Double ? Number(value) : undefined;
    case 'label':
      return dataType === BUILT_IN.String ? String(value) : undefined;
  }
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
