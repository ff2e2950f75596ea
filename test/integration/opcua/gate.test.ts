import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '#jidoka/base/clock.js';
import { plcOutputSchema } from '#jidoka/config/schema/plc.js';
import type { OpcuaConnection } from '#jidoka/opcua/connection.js';
import { OpcuaTagWatcher } from '#jidoka/opcua/tag-watcher.js';
import { OpcuaVerdictOutput } from '#jidoka/opcua/verdict-output.js';
import type { OutputResult, StationCondition } from '#jidoka/ports/verdict-output.js';
import { TestOpcuaServer } from '../../simulators/opcua-server.js';
import { keptLog, makeConnection, PATIENCE, removePki } from './rig.js';

const TAGS = {
  ok: { type: 'Boolean', value: true },
  nok: { type: 'Boolean', value: true },
  reject: { type: 'Boolean', value: false },
  partId: { type: 'UInt32', value: 9 },
  counter: { type: 'UInt32', value: 40 },
  ready: { type: 'Boolean', value: true },
  busy: { type: 'Boolean', value: true },
  done: { type: 'Boolean', value: true },
  ack: { type: 'Boolean', value: false },
  error: { type: 'Boolean', value: true },
  heartbeat: { type: 'Byte', value: 0 },
  plcHeartbeat: { type: 'UInt16', value: 0 },
  trigger: { type: 'UInt32', value: 0 },
  recipe: { type: 'String', value: 'blue' },
};
type Tag = keyof typeof TAGS;

const node = (tag: Tag) => `ns=1;s=${tag}`;
const RESULT = { ok: node('ok'), nok: node('nok'), reject: node('reject'), counter: node('counter') };
const result = (inspectionId: string, decision: OutputResult['decision'], more: Partial<OutputResult> = {}) => {
  return { inspectionId, decision, label: 'crack', score: 0.75, counter: 1, ...more };
};

describe('the PLC output on the wire', () => {
  const server = new TestOpcuaServer({ tags: TAGS, fewNodes: true });
  const log = keptLog();
  let connection: OpcuaConnection;
  let output: OpcuaVerdictOutput;
  let condition: StationCondition;
  let plcRestarts: number;
  let asked = 0;

  const tags = async (...names: Tag[]) => Promise.all(names.map((name) => server.get(name)));
  const eventually = (names: readonly Tag[], values: readonly unknown[]) =>
    vi.waitFor(async () => expect(await tags(...names)).toEqual(values), PATIENCE);
  const open = (id: string) => {
    output.opened({ id, openedTickMs: systemClock.monotonicMs(), called: false });
    output.taken(id);
  };

  async function begin(config: object): Promise<void> {
    output = new OpcuaVerdictOutput({
      connection,
      config: plcOutputSchema.parse({ ...RESULT, timeoutMs: 5000, ...config }),
      logger: log.logger,
    });
    await output.start(
      () => {
        asked += 1;
        return condition;
      },
      () => {
        plcRestarts += 1;
      },
    );
    await eventually(['ok', 'nok', 'reject'], [false, false, true]);
  }

  beforeAll(() => server.start());
  afterAll(async () => {
    await server.dispose();
    await removePki();
  });
  beforeEach(async () => {
    condition = 'ready';
    plcRestarts = 0;
    for (const [name, { value }] of Object.entries(TAGS)) await server.set(name, value);
    connection = await makeConnection(server.endpoint, { publishingIntervalMs: 20 });
    await connection.start();
    await vi.waitFor(() => expect(connection.isLive).toBe(true), PATIENCE);
  });
  afterEach(async () => {
    await output.stop();
    await connection.stop();
  });

  it('writes a result when its part is at the gate, by a number of parts', async () => {
    await begin({ delayParts: 2 });
    open('a');
    const first = output.write(result('a', 'pass', { counter: 1 }));
    open('b');
    const second = output.write(result('b', 'fail', { counter: 2 }));
    await server.writes();
    expect(await tags('ok', 'nok', 'reject', 'counter')).toEqual([false, false, true, 40]);
    open('c');
    await first;
    expect(await tags('ok', 'nok', 'reject', 'counter')).toEqual([true, false, false, 41]);
    output.turnedAway();
    await second;
    expect(await tags('ok', 'nok', 'reject', 'counter')).toEqual([false, true, true, 42]);
    // Nothing is known of the third part when it comes to the gate: it is rejected.
    output.turnedAway();
    await eventually(['ok', 'nok', 'reject', 'counter'], [false, false, true, 42]);
    expect(output.lateMs('c')).toBeGreaterThan(0);
  });

  it('writes a result when its part is at the gate, by the time from its trigger', async () => {
    await begin({ delayMs: 400 });
    const openedMs = systemClock.monotonicMs();
    open('a');
    const written = output.write(result('a', 'pass'));
    expect(await tags('ok', 'reject')).toEqual([false, true]);
    await written;
    expect(systemClock.monotonicMs() - openedMs).toBeGreaterThanOrEqual(400);
    expect(await tags('ok', 'reject')).toEqual([true, false]);
  });

  it('rejects what waits for the gate when the station stops', async () => {
    await begin({ delayMs: 60_000 });
    open('a');
    const written = output.write(result('a', 'pass'));
    const refused = expect(written).rejects.toMatchObject({ code: 'OPCUA_RESULT_ABANDONED' });
    await output.stop();
    await refused;
    expect(await tags('ok', 'reject')).toEqual([false, true]);
  });

  it('has its tags at rest at the start, is ready when the station is, and says so again when the PLC forgets', async () => {
    const handshake = {
      ready: node('ready'),
      busy: node('busy'),
      done: node('done'),
      error: node('error'),
      heartbeat: node('heartbeat'),
      heartbeatMs: 100,
    };
    condition = 'unavailable';
    await begin({ handshake });
    await eventually(['ready', 'busy', 'done', 'error'], [false, false, false, false]);
    condition = 'ready';
    await eventually(['ready'], [true]);
    const beat = Number(await server.get('heartbeat'));
    await vi.waitFor(async () => expect(Number(await server.get('heartbeat'))).toBeGreaterThan(beat), PATIENCE);
    // The PLC program is loaded anew: its tags fall, the connection stands.
    await server.set('ready', false);
    await server.set('error', true);
    await eventually(['ready', 'error'], [true, false]);
    expect(plcRestarts).toBe(1);
    condition = 'hung';
    await eventually(['ready'], [false]);
    const last = await vi.waitFor(async () => {
      const [before, after] = [await server.get('heartbeat'), await later('heartbeat')];
      expect(after).toBe(before);
      return after;
    }, PATIENCE);
    expect(await later('heartbeat')).toBe(last);
  });

  it('begins anew when the PLC lowers Ready: what waits for the gate is rejected', async () => {
    await begin({
      delayMs: 60_000,
      handshake: { ready: node('ready'), heartbeat: node('heartbeat'), heartbeatMs: 100 },
    });
    await eventually(['ready'], [true]);
    open('a');
    const refused = expect(output.write(result('a', 'pass'))).rejects.toMatchObject({ code: 'OPCUA_RESULT_ABANDONED' });
    await eventually(['ready'], [true]);
    expect(plcRestarts).toBe(0);
    await server.set('ready', false);
    await refused;
    expect(plcRestarts).toBe(1);
    expect(log.lines.map(({ message }) => message)).toContainEqual(expect.stringMatching(/^OPCUA_PLC_RESTARTED: /));
    await eventually(['ready', 'ok', 'reject'], [true, false, true]);
  });

  /** What the tag holds once several heartbeats would have come: before each, the output asks for its condition. */
  async function later(tag: Tag): Promise<unknown> {
    const until = asked + 8;
    await vi.waitFor(() => expect(asked).toBeGreaterThanOrEqual(until), PATIENCE);
    return server.get(tag);
  }

  it('says that the heartbeat of the PLC stands still, and that it goes on', async () => {
    const handshake = { plcHeartbeat: node('plcHeartbeat'), plcHeartbeatTimeoutMs: 300, samplingMs: 10 };
    await begin({ handshake });
    await vi.waitFor(() => expect(output.trouble()).toMatch(/^OPCUA_PLC_SILENT: .*plcHeartbeat/), PATIENCE);
    let beat = 1;
    await vi.waitFor(async () => {
      beat += 1;
      await server.set('plcHeartbeat', beat);
      expect(output.trouble()).toBeUndefined();
    }, PATIENCE);
  });

  it('names a handshake tag that is wrong, and is never ready with it', async () => {
    output = new OpcuaVerdictOutput({
      connection,
      config: plcOutputSchema.parse({ ...RESULT, handshake: { ready: node('ready'), busy: 'ns=1;s=ghost' } }),
      logger: log.logger,
    });
    await server.set('ready', false);
    await output.start(
      () => 'ready',
      () => undefined,
    );
    await vi.waitFor(() => expect(output.trouble()).toMatch(/ns=1;s=ghost/), PATIENCE);
    expect(await server.get('ready')).toBe(false);
  });

  it('reads id and recipe beside the trigger, and neither where the trigger has moved on', async () => {
    await begin({});
    const watcher = new OpcuaTagWatcher({ connection, logger: log.logger });
    const ask = (value: number, others: readonly string[]) =>
      watcher.readBeside({
        nodeId: node('trigger'),
        change: { value, before: 0, sourceTimeMs: 0 },
        pulse: false,
        others,
      });
    await server.set('trigger', 5);
    expect(await ask(5, [node('partId'), node('recipe')])).toEqual([9, 'blue']);
    expect(await ask(4, [node('partId')])).toBeUndefined();
    expect(await ask(5, ['ns=1;s=ghost'])).toBeUndefined();
    const told = log.lines.filter(({ message }) => message.startsWith('OPCUA_PART_UNREAD: '));
    expect(told.map(({ message }) => message)).toEqual([
      expect.stringContaining('the tag is 5 already'),
      expect.stringContaining('BadNodeIdUnknown'),
    ]);
  });
});
