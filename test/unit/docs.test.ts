import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { configJsonSchema, type JsonSchema } from '#jidoka/config/json-schema.js';
import { readCatalogues } from '../../scripts/docs/error-reference.js';
import { generateDocs, staleSchemas } from '../../scripts/generate-docs.js';

const root = join(import.meta.dirname, '..', '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
let generated: ReadonlyMap<string, string>;
beforeAll(async () => {
  generated = await generateDocs();
});

describe('generated documents', () => {
  it('are committed as the code generates them (npm run docs)', () => {
    for (const [path, text] of generated) expect({ path, text: read(path) }).toEqual({ path, text });
  });

  it('leave no schema of a message behind that no longer exists', () => {
    expect(staleSchemas(generated)).toEqual([]);
  });
});

describe('docs/errors.md', () => {
  const documented = (): string[] =>
    [...read('docs/errors.md').matchAll(/^### (\w+)$/gm)].map((match) => match[1] ?? '');

  it('lists every code of every catalogue, and no other', async () => {
    const codes = (await readCatalogues(root)).flatMap(({ definitions }) => Object.keys(definitions));
    expect(documented().sort()).toEqual(codes.sort());
    expect(new Set(codes).size).toBe(codes.length);
  });

  it('lists no code that nothing reports', () => {
    const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.tsx?$/.test(path) && basename(path) !== 'errors.ts')
      .map((path) => read(join('src', path)))
      .join('\n');
    const used = new Set(sources.match(/\b[A-Z][A-Z0-9]*(_[A-Z0-9]+)+\b/g));
    expect(documented().filter((code) => !used.has(code))).toEqual([]);
  });

  it('says something for every code, in sentences', async () => {
    for (const { definitions } of await readCatalogues(root)) {
      for (const [code, { summary, remedy }] of Object.entries(definitions)) {
        expect({ code, ends: [summary.at(-1), remedy.at(-1)] }).toEqual({ code, ends: ['.', '.'] });
      }
    }
  });
});

describe('docs/config.md', () => {
  it('describes every key of the schema', () => {
    const page = read('docs/config.md');
    const undescribed: string[] = [];
    const walk = (schema: JsonSchema, path: string): void => {
      for (const [key, property] of Object.entries(schema.properties ?? {})) {
        if (typeof property !== 'object') continue;
        const row = page.split('\n').some((line) => line.startsWith(`| \`${key}\` |`) && !line.endsWith('|  |'));
        if (!row) undescribed.push(`${path}.${key}`);
        walk(property, `${path}.${key}`);
      }
      for (const next of [schema.items, schema.additionalProperties, ...(schema.oneOf ?? [])]) {
        if (typeof next === 'object' && !Array.isArray(next)) walk(next, path);
      }
    };
    walk(configJsonSchema(), '');
    expect(undescribed).toEqual([]);
  });
});

describe('config/jidoka.schema.json', () => {
  const ajv = new Ajv({ strict: true, allErrors: true });
  formats.default(ajv);

  it('is a schema that editors can use, and accepts every example', () => {
    const validate = ajv.compile(JSON.parse(read('config/jidoka.schema.json')));
    for (const file of readdirSync(join(root, 'config')).filter((name) => name.endsWith('.yaml'))) {
      const valid = validate(parse(read(join('config', file))));
      expect({ file, errors: valid ? [] : validate.errors }).toEqual({ file, errors: [] });
    }
  });

  it('refuses what the loader refuses', () => {
    const validate = ajv.compile({ ...(JSON.parse(read('config/jidoka.schema.json')) as object), $id: 'second' });
    const example = parse(read('config/folder-camera.yaml')) as Record<string, object>;
    expect(validate({ ...example, extra: 1 })).toBe(false);
    expect(validate({ ...example, mqtt: { ...example['mqtt'], password: 'abc' } })).toBe(false);
  });
});
