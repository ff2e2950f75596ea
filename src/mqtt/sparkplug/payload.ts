/** The data types of Sparkplug B 3.0 that are used here, by their numbers on the wire. */
export const DataType = {
  Int8: 1,
  Int16: 2,
  Int32: 3,
  Int64: 4,
  UInt8: 5,
  UInt16: 6,
  UInt32: 7,
  UInt64: 8,
  Float: 9,
  Double: 10,
  Boolean: 11,
  String: 12,
  DateTime: 13,
  Text: 14,
  UUID: 15,
  Template: 19,
} as const;
export type DataType = (typeof DataType)[keyof typeof DataType];

/** Quality codes of the property `Quality`. */
export const Quality = { bad: 0, good: 192, stale: 500 } as const;
export type Quality = (typeof Quality)[keyof typeof Quality];

/** A DateTime is a number: milliseconds since 1970 in UTC. */
export type ScalarValue = number | bigint | boolean | string;
export type MetricValue = ScalarValue | TemplateValue | null;

export interface Property {
  readonly key: string;
  readonly type: Exclude<DataType, typeof DataType.Template>;
  readonly value: ScalarValue;
}

export interface Metric {
  readonly name: string;
  /** Data names a metric that has one by it alone; births give both. */
  readonly alias?: number;
  readonly type: DataType;
  /** null goes out as `is_null`. */
  readonly value: MetricValue;
  /** When the value came to be. */
  readonly timestampMs: number;
  readonly historical?: boolean;
  readonly properties?: readonly Property[];
}

export interface TemplateValue {
  readonly version: string;
  /** The name of the definition; absent in the definition itself. */
  readonly definedBy?: string;
  readonly members: readonly Metric[];
}

export interface Payload {
  readonly timestampMs: number;
  /** Absent in a death certificate alone. */
  readonly seq?: number;
  readonly metrics: readonly Metric[];
}

/** A metric of a command as it came: what it means is known only with the metric of our birth that it names. */
export interface CommandMetric {
  readonly name?: string;
  readonly alias?: bigint;
  readonly type?: number;
  /** undefined where it carries no value of a plain type, null where it says so. */
  readonly value: ScalarValue | null | undefined;
}

export type Decoded =
  | { readonly ok: true; readonly metrics: readonly CommandMetric[] }
  | { readonly ok: false; readonly reason: string };
