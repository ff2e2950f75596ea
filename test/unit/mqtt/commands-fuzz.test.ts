import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { COMMAND_NAMES } from '#jidoka/domain/command.js';
import { commandErrors } from '#jidoka/domain/errors.js';
import { decodeCommand } from '#jidoka/mqtt/commands-decode.js';
import { CommandWorld } from '../../simulators/command-world.js';
import { Chance, MALFORMED, malformed, sparkplugBytes } from '../../simulators/malformed-commands.js';

/** Every protocol's way from bytes to a command: the code of the reason for which they are none. */
type Refuser = (bytes: Uint8Array) => string | undefined;

const rules = { destination: 'mqtt', allowed: new Set(COMMAND_NAMES), stations: new Set(['press', 'weld']) };
const DECODERS: Readonly<Record<string, Refuser>> = {
  JSON: (bytes) => decodeCommand(bytes, undefined, rules, Date.now()).refusal?.code,
};

/** The issue of delivery asks for 100,000. */
const TOTAL = Number(process.env['JIDOKA_FUZZ_MESSAGES'] ?? 20_000);
const BATCH = 50;
const SEED = 20_261_123;
/** What may be held after the flood that was not held before it: the bounded memories, and the runtime's own noise. */
const MOST_HELD_BYTES = 30_000_000;

/** Our own answer to whether something is a command is not asked here. */
function isCommand(payload: Uint8Array): boolean {
  try {
    return validate(JSON.parse(Buffer.from(payload).toString('utf8')));
  } catch {
    return false;
  }
}
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, unicodeRegExp: true });
addFormats.default(ajv);
const schemaFile = join(import.meta.dirname, '..', '..', '..', 'docs', 'schemas', 'command.v1.json');
const validate = ajv.compile(JSON.parse(readFileSync(schemaFile, 'utf8')) as object);

setFlagsFromString('--expose_gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heldBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe('a flood of what is no command', { timeout: 600_000 }, () => {
  it(`refuses ${TOTAL} messages of every kind, each with a reason, and still takes commands`, async () => {
    const world = new CommandWorld();
    await world.connect();
    const chance = new Chance(SEED);
    const codes = new Map<string, number>();
    const faults: unknown[] = [];
    let refused = 0;
    let byChance = 0;
    let before = 0;
    for (let number = 0; refused < TOTAL; number += BATCH) {
      const batch = Array.from({ length: BATCH }, (_, index) => malformed(chance, number + index));
      for (const { way: _, payload, ...message } of batch) world.receive(payload, message);
      await turnOfTheLoop();
      const answers = world.answers();
      const taken = answers.filter(({ ok }) => ok).length;
      // What was carried out was a command by the published schema, whatever way it came about.
      if (taken > 0 && batch.filter(({ payload }) => isCommand(payload)).length < taken) faults.push(batch);
      if (answers.length < BATCH) faults.push({ number, answers: answers.length });
      byChance += taken;
      for (const answer of answers) {
        if (answer.ok) continue;
        const { code, text } = answer;
        refused += 1;
        codes.set(code, (codes.get(code) ?? 0) + 1);
        if (!(code in commandErrors.definitions) || !text.startsWith(`${code}: `) || text.length > 1000)
          faults.push(answer);
      }
      if (number % 1000 === 0) {
        const id = `valid-${number}`;
        const order = {
          schema: 'jidoka.command/1',
          id,
          command: 'set-threshold',
          station: 'weld',
          arguments: { good: 0.5 },
        };
        world.receive(JSON.stringify(order));
        await turnOfTheLoop();
        expect(world.answers()).toMatchObject([{ id, ok: true }]);
      }
      if (number === 10_000) before = heldBytes();
    }
    const heldMore = heldBytes() - before;
    const { counts } = world.executor;
    await world.executor.close(1000);
    expect(faults).toEqual([]);
    expect(counts.refused + counts.failed).toBe(refused);
    expect(heldMore).toBeLessThan(MOST_HELD_BYTES);
    expect(world.log.filter((line) => !line.endsWith('was carried out.')).length).toBeLessThan(1000);
    // Each kind is met by a reason of its own, not all by one.
    expect([...codes.keys()]).toEqual(expect.arrayContaining(EXPECTED_CODES));
    expect(byChance).toBeLessThan(TOTAL / 50);
  });

  it('has left the prototypes alone', () => {
    expect(({} as Record<string, unknown>)['isAdmin']).toBeUndefined();
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it.each(Object.entries(DECODERS))('%s: bytes of any protocol are refused with a reason', (_, refuse) => {
    const chance = new Chance(SEED + 1);
    for (let number = 0; number < 20_000; number += 1) {
      const bytes = number % 2 === 0 ? sparkplugBytes(chance) : chance.bytes(chance.below(300));
      expect(refuse(bytes)).toMatch(/^[A-Z]\w+$/);
    }
  });

  it.each(Object.keys(MALFORMED))('%s: the same seed makes the same messages', (way) => {
    const make = MALFORMED[way];
    expect(make?.(new Chance(7))).toEqual(make?.(new Chance(7)));
  });
});

const EXPECTED_CODES = [
  'COMMAND_ARGUMENTS_INVALID',
  'COMMAND_DUPLICATE_KEY',
  'COMMAND_EXPIRED',
  'COMMAND_FORM_INVALID',
  'COMMAND_NOT_JSON',
  'COMMAND_NOT_UTF8',
  'COMMAND_RESPONSE_INVALID',
  'COMMAND_RETAINED',
  'COMMAND_SCHEMA_UNKNOWN',
  'COMMAND_STATION_MISSING',
  'COMMAND_STATION_UNKNOWN',
  'COMMAND_STATION_UNWANTED',
  'COMMAND_TOO_DEEP',
  'COMMAND_TOO_LARGE',
  'COMMAND_TOO_OLD',
  'COMMAND_TOPIC_UNKNOWN',
  'COMMAND_UNKNOWN',
];
