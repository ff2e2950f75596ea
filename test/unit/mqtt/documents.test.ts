import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Parser } from '@asyncapi/parser';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import Database from 'better-sqlite3';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { REASON_CODES } from '#jidoka/domain/verdict.js';
import { inspectionPayloadSchema } from '#jidoka/mqtt/payload-schemas.js';
import { TOPIC_KINDS } from '#jidoka/mqtt/topic-catalogue.js';
import { exampleMessages } from '../../../scripts/docs/example-messages.js';
import { renderMqttPage } from '../../../scripts/docs/mqtt-page.js';
import { prettyJson } from '../../../scripts/docs/pretty-json.js';

const docs = join(import.meta.dirname, '..', '..', '..', 'docs');
const read = (path: string): string => readFileSync(join(docs, path), 'utf8');

describe('docs/asyncapi.yaml', () => {
  it("is valid for AsyncAPI's own parser", async () => {
    const { document, diagnostics } = await new Parser().parse(read('asyncapi.yaml'));
    const faults = diagnostics.filter(({ severity }) => severity === 0);
    expect(faults.map(({ message, path }) => `${path.join('.')}: ${message}`)).toEqual([]);
    expect(document?.version()).toBe('3.0.0');
    const sent = document?.operations().filterBySend().length ?? 0;
    const received = document?.operations().filterByReceive().length ?? 0;
    expect(sent + received).toBe(TOPIC_KINDS.length);
    expect(received).toBe(TOPIC_KINDS.filter(({ direction }) => direction === 'subscribe').length);
  }, 120_000);

  it('takes the real messages with its schemas, and no other', () => {
    const { components } = parse(read('asyncapi.yaml')) as { components: { schemas: Record<string, object> } };
    for (const message of Object.values(exampleMessages())) {
      const ajv = new Ajv({ strict: true, allowUnionTypes: true });
      addFormats.default(ajv);
      const validate = ajv.compile(components.schemas[message.schema.replace('/', '.v')] ?? false);
      expect(validate(JSON.parse(JSON.stringify(message))), JSON.stringify(validate.errors)).toBe(true);
      expect(validate({ ...message, schema: 'another/1' })).toBe(false);
    }
  });
});

describe('docs/mqtt.md', () => {
  it('refuses marks that nothing stands behind, and misses those that are gone', () => {
    const page = read('mqtt.md');
    expect(() => renderMqttPage(page.replace('generated: state', 'generated: stat'))).toThrow(/under the name stat$/);
    expect(() => renderMqttPage(page.replace('<!-- generated: topics -->', ''))).toThrow(/lacks .* topics$/);
  });

  it('names every topic of the catalogue with its way', () => {
    const page = read('mqtt.md');
    for (const { topic } of TOPIC_KINDS) expect(page).toContain(`| \`${topic('BASE', 'STATION')}\` |`);
  });

  it('explains every member of an inspection, and every reason', () => {
    const page = read('mqtt.md');
    const members = [...page.matchAll(/^\| (.*?) \|/gm)].map(([, cell = '']) => cell).join(' ');
    for (const member of Object.keys(inspectionPayloadSchema.shape)) expect(members).toContain(`\`${member}\``);
    const reasons = page.split('\n').find((line) => line.startsWith('| `reasons[].code` |'));
    for (const code of REASON_CODES) expect(reasons).toContain(`\`${code}\``);
  });

  it('has SQL that drops repeats and finds gaps', () => {
    const [create = '', insert = '', gaps = ''] = [...read('mqtt.md').matchAll(/```sql\n([\s\S]*?)```/g)].map(
      (match) => match[1] ?? '',
    );
    const database = new Database(':memory:');
    database.exec(create);
    const statement = database.prepare(insert);
    const store = (station: string, seq: number, id = `${station}-${seq}`): number => {
      const values = [id, station, seq, '2026-11-23T09:41:07.250Z', 'pass', '{}'];
      return statement.run(Object.fromEntries(values.map((value, index) => [String(index + 1), value]))).changes;
    };
    // Repeats, and messages that come after later ones, as a broken connection brings them.
    const arrivals = [1, 2, 3, 2, 3, 4, 6, 5, 6, 9, 9];
    expect(arrivals.map((seq) => store('cap', seq))).toEqual([1, 1, 1, 0, 0, 1, 1, 1, 0, 1, 0]);
    for (const seq of [2, 3, 12]) store('neck', seq);
    expect(database.prepare(gaps).all()).toEqual([
      { station: 'cap', first_missing: 7, last_missing: 8 },
      { station: 'neck', first_missing: 1, last_missing: 1 },
      { station: 'neck', first_missing: 4, last_missing: 11 },
    ]);
    // A gateway that counts anew: other inspections, not repeats.
    expect(store('cap', 1, 'another')).toBe(1);
    database.close();
  });
});

describe('prettyJson', () => {
  it('says what JSON.stringify says', () => {
    for (const message of Object.values(exampleMessages())) {
      expect(JSON.parse(prettyJson(message))).toEqual(JSON.parse(JSON.stringify(message)));
      expect(
        Math.max(
          ...prettyJson(message)
            .split('\n')
            .map((line) => line.length),
        ),
      ).toBeLessThanOrEqual(240);
    }
    expect(prettyJson({ a: [], b: {}, c: [1, 'x', null] })).toBe('{\n  "a": [],\n  "b": {},\n  "c": [1, "x", null]\n}');
  });
});

interface TelegrafTable {
  readonly path: string;
}
interface TelegrafParser {
  readonly timestamp_path: string;
  readonly tag?: readonly TelegrafTable[];
  readonly field?: readonly TelegrafTable[];
  readonly object?: readonly (TelegrafTable & { included_keys: string[]; tags: string[] })[];
}

describe('docs/examples/telegraf.conf', () => {
  it('is TOML, and what it looks for is in a real message', () => {
    const toJson = 'import json, sys, tomllib; print(json.dumps(tomllib.load(open(sys.argv[1], "rb"))))';
    const text = execFileSync('python3', ['-c', toJson, join(docs, 'examples', 'telegraf.conf')], { encoding: 'utf8' });
    const [input] = JSON.parse(text).inputs.mqtt_consumer;
    expect(input).toMatchObject({ persistent_session: true, qos: 1, data_format: 'json_v2' });
    expect(input.client_id).not.toBe('');
    const { inspection } = exampleMessages();
    const valueAt = (path: string): unknown =>
      path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown>)?.[key], inspection);
    for (const parser of input.json_v2 as TelegrafParser[]) {
      expect(valueAt(parser.timestamp_path)).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
      for (const { path } of [...(parser.tag ?? []), ...(parser.field ?? [])]) expect(valueAt(path)).toBeDefined();
      for (const { path, included_keys, tags } of parser.object ?? []) {
        const [first] = valueAt(path) as Record<string, unknown>[];
        for (const key of [...included_keys, ...tags]) expect(Object.keys(first ?? {})).toContain(key);
      }
    }
  });
});

describe('docs/examples/node-red-flow.json', () => {
  it('is wired to nodes that exist, keeps its session, and looks at members that exist', () => {
    const nodes = JSON.parse(read('examples/node-red-flow.json')) as {
      id: string;
      type: string;
      broker?: string;
      wires?: string[][];
      func?: string;
    }[];
    const ids = nodes.map(({ id }) => id);
    for (const { wires = [] } of nodes) for (const target of wires.flat()) expect(ids).toContain(target);
    const input = nodes.find(({ type }) => type === 'mqtt in');
    expect(input).toMatchObject({ qos: '1', datatype: 'json' });
    const broker = nodes.find(({ id }) => id === input?.broker);
    expect(broker).toMatchObject({ type: 'mqtt-broker', cleansession: false, clientid: expect.stringMatching(/./) });
    // The function of the flow, run as Node-RED runs it.
    const { func = '' } = nodes.find(({ type }) => type === 'function') ?? {};
    const memory = new Map<string, unknown>();
    const context = {
      get: (key: string) => memory.get(key),
      set: (key: string, value: unknown) => memory.set(key, value),
    };
    const run = new Function('msg', 'context', func);
    const pass = (id: string) => run({ payload: { ...exampleMessages().inspection, id } }, context) !== null;
    expect(['a', 'b', 'a', 'c', 'b'].map(pass)).toEqual([true, true, false, true, false]);
  });
});
