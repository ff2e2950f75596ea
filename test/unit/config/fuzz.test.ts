import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '#jidoka/config/load.js';
import { printConfig } from '#jidoka/config/print.js';

const example = readFileSync(join(import.meta.dirname, '..', '..', '..', 'config', 'two-stations.yaml'), 'utf8');
const SNIPPETS = [
  '\t',
  '"',
  "'",
  '[',
  '{',
  '}',
  ']',
  ':',
  ': ',
  '- ',
  '#',
  '&a ',
  '*a',
  '!x ',
  '? ',
  '|',
  '>',
  '\n',
  '\r',
  '\0',
  '~',
  '<<: ',
  '---\n',
  '…',
  '%',
  '@',
  '__proto__: ',
];

/** Mulberry32, so that a failure can be repeated. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function mutate(text: string, random: () => number): string {
  const at = Math.floor(random() * text.length);
  const length = Math.floor(random() * 30);
  const snippet = SNIPPETS[Math.floor(random() * SNIPPETS.length)] ?? '';
  const kind = random();
  if (kind < 0.4) return text.slice(0, at) + snippet + text.slice(at);
  if (kind < 0.7) return text.slice(0, at) + text.slice(at + length);
  const from = Math.floor(random() * text.length);
  return text.slice(0, at) + text.slice(from, from + length) + text.slice(at);
}

describe('a damaged file', () => {
  it.each([1, 2, 3, 4])(
    'gives a configuration or problems with a place in the file, never an exception (seed %i)',
    (seed) => {
      const random = seeded(seed);
      for (let round = 0; round < 100; round += 1) {
        let text = example;
        for (let step = Math.floor(random() * 5); step >= 0; step -= 1) text = mutate(text, random);
        const lines = text.split('\n');
        const result = loadConfig(text, 'f.yaml');
        if ('config' in result) {
          expect(loadConfig(printConfig(result.config), 'printed')).toEqual(result);
          continue;
        }
        expect(result.problems.length).toBeGreaterThan(0);
        for (const { line, column, what, instead } of result.problems) {
          expect(line).toBeLessThanOrEqual(lines.length);
          expect(column).toBeLessThanOrEqual((lines[line - 1]?.length ?? 0) + 1);
          expect(`${what}${instead}`).not.toMatch(/undefined|\[object|Invalid input|\n/);
        }
      }
    },
  );
});
