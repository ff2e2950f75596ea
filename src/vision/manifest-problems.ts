import type { z } from 'zod';
import { messageOf } from '../base/errors.js';
import { visionErrors } from './errors.js';
import { type Manifest, manifestSchema } from './manifest.js';
import { contradictions } from './manifest-contradictions.js';
import { quoted, shortened } from './quoted.js';

/** More are not worth reading; the last one says how many were left out. */
const MAX_PROBLEMS = 50;

/**
 * Reads the text of a `model.json`.
 * @throws MODEL_MANIFEST_INVALID that lists every problem: its path in the JSON, what stands there, what to write
 */
export function parseManifest(text: string, file: string): Manifest {
  const json = parseJson(text, file);
  const parsed = manifestSchema.safeParse(json);
  const faults = parsed.success ? [] : parsed.error.issues.map((issue) => problemText(issue, json));
  const problems = [...faults, ...contradictions(json)];
  if (parsed.success && problems.length === 0) return parsed.data;
  throw visionErrors.MODEL_MANIFEST_INVALID({
    where: file,
    got: `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}: ${bounded(problems).join('; ')}`,
  });
}

function bounded(problems: readonly string[]): readonly string[] {
  if (problems.length <= MAX_PROBLEMS) return problems;
  return [...problems.slice(0, MAX_PROBLEMS), `${problems.length - MAX_PROBLEMS} more, correct the first ones`];
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw visionErrors.MODEL_MANIFEST_INVALID({
      where: file,
      got: `text that is not JSON (${messageOf(cause)})`,
      cause,
    });
  }
}

function problemText(issue: z.core.$ZodIssue, json: unknown): string {
  const path = pathText(issue.path) || '(the whole file)';
  const value = issue.path.reduce<unknown>(
    (parent, key) =>
      typeof parent === 'object' && parent !== null ? (parent as Record<PropertyKey, unknown>)[key] : undefined,
    json,
  );
  if (issue.code === 'invalid_key') return `${path}: is no name, write ${issue.issues.map(expectedText).join(' or ')}`;
  if (issue.code === 'unrecognized_keys') return `${path}: ${quoted(issue.keys)} is not known, leave it out`;
  const expected = expectedText(issue);
  return value === undefined ? `${path}: is missing, write ${expected}` : `${path}: ${shown(value)}, write ${expected}`;
}

function expectedText(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return `a value of type ${issue.expected}`;
    case 'invalid_value':
      return `one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}`;
    case 'invalid_union':
      return issue.errors.flat().map(expectedText).join(' or ');
    case 'invalid_format':
      return issue.format === 'regex' && issue.message.startsWith('Invalid')
        ? `text of the form ${issue.pattern}`
        : issue.message;
    case 'too_small':
      return `${issue.origin === 'array' || issue.origin === 'string' ? 'a length' : 'a number'} of at least ${issue.minimum}`;
    case 'too_big':
      return `${issue.origin === 'array' || issue.origin === 'string' ? 'a length' : 'a number'} of at most ${issue.maximum}`;
    default:
      return issue.message;
  }
}

function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? String(key) : `${text}.${String(key)}`;
  }, '');
}

function shown(value: unknown): string {
  return shortened(JSON.stringify(value));
}
