import { DataType, type Metric, type MetricValue, type Property, Quality } from './payload.js';

export interface Definition {
  readonly name: string;
  readonly type: DataType;
  /** Engineering unit. */
  readonly unit?: string;
  /** A host may write it. */
  readonly writable?: boolean;
  /** Data names it by its name: what hosts look for by name alone. */
  readonly withoutAlias?: boolean;
}

export interface Sample {
  readonly value: MetricValue;
  readonly timestampMs: number;
  /** Good where left out. */
  readonly quality?: Quality;
}

interface Entry {
  definition: Definition;
  readonly alias: number | undefined;
  sample: Sample | undefined;
  /** What the host knows since the last birth; undefined before. */
  sent: Sample | undefined;
}

/** Gives out the aliases of one edge node: a number stands for one metric of the node or of one of its devices. */
export class Aliases {
  #last = 0;

  next(): number {
    this.#last += 1;
    return this.#last;
  }
}

/** Letters, digits, space, _, - and /: what every known host takes in a metric's name. */
export function metricName(text: string): string {
  return text.replace(/[^A-Za-z0-9 _/-]/g, '_');
}

/**
 * The metrics of the node or of one device: what they are, their present values, and which of these the hosts have been
 * told. An alias stays with its metric as long as the process runs.
 */
export class MetricTable {
  readonly #entries = new Map<string, Entry>();
  readonly #byAlias = new Map<number, Entry>();

  constructor(private readonly aliases: Aliases) {}

  /** Adds a metric, or gives a known one another type. Takes effect for the hosts with the next birth. */
  define(definition: Definition): void {
    const known = this.#entries.get(definition.name);
    if (known !== undefined) {
      if (known.definition.type !== definition.type) known.sample = undefined;
      known.definition = definition;
      return;
    }
    const alias = definition.withoutAlias ? undefined : this.aliases.next();
    const entry: Entry = { definition, alias, sample: undefined, sent: undefined };
    this.#entries.set(definition.name, entry);
    if (alias !== undefined) this.#byAlias.set(alias, entry);
  }

  definition(name: string): Definition | undefined {
    return this.#entries.get(name)?.definition;
  }

  definitionOf(alias: bigint): Definition | undefined {
    return this.#byAlias.get(Number(alias))?.definition;
  }

  value(name: string): MetricValue {
    return this.#entries.get(name)?.sample?.value ?? null;
  }

  /** A new value; the time of an equal one stays that of the first. */
  set(name: string, sample: Sample): void {
    const entry = this.#entry(name);
    if (entry.sample === undefined || !same(entry.sample, sample)) entry.sample = sample;
  }

  /** Every metric with its present value. */
  birth(nowMs: number): readonly Metric[] {
    const metrics = [...this.#entries.values()].map((entry) => {
      const sample = entry.sample ?? { value: null, timestampMs: nowMs };
      entry.sent = sample;
      return { ...metric(entry, sample), properties: properties(entry.definition, sample, undefined) };
    });
    return inOrderOfTime(metrics);
  }

  hasChanges(): boolean {
    return [...this.#entries.values()].some(changed);
  }

  /** The metrics whose value the hosts do not know yet; they count as told. */
  changes(): readonly Metric[] {
    return inOrderOfTime([...this.#entries.values()].filter(changed).map((entry) => this.#told(entry)));
  }

  /** Values of an event: they and their time hold though they may equal those before. */
  replace(samples: ReadonlyMap<string, Sample>): void {
    for (const [name, sample] of samples) this.#entry(name).sample = sample;
  }

  /** An event: these metrics, changed or not, and all others that have changed. A null that is known is left out. */
  report(samples: ReadonlyMap<string, Sample>): readonly Metric[] {
    this.replace(samples);
    const told = [...this.#entries.values()]
      .filter((entry) => changed(entry) || (samples.has(entry.definition.name) && entry.sample?.value !== null))
      .map((entry) => this.#told(entry));
    return inOrderOfTime(told);
  }

  /** These metrics with values of the past; what the hosts hold for the present stays. */
  history(samples: ReadonlyMap<string, Sample>): readonly Metric[] {
    const metrics = [...samples].map(([name, sample]) => {
      const entry = this.#entry(name);
      return { ...metric(entry, sample), historical: true, properties: quality(sample, undefined) };
    });
    return inOrderOfTime(metrics);
  }

  #told(entry: Entry): Metric {
    const sample = entry.sample as Sample;
    const told = { ...metric(entry, sample), properties: quality(sample, entry.sent) };
    entry.sent = sample;
    return told;
  }

  #entry(name: string): Entry {
    const entry = this.#entries.get(name);
    if (entry === undefined) throw new RangeError(`no metric ${name}`);
    return entry;
  }
}

function metric({ definition: { name, type }, alias }: Entry, { value, timestampMs }: Sample): Metric {
  return { name, ...(alias !== undefined && { alias }), type, value, timestampMs };
}

function changed({ sample, sent }: Entry): boolean {
  return sample !== undefined && (sent === undefined || !same(sample, sent));
}

/** Two templates are never the same: each stands for an event of its own. */
function same(first: Sample, second: Sample): boolean {
  return first.value === second.value && (first.quality ?? Quality.good) === (second.quality ?? Quality.good);
}

function properties({ unit, writable }: Definition, sample: Sample, before: Sample | undefined): readonly Property[] {
  return [
    ...(unit === undefined ? [] : [{ key: 'engUnit', type: DataType.String, value: unit }]),
    ...(writable === undefined ? [] : [{ key: 'readOnly', type: DataType.Boolean, value: !writable }]),
    ...quality(sample, before),
  ];
}

/** Said where it is not good, and once where it is good again. */
function quality(sample: Sample, before: Sample | undefined): readonly Property[] {
  const now = sample.quality ?? Quality.good;
  const was = before?.quality ?? Quality.good;
  if (now === Quality.good && was === Quality.good) return [];
  return [{ key: 'Quality', type: DataType.Int32, value: now }];
}

/** Hosts are to get the values of one message in the order of their times. */
function inOrderOfTime(metrics: readonly Metric[]): readonly Metric[] {
  return [...metrics].sort((first, second) => first.timestampMs - second.timestampMs);
}
