import { distance } from 'fastest-levenshtein';

const MAX_SHOWN = 40;

/** A value as a message shows it; lists and sections by their kind alone, passwords inside an address masked. */
export function show(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'string') return `the text ${JSON.stringify(shorten(maskUrl(value)))}`;
  if (typeof value === 'number') return `the number ${value}`;
  if (typeof value === 'boolean') return `${value} (true or false)`;
  return typeof value === 'object' ? 'a section' : `a ${typeof value}`;
}

export function shorten(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN - 1)}…` : text;
}

/** `mqtt://user:secret@host` → `mqtt://…@host`. */
export function maskUrl(text: string): string {
  return text.replace(/\/\/.*@/s, '//…@');
}

/** A word as it goes into a sentence: in back ticks, short and on one line. */
export function code(value: unknown): string {
  const text = shorten(maskUrl(String(value)));
  return `\`${/[\p{Cc}`]/u.test(text) ? JSON.stringify(text).slice(1, -1) : text}\``;
}

export function listing(values: readonly unknown[]): string {
  return values.map(code).join(', ');
}

/**
 * The candidate a person most likely meant: equal but for case and separators, or a few letters apart (Levenshtein
 * distance).
 */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  if (word.length > 64) return undefined;
  const bare = plain(word);
  if (bare === '') return undefined;
  const ranked = candidates
    .map((candidate) => ({ candidate, steps: stepsBetween(bare, plain(candidate)) }))
    .filter(({ candidate, steps }) => steps <= allowedSteps(plain(candidate)))
    .sort((left, right) => left.steps - right.steps);
  return ranked[0]?.candidate;
}

/** Two letters that changed places are the commonest slip: one step, where Levenshtein counts two. */
function stepsBetween(left: string, right: string): number {
  const steps = distance(left, right);
  const sorted = (word: string): string => [...word].sort().join('');
  return steps === 2 && sorted(left) === sorted(right) ? 1 : steps;
}

function allowedSteps(candidate: string): number {
  return candidate.length < 4 ? 1 : Math.max(2, Math.floor(candidate.length / 3));
}

function plain(word: string): string {
  return word.toLowerCase().replace(/[\s_.-]/g, '');
}

/** A name in the form that names must have, or undefined where nothing is left of it. */
export function asName(text: string): string | undefined {
  const name = text
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^[-_]+|-+$/g, '')
    .slice(0, 63);
  return name === '' ? undefined : name;
}

const MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  sec: 1000,
  second: 1000,
  seconds: 1000,
  m: 60_000,
  min: 60_000,
  minutes: 60_000,
  h: 3_600_000,
  hours: 3_600_000,
};
const BYTES: Readonly<Record<string, number>> = {
  b: 1,
  kb: 1000,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/** The number that a text stands for (`"5"`, `0,5`, `10_000`, `2s`, `5 GB`, `50%`), and a word on how to write it. */
export function numberIn(
  text: string,
  key: string,
): { readonly value: number | undefined; readonly hint: string } | undefined {
  const trimmed = text.trim();
  if (/^-?\d+(\.\d+)?$/.test(trimmed)) return { value: Number(trimmed), hint: 'without quotes' };
  if (/^-?\d+,\d+$/.test(trimmed)) return { value: Number(trimmed.replace(',', '.')), hint: 'with a decimal point' };
  if (/^\d{1,3}([_' ]\d{3})+$/.test(trimmed))
    return { value: Number(trimmed.replace(/[_' ]/g, '')), hint: 'in digits alone' };
  const [, digits = '', unit = ''] = /^(-?\d+(?:[.,]\d+)?)\s*([a-zA-Z%°]+)$/.exec(trimmed) ?? [];
  if (unit === '') return undefined;
  const amount = Number(digits.replace(',', '.'));
  if (unit === '%') return { value: amount / 100, hint: 'as a share of 1' };
  const own = lookUp(key, unit.toLowerCase());
  if (own !== undefined) return { value: Math.round(amount * own.factor), hint: `in ${own.name}, without the unit` };
  return { value: undefined, hint: 'without the unit' };
}

function lookUp(key: string, unit: string): { readonly factor: number; readonly name: string } | undefined {
  if (key.endsWith('Ms') && MS[unit] !== undefined) return { factor: MS[unit], name: 'milliseconds' };
  if (key.endsWith('Seconds') && MS[unit] !== undefined) return { factor: MS[unit] / 1000, name: 'seconds' };
  if (key.endsWith('Bytes') && BYTES[unit] !== undefined) return { factor: BYTES[unit], name: 'bytes' };
  return undefined;
}

const YES = new Set(['yes', 'y', 'on', 'true', 't', '1', 'ja', 'enabled']);
const NO = new Set(['no', 'n', 'off', 'false', 'f', '0', 'nein', 'disabled']);

/** The switch position that a word stands for: YAML 1.2 reads yes, no, on and off as text. */
export function booleanIn(value: unknown): boolean | undefined {
  const word = String(value).trim().toLowerCase();
  return YES.has(word) ? true : NO.has(word) ? false : undefined;
}
