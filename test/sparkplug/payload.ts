import type { Printed } from '../simulators/sparkplug-protoc.js';

/** A value with the protobuf field that carries it. */
export interface Value {
  readonly field: string;
  readonly value: string | Template | DataSet | PropertySet;
}

export interface Metric {
  name?: string;
  alias?: number;
  timestamp?: number;
  datatype?: number;
  isHistorical?: boolean;
  isNull?: boolean;
  properties?: PropertySet;
  /** More than one is a mistake. */
  values: Value[];
}

export interface PropertySet {
  keys: string[];
  values: { type?: number; isNull: boolean; values: Value[] }[];
}

export interface DataSet {
  columnCount?: number;
  columns: string[];
  types: number[];
  rows: Value[][];
}

export interface Template {
  version?: string;
  ref?: string;
  isDefinition?: boolean;
  metrics: Metric[];
  parameters: { name?: string; type?: number; values: Value[] }[];
}

export interface Payload {
  timestamp?: number;
  seq?: number;
  metrics: Metric[];
  /** Field numbers that Sparkplug does not know, wherever they stand. */
  unknown: string[];
}

/** What protoc printed, as the checks read it. */
export function toPayload(printed: Printed): Payload {
  return {
    ...numbers(printed, { timestamp: 'timestamp', seq: 'seq' }),
    metrics: inner(printed, 'metrics').map(toMetric),
    unknown: unknownFields(printed),
  };
}

function toMetric(printed: Printed): Metric {
  const properties = inner(printed, 'properties')[0];
  return {
    ...texts(printed, { name: 'name' }),
    ...numbers(printed, { alias: 'alias', timestamp: 'timestamp', datatype: 'datatype' }),
    ...flags(printed, { is_historical: 'isHistorical', is_null: 'isNull' }),
    ...(properties !== undefined && { properties: toPropertySet(properties) }),
    values: valuesOf(printed),
  };
}

function toPropertySet(printed: Printed): PropertySet {
  return {
    keys: plain(printed, 'keys'),
    values: inner(printed, 'values').map((value) => ({
      ...numbers(value, { type: 'type' }),
      isNull: plain(value, 'is_null')[0] === 'true',
      values: valuesOf(value),
    })),
  };
}

function toDataSet(printed: Printed): DataSet {
  return {
    ...numbers(printed, { num_of_columns: 'columnCount' }),
    columns: plain(printed, 'columns'),
    types: plain(printed, 'types').map(Number),
    rows: inner(printed, 'rows').map((row) => inner(row, 'elements').flatMap(valuesOf)),
  };
}

function toTemplate(printed: Printed): Template {
  return {
    ...texts(printed, { version: 'version', template_ref: 'ref' }),
    ...flags(printed, { is_definition: 'isDefinition' }),
    metrics: inner(printed, 'metrics').map(toMetric),
    parameters: inner(printed, 'parameters').map((parameter) => ({
      ...texts(parameter, { name: 'name' }),
      ...numbers(parameter, { type: 'type' }),
      values: valuesOf(parameter),
    })),
  };
}

function valuesOf(printed: Printed): Value[] {
  return [...printed.fields].flatMap(([field, entries]) =>
    field.endsWith('_value')
      ? entries.map((entry) => ({ field, value: typeof entry === 'string' ? entry : nested(field, entry) }))
      : [],
  );
}

function nested(field: string, printed: Printed): Template | DataSet | PropertySet {
  if (field === 'template_value') return toTemplate(printed);
  return field === 'dataset_value' ? toDataSet(printed) : toPropertySet(printed);
}

function unknownFields(printed: Printed): string[] {
  return [...printed.fields].flatMap(([name, entries]) => [
    ...(/^\d+$/.test(name) ? [name] : []),
    ...entries.flatMap((entry) => (typeof entry === 'string' ? [] : unknownFields(entry))),
  ]);
}

function inner(printed: Printed, name: string): Printed[] {
  return (printed.fields.get(name) ?? []).map((entry) => (typeof entry === 'string' ? { fields: new Map() } : entry));
}

function plain(printed: Printed, name: string): string[] {
  return (printed.fields.get(name) ?? []).filter((entry) => typeof entry === 'string');
}

type Named<Names extends Readonly<Record<string, string>>, T> = { [name in Names[keyof Names]]?: T };

function pick<const Names extends Readonly<Record<string, string>>, T>(
  printed: Printed,
  names: Names,
  read: (text: string) => T,
): Named<Names, T> {
  const found = Object.entries(names).flatMap(([field, name]) => {
    const text = plain(printed, field)[0];
    return text === undefined ? [] : [[name, read(text)] as const];
  });
  return Object.fromEntries(found) as Named<Names, T>;
}

function texts<const Names extends Readonly<Record<string, string>>>(printed: Printed, names: Names) {
  return pick(printed, names, String);
}

function numbers<const Names extends Readonly<Record<string, string>>>(printed: Printed, names: Names) {
  return pick(printed, names, Number);
}

function flags<const Names extends Readonly<Record<string, string>>>(printed: Printed, names: Names) {
  return pick(printed, names, (text) => text === 'true');
}
