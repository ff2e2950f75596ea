import type { ClientSession, DataValue } from 'node-opcua-client';
import { messageOf } from '../../base/errors.js';
import type { ReadingValue } from '../../domain/reading.js';
import { opcuaErrors } from '../errors.js';
import type { ClientLibrary } from '../library.js';
import { tagValueOf } from '../values.js';
import type { FoundNode } from './browse.js';
import { printable } from './printable.js';

/** A tag as an engineer wants to see it before it is configured. */
export interface Tag {
  readonly nodeId: string;
  readonly name: string;
  /** `Line1/Oven/Temperature`. */
  readonly path: string;
  /** `Double`, `Int16[10]`, … as the value has it; `?` where there is no value. */
  readonly dataType: string;
  /** null where there is none or where it cannot be a reading; `problem` then says why. */
  readonly value: ReadingValue;
  readonly status: string;
  readonly problem: string | null;
  readonly unit: string | null;
  readonly range: { readonly low: number; readonly high: number } | null;
  readonly writable: boolean;
}

const READS_A_CALL = 100;
const MAY_WRITE = 2;

/** Reads value, type, unit and range of variables; one that cannot be read says so and stops no other. */
export async function readTags(
  session: ClientSession,
  library: ClientLibrary,
  nodes: readonly FoundNode[],
): Promise<readonly Tag[]> {
  const { AttributeIds } = library;
  const wanted = nodes.flatMap(({ nodeId, properties }) => [
    { nodeId, attributeId: AttributeIds.Value },
    { nodeId, attributeId: AttributeIds.UserAccessLevel },
    { nodeId: properties.EngineeringUnits ?? '', attributeId: AttributeIds.Value },
    { nodeId: properties.EURange ?? '', attributeId: AttributeIds.Value },
  ]);
  const answers = await readAll(session, wanted);
  return nodes.map((node, index) => {
    const [value, access, unit, range] = answers.slice(4 * index, 4 * index + 4);
    return tagOf(library, node, { value, access, unit, range });
  });
}

/** Tags whose path or NodeId has every word in it, upper and lower case alike. */
export function matching(nodes: readonly FoundNode[], words: string | undefined): readonly FoundNode[] {
  const wanted = (words ?? '').toLowerCase().split(/\s+/).filter(Boolean);
  return nodes.filter(({ path, nodeId }) => {
    const text = `${path.join('/')} ${nodeId}`.toLowerCase();
    return wanted.every((word) => text.includes(word));
  });
}

interface Read {
  readonly nodeId: string;
  readonly attributeId: number;
}

async function readAll(session: ClientSession, reads: readonly Read[]): Promise<(DataValue | undefined)[]> {
  const answers: (DataValue | undefined)[] = new Array(reads.length).fill(undefined);
  const present = reads.map((read, index) => ({ read, index })).filter(({ read }) => read.nodeId !== '');
  let batch = READS_A_CALL;
  for (let from = 0; from < present.length; ) {
    const part = present.slice(from, from + batch);
    try {
      const values = await session.read(part.map(({ read }) => read));
      for (const [at, { index }] of part.entries()) answers[index] = values[at];
      from += part.length;
    } catch (error) {
      const smaller = /BadTooManyOperations|BadResponseTooLarge|BadEncodingLimitsExceeded/.test(messageOf(error));
      // A value that is too large on its own is left out.
      if (smaller && part.length === 1) from += 1;
      else if (smaller) batch = Math.floor(part.length / 2);
      else throw opcuaErrors.OPCUA_CONNECTION_LOST({ got: messageOf(error).slice(0, 300), cause: error });
    }
  }
  return answers;
}

interface Answers {
  readonly value: DataValue | undefined;
  readonly access: DataValue | undefined;
  readonly unit: DataValue | undefined;
  readonly range: DataValue | undefined;
}

function tagOf(library: ClientLibrary, node: FoundNode, { value, access, unit, range }: Answers): Tag {
  const { nodeId, name, path } = node;
  const common = { nodeId, name, path: path.join('/'), unit: unitOf(unit), range: rangeOf(range) };
  const writable = (Number(access?.value?.value ?? 0) & MAY_WRITE) !== 0;
  if (value === undefined) {
    return { ...common, dataType: '?', value: null, status: 'NoData', problem: 'no answer', writable };
  }
  const { value: reading, status, fault } = tagValueOf(library, nodeId, value);
  const shown = typeof reading === 'string' ? printable(reading) : reading;
  return { ...common, dataType: typeOf(library, value), value: shown, status, problem: fault?.got ?? null, writable };
}

function typeOf(library: ClientLibrary, { value }: DataValue): string {
  if (value === null || value === undefined || value.dataType === library.DataType.Null) return '?';
  const name = library.DataType[value.dataType] ?? '?';
  if (value.arrayType === library.VariantArrayType.Scalar) return name;
  const elements: unknown = value.value;
  const sizes = value.dimensions ?? [(elements as { length?: number } | null)?.length ?? 0];
  return `${name}[${sizes.join(',')}]`;
}

/** The display name of an EUInformation, such as `°C`. */
function unitOf(data: DataValue | undefined): string | null {
  const information: unknown = data?.value?.value;
  const text = (information as { displayName?: { text?: unknown } } | null | undefined)?.displayName?.text;
  return typeof text === 'string' && text.trim() !== '' ? printable(text.trim()) : null;
}

function rangeOf(data: DataValue | undefined): Tag['range'] {
  const range = data?.value?.value as { low?: unknown; high?: unknown } | null | undefined;
  const { low, high } = range ?? {};
  if (typeof low !== 'number' || typeof high !== 'number') return null;
  return Number.isFinite(low) && Number.isFinite(high) && low < high ? { low, high } : null;
}
