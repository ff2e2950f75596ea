import { z } from 'zod';
import type { ConfigPath } from './problem.js';
import { configSchema } from './schema/index.js';

export type JsonSchema = z.core.JSONSchema.JSONSchema;

let cached: JsonSchema | undefined;

/**
 * The configuration format as JSON Schema draft-07, which yaml-language-server reads: what a file may hold, so keys
 * with a default are optional.
 */
export function configJsonSchema(): JsonSchema {
  cached ??= {
    ...z.toJSONSchema(configSchema, { io: 'input', target: 'draft-07' }),
    title: 'jidoka configuration',
  } as JsonSchema;
  return cached;
}

/** The definition behind a `$ref`, or the schema itself. */
export function dereference(schema: JsonSchema): JsonSchema {
  const reference = referenceOf(schema);
  if (reference === undefined) return schema;
  const definitions = configJsonSchema()['definitions'] as Readonly<Record<string, JsonSchema>> | undefined;
  return definitions?.[reference.replace('#/definitions/', '')] ?? schema;
}

/** Draft-07 ignores what stands beside a `$ref`, so zod wraps it in `allOf`. */
function referenceOf(schema: JsonSchema): string | undefined {
  return schema.$ref ?? schema.allOf?.[0]?.$ref;
}

export function isSecret(schema: JsonSchema): boolean {
  return referenceOf(schema) === '#/definitions/secret';
}

/** The kinds of a section that differ by one key, as `camera` by `kind`. */
export function variantsOf(schema: JsonSchema): readonly JsonSchema[] {
  return ((schema.oneOf ?? schema.anyOf ?? []) as readonly JsonSchema[]).map(dereference);
}

/** The key by which the kinds of a section differ: the one that is constant in all of them. */
export function discriminatorOf(variants: readonly JsonSchema[]): string | undefined {
  const [first] = variants;
  return Object.keys(first?.properties ?? {}).find((key) =>
    variants.every((variant) => typeof propertyOf(variant, key)?.const === 'string'),
  );
}

export function propertyOf(schema: JsonSchema, key: string): JsonSchema | undefined {
  const property =
    schema.properties !== undefined && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined;
  return typeof property === 'object' ? property : undefined;
}

/** The values a key is limited to, or undefined where it is free. */
export function choicesOf(schema: JsonSchema): readonly (string | number | boolean)[] | undefined {
  if (schema.const !== undefined && schema.const !== null) return [schema.const];
  if (schema.enum !== undefined) return schema.enum.filter((choice) => choice !== null);
  const variants = variantsOf(schema);
  const constants = variants
    .map((variant) => variant.const)
    .filter((choice) => choice !== undefined && choice !== null);
  return constants.length > 0 && constants.length === variants.length ? constants : undefined;
}

/** The schema of the value at `path`; `value` is the whole file, which tells the kinds of a section apart. */
export function schemaAt(path: ConfigPath, value: unknown): JsonSchema | undefined {
  let schema: JsonSchema | undefined = configJsonSchema();
  let at: unknown = value;
  for (const key of path) {
    if (schema === undefined) return undefined;
    const section = variantFor(dereference(schema), at);
    if (typeof key === 'number') {
      schema = typeof section.items === 'object' && !Array.isArray(section.items) ? section.items : undefined;
    } else {
      const additional: JsonSchema | undefined =
        typeof section.additionalProperties === 'object' ? section.additionalProperties : undefined;
      schema = propertyOf(section, key) ?? kindsOf(section, key) ?? additional;
    }
    at = typeof at === 'object' && at !== null ? (at as Record<string | number, unknown>)[key] : undefined;
  }
  return schema;
}

/** The values of the key by which the kinds of a section differ, where none of them has been chosen yet. */
function kindsOf(section: JsonSchema, key: string): JsonSchema | undefined {
  const variants = variantsOf(section);
  if (discriminatorOf(variants) !== key) return undefined;
  return { enum: variants.map((variant) => propertyOf(variant, key)?.const ?? null) };
}

/** The kind of section that `value` chooses, or the schema itself. */
export function variantFor(schema: JsonSchema, value: unknown): JsonSchema {
  const variants = variantsOf(schema);
  const discriminator = discriminatorOf(variants);
  if (discriminator === undefined || typeof value !== 'object' || value === null) return schema;
  const chosen = (value as Record<string, unknown>)[discriminator];
  return variants.find((variant) => propertyOf(variant, discriminator)?.const === chosen) ?? schema;
}

/** Every place of the format that has the key, such as `stations[].sensors[]`. */
export function placesOf(key: string): readonly string[] {
  const places: string[] = [];
  const walk = (schema: JsonSchema, path: string): void => {
    const section = dereference(schema);
    if (propertyOf(section, key) !== undefined) places.push(path);
    for (const [name, property] of Object.entries(section.properties ?? {})) {
      if (typeof property === 'object') walk(property, path === '' ? name : `${path}.${name}`);
    }
    if (typeof section.items === 'object' && !Array.isArray(section.items)) walk(section.items, `${path}[]`);
    if (typeof section.additionalProperties === 'object') walk(section.additionalProperties, `${path}.NAME`);
    for (const variant of variantsOf(section)) walk(variant, path);
  };
  walk(configJsonSchema(), '');
  return [...new Set(places)];
}
