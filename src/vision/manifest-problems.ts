import type { z } from 'zod';
import { messageOf } from '../base/errors.js';
import { visionErrors } from './errors.js';
import { type Manifest, manifestSchema } from './manifest.js';

const MAX_SHOWN = 60;

/**
 * Reads the text of a `model.json`.
 * @throws MODEL_MANIFEST_INVALID that lists every problem: its path in the JSON, what stands there, what to write
 */
export function parseManifest(text: string, file: string): Manifest {
  const json = parseJson(text, file);
  const parsed = manifestSchema.safeParse(json);
  const problems = parsed.success
    ? contradictions(parsed.data)
    : parsed.error.issues.map((issue) => problemText(issue, json));
  if (parsed.success && problems.length === 0) return parsed.data;
  throw visionErrors.MODEL_MANIFEST_INVALID({
    where: file,
    got: `${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}: ${problems.join('; ')}`,
  });
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

/** What the schema cannot say since it concerns several fields. */
function contradictions(manifest: Manifest): string[] {
  const { labels, goodLabel, input, preprocessing, output } = manifest;
  const problems: string[] = [];
  const twice = labels.filter((label, index) => labels.indexOf(label) !== index);
  if (twice.length > 0) problems.push(`labels: ${quote(twice)} stands there twice, write each label once`);
  if (goodLabel !== null && !labels.includes(goodLabel)) {
    problems.push(`goodLabel: "${goodLabel}" is not among the labels, write one of ${quote(labels)} or null`);
  }
  for (const field of ['mean', 'std'] as const) {
    const { length } = preprocessing[field];
    if (length !== 1 && length !== input.channels) {
      problems.push(`preprocessing.${field}: ${length} values, write 1 or ${input.channels} (one a channel)`);
    }
  }
  if (preprocessing.std.includes(0)) problems.push('preprocessing.std: 0 divides by zero, write another number');
  const scales =
    preprocessing.scale !== 1 ||
    preprocessing.mean.some((value) => value !== 0) ||
    preprocessing.std.some((value) => value !== 1);
  if (input.type === 'uint8' && scales) {
    problems.push(
      'preprocessing: scale, mean and std are for float32 input, leave them out and scale uint8 input in the graph',
    );
  }
  if (output.activation === 'softmax' && output.temperature !== 1) {
    problems.push('output.temperature: only for the activation "logits", write 1 or leave it out');
  }
  return problems;
}

function problemText(issue: z.core.$ZodIssue, json: unknown): string {
  const path = pathText(issue.path) || '(the whole file)';
  const value = issue.path.reduce<unknown>(
    (parent, key) =>
      typeof parent === 'object' && parent !== null ? (parent as Record<PropertyKey, unknown>)[key] : undefined,
    json,
  );
  if (issue.code === 'unrecognized_keys') return `${path}: ${quote(issue.keys)} is not known, leave it out`;
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
  const text = JSON.stringify(value);
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}

function quote(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}
