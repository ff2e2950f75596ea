import { choicesOf, dereference, discriminatorOf, isSecret, type JsonSchema, variantsOf } from './json-schema.js';
import type { ConfigPath } from './problem.js';
import { listing } from './wording.js';

/** What a value must be, as it follows "must be": `a whole number from 1 to 64`. */
export function expectation(reference: JsonSchema | undefined): string {
  if (reference === undefined) return 'something else';
  if (isSecret(reference)) return 'a reference to a secret';
  const schema = dereference(reference);
  const choices = choicesOf(schema);
  if (choices !== undefined) return choices.length === 1 ? listing(choices) : `one of ${listing(choices)}`;
  switch (schema.type) {
    case 'integer':
      return `a whole number${range(schema)}`;
    case 'number':
      return `a number${range(schema)}`;
    case 'boolean':
      return '`true` or `false`';
    case 'string':
      return 'a text';
    case 'array':
      return 'a list';
    default:
      return 'a section with keys of its own';
  }
}

/** ` from 1 to 64`; bounds that are only those of the number format are left out. */
export function range(schema: JsonSchema): string {
  const { minimum, maximum } = schema;
  const upper = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum;
  const lower = minimum === Number.MIN_SAFE_INTEGER ? undefined : minimum;
  if (lower !== undefined && upper !== undefined) return ` from ${lower} to ${upper}`;
  if (lower !== undefined) return ` from ${lower} up`;
  return upper === undefined ? '' : ` up to ${upper}`;
}

/** A sentence that shows how to write the value: `Write, for example, \`everyMs: 1000\`.` */
export function example(path: ConfigPath, schema: JsonSchema | undefined): string {
  const key = path.at(-1);
  const prefix = typeof key === 'string' ? `${key}: ` : '';
  const sample = schema === undefined ? undefined : sampleOf(schema);
  if (sample !== undefined) return `Write, for example, \`${prefix}${sample}\`.`;
  if (schema === undefined) return 'docs/config.md lists what is accepted.';
  const { type, description } = dereference(schema);
  if (type === 'object') return 'Write its keys below it, indented by two spaces.';
  return description === undefined ? `Write ${expectation(schema)}.` : `Write ${expectation(schema)}: ${description}`;
}

/** A sentence that says what to add for a key that is missing. */
export function addition(path: ConfigPath, reference: JsonSchema | undefined): string {
  const key = path.at(-1);
  if (reference === undefined) return `Add \`${key}\`.`;
  const schema = dereference(reference);
  const sample = sampleOf(reference);
  if (sample !== undefined) return `Add it, for example \`${key}: ${sample}\`.`;
  if (schema.type === 'array') return `Add \`${key}:\` with one entry behind each dash.`;
  const discriminator = discriminatorOf(variantsOf(schema));
  const keys = discriminator === undefined ? (schema.required ?? []) : [discriminator];
  return `Add the section \`${key}:\`${keys.length > 0 ? ` with ${listing(keys)}` : ''}.`;
}

/** A value in YAML that would be accepted, where one can be told from the schema. */
function sampleOf(reference: JsonSchema): string | undefined {
  if (isSecret(reference)) return '{ credential: NAME }';
  const schema = dereference(reference);
  const given = Array.isArray(schema.examples) ? schema.examples[0] : undefined;
  const sample: unknown = given ?? schema.default ?? choicesOf(schema)?.[0];
  if (typeof sample === 'string') return /^[\d.]+$/.test(sample) ? `"${sample}"` : sample;
  if (typeof sample === 'number' || typeof sample === 'boolean') return String(sample);
  if (Array.isArray(sample) && sample.length > 0) return `[${sample.join(', ')}]`;
  if (schema.type === 'boolean') return 'true';
  if (schema.type === 'integer' || schema.type === 'number') return String(schema.minimum ?? 1);
  return undefined;
}
