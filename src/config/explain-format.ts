import type { z } from 'zod';
import { example } from './expectation.js';
import type { JsonSchema } from './json-schema.js';
import type { ConfigPath, Finding } from './problem.js';
import { asName, code, show } from './wording.js';
import type { Located } from './yaml-tree.js';

export function explainInvalidKey(path: ConfigPath, message: string | undefined): Finding {
  return {
    path,
    at: 'key',
    what: `The name ${code(path.at(-1))} cannot be used.`,
    instead: nameHint(String(path.at(-1)), message),
  };
}

export function explainFormat(
  issue: z.core.$ZodIssueInvalidStringFormat,
  path: ConfigPath,
  located: Located,
  schema: JsonSchema | undefined,
): { readonly what: string; readonly instead: string } {
  const key = path.at(-1);
  const value = String(located.value);
  const subject = typeof key === 'number' ? `Entry ${key + 1}` : code(key);
  if (issue.format === 'url') {
    const what = `${subject} is not an address of the kind that belongs here, but ${show(value)}.`;
    return { what, instead: example(path, schema) };
  }
  const what = `${subject} is not well formed: ${show(value)}.`;
  const rule = issue.message.startsWith('Invalid') ? undefined : issue.message;
  if (rule !== undefined && issue.pattern?.includes('a-z0-9_-') === true)
    return { what, instead: nameHint(value, rule) };
  return { what, instead: rule === undefined ? example(path, schema) : sentence(rule) };
}

function nameHint(text: string, rule: string | undefined): string {
  const proposal = asName(text);
  const hint = rule === undefined ? 'Use another name.' : sentence(rule);
  return proposal === undefined ? hint : `${hint} For example ${code(proposal)}.`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
