import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { OpcuaConnection } from '#jidoka/opcua/connection.js';
import { OpcuaTagWatcher } from '#jidoka/opcua/tag-watcher.js';
import type { TagChange } from '#jidoka/ports/sensors.js';
import { TestOpcuaServer } from '../../simulators/opcua-server.js';
import { keptLog, makeConnection, PATIENCE, removePki } from './rig.js';

const COUNTER = 'ns=1;s=counter';

describe('OPC UA tag watcher', () => {
  const server = new TestOpcuaServer({
    fewNodes: true,
    tags: { counter: { type: 'UInt32', value: 0 }, ready: { type: 'Boolean', value: false } },
  });
  const log = keptLog();
  let connection: OpcuaConnection;
  let watcher: OpcuaTagWatcher;
  let changes: TagChange[];
  let end: () => void;

  const values = () => changes.map(({ value }) => value);
  const connected = () => vi.waitFor(async () => expect((await server.sessions()).monitoredItems).toBe(1), PATIENCE);

  async function watch(nodeId = COUNTER): Promise<void> {
    end = watcher.watch(nodeId, 10, (change) => changes.push(change));
    await connected();
  }

  /** Counts on until the watcher has seen a count: from then on it knows its starting point. */
  async function settle(): Promise<void> {
    let count = 1000;
    await vi.waitFor(async () => {
      count += 1;
      await server.set('counter', count);
      expect(changes.length).toBeGreaterThan(0);
    }, PATIENCE);
    await vi.waitFor(() => expect(values().at(-1)).toBe(count), PATIENCE);
    changes.length = 0;
  }

  beforeAll(() => server.start());
  afterAll(async () => {
    await server.dispose();
    await removePki();
  });
  beforeEach(async () => {
    log.lines.length = 0;
    changes = [];
    await server.set('counter', 0);
    await server.set('ready', false);
    connection = await makeConnection(server.endpoint);
    watcher = new OpcuaTagWatcher({ connection, logger: log.logger });
    await connection.start();
  });
  afterEach(async () => {
    end();
    await connection.stop();
  });

  it('tells each change with its source time, but not the value it finds', async () => {
    await watch();
    await settle();
    const sourceTimeMs = Date.now() - 40;
    await server.set('counter', 2001, { sourceTimeMs });
    await vi.waitFor(
      () => expect(changes).toEqual([{ value: 2001, before: expect.any(Number), sourceTimeMs }]),
      PATIENCE,
    );
  });

  it('begins anew: a change from before is not told, and the next value is the starting point', async () => {
    await watch();
    await settle();
    await server.set('counter', 3000);
    watcher.renew(COUNTER);
    expect(watcher.sees(COUNTER)).toBe(false);
    await vi.waitFor(() => expect(watcher.sees(COUNTER)).toBe(true), PATIENCE);
    await server.set('counter', 3001);
    await vi.waitFor(() => expect(values()).toEqual([3001]), PATIENCE);
    expect(changes[0]?.before).toBe(3000);
    expect((await server.sessions()).monitoredItems).toBe(1);
  });

  it('loses no edge of a burst within one publishing interval, and keeps their order', async () => {
    const slow = await makeConnection(server.endpoint, { publishingIntervalMs: 500 });
    const slowWatcher = new OpcuaTagWatcher({ connection: slow, logger: log.logger });
    // Sampling 0 asks for every value, so that the test does not hang on the server's timers.
    end = slowWatcher.watch(COUNTER, 0, (change) => changes.push(change));
    await slow.start();
    try {
      await settle();
      const expected = Array.from({ length: 100 }, (_, index) => 5000 + index);
      const sourceTimeMs = Date.now() - 1000;
      await server.burst(
        expected.map((value, index) => ({ name: 'counter', value, sourceTimeMs: sourceTimeMs + index })),
      );
      await vi.waitFor(() => expect(values().at(-1)).toBe(expected.at(-1)), PATIENCE);
      expect(changes).toEqual(
        expected.map((value, index) => ({
          value,
          before: index === 0 ? expect.any(Number) : value - 1,
          sourceTimeMs: sourceTimeMs + index,
        })),
      );
      expect(slowWatcher.missedChanges).toBe(0);
    } finally {
      await slow.stop();
    }
  });

  it('counts what a burst longer than the queue of the server has lost', async () => {
    end = watcher.watch(COUNTER, 0, (change) => changes.push(change));
    await settle();
    await server.burst(Array.from({ length: 1000 }, (_, index) => ({ name: 'counter', value: 5000 + index })));
    await vi.waitFor(() => expect(values().at(-1)).toBe(5999), PATIENCE);
    expect(values()).toEqual([...values()].sort((a, b) => Number(a) - Number(b)));
    expect(changes.length).toBeLessThan(1000);
    expect(watcher.missedChanges).toBeGreaterThan(0);
  });

  it('opens no part for a counter that ran on during an outage, and counts what was missed', async () => {
    await watch();
    await settle();
    await server.set('counter', 7000);
    await vi.waitFor(() => expect(values()).toEqual([7000]), PATIENCE);
    await server.kill();
    await vi.waitFor(() => expect(connection.isLive).toBe(false), PATIENCE);
    await server.start();
    await server.set('counter', 7003);
    await connected();
    await vi.waitFor(() => expect(watcher.missedChanges).toBeGreaterThan(0), PATIENCE);
    await server.set('counter', 7004);
    await vi.waitFor(() => expect(values().at(-1)).toBe(7004), PATIENCE);
    expect(values()).toEqual([7000, 7004]);
    expect(log.lines.filter(({ level }) => level === 'warn').at(-1)?.message).toMatch(/^OPCUA_CHANGES_MISSED: /);
  });

  it('calls nobody any more once the watch has ended', async () => {
    await watch();
    await settle();
    end();
    await vi.waitFor(async () => expect((await server.sessions()).monitoredItems).toBe(0), PATIENCE);
    await server.set('counter', 9999);
    expect(changes).toEqual([]);
  });

  it('names a tag that does not exist', async () => {
    end = watcher.watch('ns=1;s=ghost', 10, (change) => changes.push(change));
    await vi.waitFor(() => expect(watcher.faults().get('ns=1;s=ghost')).toMatch(/^OPCUA_NODE_UNKNOWN: /), PATIENCE);
    expect(connection.status()).toMatchObject({
      state: 'connected',
      text: `Connected to ${server.endpoint}, 1 tag, 1 with an error.`,
    });
  });

  it('survives a NodeId that cannot be read at all, beside one that can', async () => {
    const quit = watcher.watch('ns=1;g=zz', 10, () => undefined);
    await watch();
    await settle();
    expect(watcher.faults().get('ns=1;g=zz')).toMatch(/^OPCUA_NODE_UNKNOWN: .*BadNodeIdInvalid/);
    quit();
  });
});
