import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { plcOutputSchema } from '#jidoka/config/schema/plc.js';
import type { OpcuaConnection } from '#jidoka/opcua/connection.js';
import { OpcuaVerdictOutput } from '#jidoka/opcua/verdict-output.js';
import type { OutputResult } from '#jidoka/ports/verdict-output.js';
import { TestOpcuaServer } from '../../simulators/opcua-server.js';
import { keptLog, makeConnection, PATIENCE, removePki } from './rig.js';

const TAGS = {
  ok: { type: 'Boolean', value: true },
  nok: { type: 'Boolean', value: true },
  code: { type: 'Int16', value: 0 },
  label: { type: 'String', value: '' },
  score: { type: 'Float', value: 0 },
  counter: { type: 'UInt32', value: 40 },
  small: { type: 'Byte', value: 254 },
  locked: { type: 'Int16', value: 0, readOnly: true },
};

const node = (tag: string) => `ns=1;s=${tag}`;
const ALL = {
  ok: node('ok'),
  nok: node('nok'),
  code: node('code'),
  label: node('label'),
  score: node('score'),
  counter: node('counter'),
};

function result(counter: number, decision: OutputResult['decision'], more: Partial<OutputResult> = {}): OutputResult {
  return { inspectionId: 'id', decision, label: 'crack', score: 0.75, counter, ...more };
}

describe('OPC UA verdict output', () => {
  const server = new TestOpcuaServer({ tags: TAGS, fewNodes: true });
  const log = keptLog();
  let connection: OpcuaConnection;
  let output: OpcuaVerdictOutput;

  const bits = async () => [await server.get('ok'), await server.get('nok')];

  async function open(config: object = {}): Promise<void> {
    connection = await makeConnection(server.endpoint);
    await connection.start();
    await vi.waitFor(() => expect(connection.isLive).toBe(true), PATIENCE);
    output = new OpcuaVerdictOutput({
      connection,
      config: plcOutputSchema.parse({ ...ALL, timeoutMs: 5000, ...config }),
      logger: log.logger,
    });
    await output.start(
      () => 'ready',
      () => undefined,
    );
    await vi.waitFor(async () => expect(await bits()).toEqual([false, false]), PATIENCE);
    await server.writes();
  }

  beforeAll(() => server.start());
  afterAll(async () => {
    await server.dispose();
    await removePki();
  });
  beforeEach(async () => {
    log.lines.length = 0;
    for (const [name, { value }] of Object.entries(TAGS)) await server.set(name, value);
    await server.writes();
  });
  afterEach(async () => {
    await output.stop();
    await connection.stop();
  });

  it("writes the result in the nodes' own types, the counter in a second call", async () => {
    await open();
    await output.write(result(1, 'fail'));
    expect(await server.writes()).toEqual([
      [
        { name: 'ok', type: 'Boolean', value: false },
        { name: 'code', type: 'Int16', value: 2 },
        { name: 'label', type: 'String', value: 'crack' },
        { name: 'score', type: 'Float', value: 0.75 },
        { name: 'nok', type: 'Boolean', value: true },
      ],
      [{ name: 'counter', type: 'UInt32', value: 41 }],
    ]);
  });

  it('writes the bit that falls before the bit that rises', async () => {
    await open({ code: undefined, label: undefined, score: undefined, counter: undefined });
    await output.write(result(1, 'pass'));
    await output.write(result(2, 'fail'));
    const order = (await server.writes()).map((call) => call.map(({ name, value }) => `${name}=${value}`).join(' '));
    expect(order).toEqual(['nok=false ok=true', 'ok=false nok=true']);
  });

  it.each([
    ['pass', [true, false], 1],
    ['fail', [false, true], 2],
    ['review', [false, true], 3],
  ] as const)('writes %s', async (decision, expected, code) => {
    await open();
    await output.write(result(1, decision));
    expect(await bits()).toEqual(expected);
    expect(await server.get('code')).toBe(code);
  });

  it('writes an empty label and no score where the model could not judge', async () => {
    await open();
    await output.write(result(1, 'review', { label: null, score: null }));
    expect([await server.get('label'), await server.get('score')]).toEqual(['', 0]);
  });

  it('goes on counting from what the PLC holds, and wraps where its type ends', async () => {
    await open({ counter: node('small') });
    await output.write(result(1, 'pass'));
    expect(await server.get('small')).toBe(255);
    await output.write(result(2, 'pass'));
    expect(await server.get('small')).toBe(0);
  });

  it('clears both bits at the start, at the stop, and after a lost connection', async () => {
    await open();
    await output.write(result(1, 'pass'));
    expect(await bits()).toEqual([true, false]);
    await server.kill();
    await vi.waitFor(() => expect(connection.isLive).toBe(false), PATIENCE);
    await server.start();
    expect(await bits()).toEqual([true, true]);
    await vi.waitFor(async () => expect(await bits()).toEqual([false, false]), PATIENCE);
    await output.write(result(3, 'fail'));
    expect(await bits()).toEqual([false, true]);
    await output.stop();
    expect(await bits()).toEqual([false, false]);
  });

  it('refuses at once while there is no connection', async () => {
    await open();
    await connection.stop();
    await expect(output.write(result(1, 'pass'))).rejects.toMatchObject({
      code: 'OPCUA_NOT_CONNECTED',
      consequence: 'transient',
    });
    await connection.start();
    await vi.waitFor(() => expect(connection.isLive).toBe(true), PATIENCE);
    await vi.waitFor(async () => expect((await server.writes()).length).toBeGreaterThan(0), PATIENCE);
    expect([await bits(), await server.get('counter')]).toEqual([[false, false], 40]);
  });

  it.each([
    ['a tag that cannot be written', { code: node('locked') }, 'OPCUA_WRITE_REFUSED', /ns=1;s=locked: BadNotWritable/],
    ['a tag that does not exist', { label: node('ghost') }, 'OPCUA_WRITE_REFUSED', /OPCUA_NODE_UNKNOWN.*ns=1;s=ghost/],
    ['a tag of another type', { score: node('label') }, 'OPCUA_WRITE_TYPE', /score, ns=1;s=label.*Got: String/],
  ])('does not count %s, clears, and says why', async (_name, config, code, message) => {
    await open(config);
    const written = output.write(result(1, 'pass'));
    await expect(written).rejects.toMatchObject({ code, consequence: 'transient' });
    await expect(written).rejects.toThrow(message);
    expect(await bits()).toEqual([false, false]);
    expect(await server.get('counter')).toBe(40);
  });

  it('gives up on a PLC that hangs, and no late verdict stands when it goes on', async () => {
    await open({ timeoutMs: 300 });
    await output.write(result(1, 'fail'));
    await server.writes();
    server.freeze();
    try {
      await expect(output.write(result(2, 'pass'))).rejects.toMatchObject({
        code: 'OPCUA_WRITE_TIMEOUT',
        consequence: 'transient',
      });
    } finally {
      server.thaw();
    }
    await vi.waitFor(async () => expect(await bits()).toEqual([false, false]), PATIENCE);
    expect(await server.get('counter')).toBe(41);
    await vi.waitFor(() => output.write(result(3, 'pass')), PATIENCE);
    expect(await bits()).toEqual([true, false]);
    expect(await server.get('counter')).toBe(43);
  });

  it('keeps the calls of two verdicts apart', async () => {
    await open();
    await Promise.all([output.write(result(1, 'pass')), output.write(result(2, 'fail'))]);
    const calls = await server.writes();
    expect(calls.map((call) => call.at(-1)?.name)).toEqual(['ok', 'counter', 'nok', 'counter']);
  });
});
