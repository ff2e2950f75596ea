import type { z } from 'zod';
import { addition, example, expectation } from './expectation.js';
import { explainFormat, explainInvalidKey } from './explain-format.js';
import {
  choicesOf,
  dereference,
  discriminatorOf,
  isSecret,
  type JsonSchema,
  placesOf,
  schemaAt,
  variantFor,
  variantsOf,
} from './json-schema.js';
import type { ConfigPath, Finding } from './problem.js';
import { booleanIn, code, listing, nearest, numberIn, show } from './wording.js';
import { find, type Located } from './yaml-tree.js';

/** Turns what the schema reports into findings a plant engineer can act on. */
export function explain(issue: z.core.$ZodIssue, root: Located): readonly Finding[] {
  const path = issue.path.filter((key) => typeof key !== 'symbol');
  const located = find(root, path);
  const schema = schemaAt(path, root.value);
  if (schema !== undefined && isSecret(schema)) return [explainSecret(path, located)];
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => explainUnknownKey([...path, key], schema, root));
  if (issue.code === 'invalid_key') return [explainInvalidKey(path, issue.issues[0]?.message)];
  if (located === undefined) return [explainMissing(path, schema)];
  if (located.value === null) return [explainEmpty(path, schema)];
  const choices = schema === undefined ? undefined : choicesOf(schema);
  if (choices !== undefined) return [explainChoice(path, located, choices)];
  const value = { path, at: 'value' } as const;
  switch (issue.code) {
    case 'invalid_type':
      return [{ ...value, ...explainType(path, located, schema) }];
    case 'too_small':
    case 'too_big':
      return [{ ...value, ...explainSize(issue, path, located, schema) }];
    case 'invalid_format':
      return [{ ...value, ...explainFormat(issue, path, located, schema) }];
    default:
      return [{ ...value, what: `${name(path)} is not accepted: ${issue.message}.`, instead: example(path, schema) }];
  }
}

function name(path: ConfigPath): string {
  const last = path.at(-1);
  if (last === undefined) return 'The file';
  return typeof last === 'number' ? `Entry ${last + 1} of ${code(path.at(-2) ?? 'the list')}` : code(last);
}

/** Never shows the value: it may be the secret itself. */
function explainSecret(path: ConfigPath, located: Located | undefined): Finding {
  const key = String(path.at(-1));
  const instead = `Write \`${key}: { credential: NAME }\`, \`{ file: PATH }\` or \`{ env: NAME }\`, and keep the secret itself there.`;
  const value = located?.value;
  const plain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  const what = plain
    ? `${code(key)} holds the secret in plain text, where every reader of the file and of its backups sees it.`
    : `${code(key)} must be a reference to a secret: exactly one of \`env\`, \`file\` and \`credential\`, with a text.`;
  return { path, at: plain ? 'value' : 'key', what, instead };
}

function explainUnknownKey(path: ConfigPath, parent: JsonSchema | undefined, root: Located): Finding {
  const key = String(path.at(-1));
  const section = parent === undefined ? {} : variantFor(dereference(parent), find(root, path.slice(0, -1))?.value);
  const known = Object.keys(section.properties ?? {});
  const where = path.length === 1 ? 'at the top of the file' : `in ${name(path.slice(0, -1)).replace(/^E/, 'e')}`;
  const finding = { path, at: 'key', what: `The key ${code(key)} is not known ${where}.` } as const;
  if (key === '<<') return { ...finding, instead: 'YAML 1.2 has no merge keys: write the keys out.' };
  const meant = nearest(key, known);
  if (meant !== undefined) return { ...finding, instead: `Did you mean ${code(meant)}?` };
  const places = placesOf(key).filter((place) => place !== '');
  if (places.length > 0 && places.length <= 2) {
    return { ...finding, instead: `It belongs to ${listing(places)}: move it there.` };
  }
  const list = known.length === 0 ? 'Remove it.' : `Remove it, or write one of ${listing(known)}.`;
  return { ...finding, instead: list };
}

function explainMissing(path: ConfigPath, schema: JsonSchema | undefined): Finding {
  const [key, section] = [path.at(-1), path.slice(0, -1)];
  const where = section.length === 0 ? 'The file' : name(section);
  const described = schema?.description === undefined ? '' : ` (${schema.description.replace(/\.$/, '')})`;
  const what = `${where} lacks the key ${code(key)}${described}.`;
  return { path, at: 'missing', what, instead: addition(path, schema) };
}

function explainEmpty(path: ConfigPath, schema: JsonSchema | undefined): Finding {
  const [key, section] = [path.at(-1), path.slice(0, -1)];
  const parent = schemaAt(section, undefined);
  const required = typeof key === 'number' || parent?.required?.includes(String(key)) === true;
  const instead = required
    ? example(path, schema)
    : `${example(path, schema)} To leave it at its default, remove the line.`;
  return { path, at: 'key', what: `${name(path)} is empty.`, instead };
}

function explainChoice(path: ConfigPath, located: Located, choices: readonly (string | number | boolean)[]): Finding {
  const { value } = located;
  const expected = choices.length === 1 ? `be ${listing(choices)}` : `be one of ${listing(choices)}`;
  const what = `${name(path)} must ${expected}, but is ${show(value)}.`;
  const same = choices.find((choice) => String(choice) === String(value));
  if (same !== undefined && typeof value !== 'object') {
    const instead =
      typeof same === 'string' ? `Write it in quotes: \`"${same}"\`.` : `Write ${code(same)} without quotes.`;
    return { path, at: 'value', what, instead };
  }
  const meant = typeof value === 'string' ? nearest(value, choices.map(String)) : undefined;
  const instead =
    meant === undefined
      ? `Write ${choices.length === 1 ? '' : 'one of '}${listing(choices)}.`
      : `Did you mean ${code(meant)}?`;
  return { path, at: 'value', what, instead };
}

function explainType(
  path: ConfigPath,
  located: Located,
  schema: JsonSchema | undefined,
): { readonly what: string; readonly instead: string } {
  const { value } = located;
  const key = String(path.at(-1) ?? '');
  const target = schema === undefined ? {} : dereference(schema);
  // A line such as `password:abc` is a text where a section was meant, and must not be repeated.
  const secretive = isSection(target) || /pass|secret|token|pwd/i.test(key);
  const shown = secretive && typeof value === 'string' ? 'a text' : show(value);
  const what = `${name(path)} must be ${expectation(schema)}, but is ${shown}.`;
  return { what, instead: conversion(key, value, located.source, target) ?? example(path, schema) };
}

function isSection(schema: JsonSchema): boolean {
  return schema.type === 'object' || variantsOf(schema).length > 0;
}

/** How to write the value that was plainly meant, where that can be told. */
function conversion(key: string, value: unknown, source: string | undefined, schema: JsonSchema): string | undefined {
  if (schema.type === 'boolean') {
    const meant = booleanIn(value);
    if (meant === undefined) return undefined;
    const quirk =
      typeof value === 'string' && /^(yes|no|on|off|y|n)$/i.test(value) ? ` (in YAML 1.2 \`${value}\` is a text)` : '';
    return `Write ${code(meant)} without quotes${quirk}.`;
  }
  if ((schema.type === 'number' || schema.type === 'integer') && typeof value === 'string') {
    const meant = numberIn(value, key);
    if (meant === undefined) return undefined;
    return meant.value === undefined ? `Write the number ${meant.hint}.` : `Write ${code(meant.value)}, ${meant.hint}.`;
  }
  if (schema.type === 'integer' && typeof value === 'number' && Number.isFinite(value)) {
    return `Write a whole number, such as ${code(Math.round(value))}.`;
  }
  if (schema.type === 'string' && (typeof value === 'number' || typeof value === 'boolean')) {
    return `Write it in quotes: ${code(`"${source ?? String(value)}"`)}.`;
  }
  if (schema.type === 'array') {
    const entries = dereference(typeof schema.items === 'object' && !Array.isArray(schema.items) ? schema.items : {});
    if (entries.type === 'string' && typeof value === 'string') return `Write a list: ${code(`[${value}]`)}.`;
    return entries.type === 'string' ? undefined : 'Begin each entry with a dash: `- name: …`.';
  }
  if (isSection(schema) && Array.isArray(value)) return 'Write the keys without a dash in front of them.';
  if (isSection(schema)) {
    if (typeof value === 'string' && /^\w+:\S/.test(value)) return 'Write a space behind the colon of each key.';
    const keys = schema.required ?? [discriminatorOf(variantsOf(schema)) ?? ''];
    const wanted = keys.filter((entry) => entry !== '');
    return `Write its keys below it, indented by two spaces${wanted.length > 0 ? `, with ${listing(wanted)}` : ''}.`;
  }
  return undefined;
}

function explainSize(
  issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig,
  path: ConfigPath,
  located: Located,
  schema: JsonSchema | undefined,
): { readonly what: string; readonly instead: string } {
  const small = issue.code === 'too_small';
  const limit = small ? issue.minimum : issue.maximum;
  const instead = example(path, schema);
  if (issue.origin === 'string') {
    const what =
      small && Number(limit) === 1
        ? 'must not be empty'
        : `must have at ${small ? 'least' : 'most'} ${limit} characters`;
    return { what: `${name(path)} ${what}.`, instead };
  }
  if (issue.origin === 'array') {
    const entries = Number(limit) === 1 ? 'entry' : 'entries';
    const advice = small ? 'Add one behind a dash.' : 'Remove some, or divide them among several gateways.';
    return { what: `${name(path)} must have at ${small ? 'least' : 'most'} ${limit} ${entries}.`, instead: advice };
  }
  const what = `${name(path)} must be at ${small ? 'least' : 'most'} ${limit}, but is ${show(located.value)}.`;
  return { what, instead: `Write ${expectation(schema)}.` };
}
