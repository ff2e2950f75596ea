import protobuf from 'protobufjs/light.js';

type Scalar = 'uint32' | 'uint64' | 'float' | 'double' | 'bool' | 'string' | 'bytes';

/** Field numbers as the specification's chapter on payloads gives them. */
const VALUES = { intValue: 'uint32', longValue: 'uint64', floatValue: 'float', doubleValue: 'double' } as const;

function message(name: string): protobuf.Type {
  return new protobuf.Type(name);
}

function field(type: protobuf.Type, id: number, name: string, kind: Scalar | string, rule?: 'repeated'): void {
  type.add(new protobuf.Field(name, id, kind, rule, undefined, rule === 'repeated' ? { packed: false } : undefined));
}

/** The plain values of a message stand side by side, from `first` on: int, long, float, double, boolean, string. */
function plainValues(type: protobuf.Type, first: number): void {
  let id = first;
  for (const [name, kind] of Object.entries(VALUES)) field(type, id++, name, kind);
  field(type, id++, 'booleanValue', 'bool');
  field(type, id, 'stringValue', 'string');
}

function metric(name: string): protobuf.Type {
  const type = message(name);
  field(type, 1, 'name', 'string');
  field(type, 2, 'alias', 'uint64');
  field(type, 3, 'timestamp', 'uint64');
  field(type, 4, 'datatype', 'uint32');
  field(type, 5, 'isHistorical', 'bool');
  field(type, 7, 'isNull', 'bool');
  plainValues(type, 10);
  return type;
}

function payload(name: string, metricType: string): protobuf.Type {
  const type = message(name);
  field(type, 1, 'timestamp', 'uint64');
  field(type, 2, 'metrics', metricType, 'repeated');
  field(type, 3, 'seq', 'uint64');
  return type;
}

function outgoing(): readonly protobuf.Type[] {
  const propertyValue = message('PropertyValue');
  field(propertyValue, 1, 'type', 'uint32');
  field(propertyValue, 2, 'isNull', 'bool');
  plainValues(propertyValue, 3);

  const propertySet = message('PropertySet');
  field(propertySet, 1, 'keys', 'string', 'repeated');
  field(propertySet, 2, 'values', 'PropertyValue', 'repeated');

  const template = message('Template');
  field(template, 1, 'version', 'string');
  field(template, 2, 'metrics', 'Metric', 'repeated');
  field(template, 4, 'templateRef', 'string');
  field(template, 5, 'isDefinition', 'bool');

  const metricType = metric('Metric');
  field(metricType, 9, 'properties', 'PropertySet');
  field(metricType, 18, 'templateValue', 'Template');
  return [propertyValue, propertySet, template, metricType, payload('Payload', 'Metric')];
}

const root = new protobuf.Root();
for (const type of outgoing()) root.add(type);
// What nests is passed over in a command: nothing here is written by a template or a data set, and what is not looked
// into cannot be nested too deep.
root.add(metric('CommandMetric'));
root.add(payload('CommandPayload', 'CommandMetric'));
root.resolveAll();

export const PayloadType = root.lookupType('Payload');
export const CommandPayloadType = root.lookupType('CommandPayload');
