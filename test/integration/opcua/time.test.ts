import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Reading } from '#jidoka/domain/reading.js';
import type { OpcuaConnection } from '#jidoka/opcua/connection.js';
import { OpcuaSensorSource } from '#jidoka/opcua/sensor-source.js';
import { AsyncuaServer, asyncuaAbsent } from '../../simulators/asyncua-server.js';
import { keptLog, makeConnection, PATIENCE, removePki, sensor } from './rig.js';

const because = asyncuaAbsent === undefined ? '' : ` (skipped: ${asyncuaAbsent})`;
const THREE_MINUTES_MS = 180_000;

afterAll(removePki);

describe.skipIf(asyncuaAbsent !== undefined)(`the time of readings${because}`, () => {
  const server = new AsyncuaServer({
    tags: { level: { type: 'Double', value: 0 }, name: { type: 'String', value: '' } },
  });
  const log = keptLog();
  let connection: OpcuaConnection;
  let source: OpcuaSensorSource;

  beforeAll(() => server.start());
  afterAll(() => server.dispose());

  beforeEach(async () => {
    log.lines.length = 0;
    await server.setClock(0);
    await server.set('level', 0, { sourceTimeMs: Date.now() - 10_000 });
  });
  afterEach(async () => {
    await source.stop();
    await connection.stop();
  });

  async function connect(config: object, more: object = {}): Promise<void> {
    connection = await makeConnection(server.endpoint, config, { logger: log.logger, readClockMs: 50 });
    source = new OpcuaSensorSource({
      sensors: [sensor('level', 'level', { samplingMs: 100, ...more })],
      connections: new Map([['plc', connection]]),
    });
    await source.start(new AbortController().signal);
    await connection.start();
    await vi.waitFor(() => expect(at(Date.now())).toMatchObject({ quality: 'good', stale: false }), PATIENCE);
  }

  const at = (atMs: number): Reading | undefined => source.snapshot(atMs).readings[0];

  async function pass(ms: number): Promise<void> {
    const since = Date.now();
    await vi.waitFor(() => expect(Date.now() - since).toBeGreaterThan(ms), { ...PATIENCE, interval: 5 });
  }

  async function setTo(value: number, more: object = {}): Promise<void> {
    await server.set('level', value, more);
    await vi.waitFor(() => expect(at(Date.now())?.value).toBe(value), PATIENCE);
  }

  describe.each([
    ['behind', -THREE_MINUTES_MS],
    ['ahead of', THREE_MINUTES_MS],
  ])("of a server three minutes %s the gateway's clock", (side, aheadMs) => {
    beforeEach(() => server.setClock(aheadMs));

    it('is corrected, so that the value at the capture is the one of that moment', async () => {
      await connect({});
      const beforeMs = Date.now();
      await setTo(1);
      await pass(150);
      const capturedAtMs = Date.now();
      await pass(150);
      await setTo(2);
      expect(at(capturedAtMs)).toMatchObject({ value: 1, quality: 'good', stale: false });
      const { sourceTimeMs, ageMs } = at(capturedAtMs) ?? { sourceTimeMs: null, ageMs: null };
      // Give or take what the clocks may be apart without being corrected, or what a busy machine makes of it.
      expect(sourceTimeMs).toBeGreaterThan(beforeMs - 150);
      expect(sourceTimeMs).toBeLessThan(capturedAtMs + 1);
      expect(ageMs).toBe(capturedAtMs - Number(sourceTimeMs));
      const { clock, clockNote, text, timeNotes } = connection.status();
      expect(clock?.aheadMs).toBeGreaterThan(aheadMs - 1000);
      expect(clock?.aheadMs).toBeLessThan(aheadMs + 1000);
      expect(clockNote).toMatch(`180.0 s ${side} the gateway's; the times of its values are corrected by that`);
      expect(text).toMatch(/Set both by NTP\.$/);
      expect(timeNotes).toEqual([]);
      const warnings = log.lines.filter(({ level }) => level === 'warn').map(({ message }) => message);
      expect(warnings.filter((warning) => /clock/.test(warning))).toEqual([clockNote]);
    });

    it('is believed where the config says so', async () => {
      await connect({ clock: 'gateway' });
      await setTo(1);
      const { sourceTimeMs } = at(Date.now()) ?? { sourceTimeMs: null };
      expect(Math.abs(Number(sourceTimeMs) - Date.now() - aheadMs)).toBeLessThan(60_000);
      expect(connection.status().clockNote).toMatch(/values may be paired wrongly/);
    });
  });

  it("follows the server's clock when it is set", async () => {
    await connect({});
    expect(connection.status()).toMatchObject({ clockNote: null });
    await server.setClock(-5000);
    await vi.waitFor(() => expect(connection.status().clock?.aheadMs).toBeLessThan(-4500), PATIENCE);
    expect(connection.status().clockNote).toMatch(/5\.0 s behind/);
    await server.setClock(0);
    await vi.waitFor(() => expect(connection.status().clockNote).toBeNull(), PATIENCE);
  });

  it('is reported from the difference on that the config names', async () => {
    await server.setClock(-5000);
    await connect({ clockWarnMs: 10_000 });
    expect(connection.status()).toMatchObject({ clockNote: null });
    expect(connection.status().clock?.aheadMs).toBeLessThan(-4500);
  });

  it('orders them: what arrives late is sorted in, what comes twice is held once', async () => {
    await connect({});
    const baseMs = Date.now() - 500;
    for (const [value, offsetMs] of [
      [1, 0],
      [3, 200],
      [2, 100],
      [2, 100],
      [4, 300],
    ] as const) {
      await server.set('level', value, { sourceTimeMs: baseMs + offsetMs });
    }
    await vi.waitFor(() => expect(at(Date.now())?.value).toBe(4), PATIENCE);
    const values = [0, 99, 100, 199, 200, 299, 300].map((offsetMs) => at(baseMs + offsetMs)?.value);
    expect(values).toEqual([1, 1, 2, 2, 3, 3, 4]);
  });

  it('lets a number be interpolated between its neighbours, and only there', async () => {
    await connect({}, { valueAt: 'interpolate' });
    const baseMs = Date.now() - 900;
    await setTo(10, { sourceTimeMs: baseMs });
    // The later neighbour has not come yet: the last value, as old as it is.
    expect(at(baseMs + 50)).toMatchObject({ value: 10, status: 'Good', ageMs: 50 });
    await setTo(20, { sourceTimeMs: baseMs + 200 });
    expect(at(baseMs + 50)).toMatchObject({ value: 12.5, status: 'GoodInterpolated', quality: 'good', ageMs: 0 });
    expect(at(baseMs + 200)).toMatchObject({ value: 20, status: 'Good', ageMs: 0 });
    await server.set('level', 99, { sourceTimeMs: baseMs + 300, status: 'BadSensorFailure' });
    await setTo(40, { sourceTimeMs: baseMs + 400 });
    expect(at(baseMs + 250)).toMatchObject({ value: 20, status: 'Good', ageMs: 50 });
    expect(at(baseMs + 350)).toMatchObject({ quality: 'bad', status: 'BadSensorFailure' });
    await server.set('level', 44, { sourceTimeMs: baseMs + 500, status: 'UncertainSubNormal' });
    await setTo(48, { sourceTimeMs: baseMs + 600 });
    expect(at(baseMs + 450)).toMatchObject({ value: 42, quality: 'uncertain', status: 'UncertainSubNormal' });
  });

  it('does not let a number be interpolated across a reconnection', async () => {
    await connect({}, { valueAt: 'interpolate' });
    const beforeMs = Date.now();
    await setTo(10);
    const { life } = connection;
    await server.closeSessions();
    await vi.waitFor(() => expect(connection.life).toBeGreaterThan(life), PATIENCE);
    await server.set('level', 20);
    await vi.waitFor(() => expect(at(Date.now())).toMatchObject({ value: 20, stale: false }), PATIENCE);
    const moments = Array.from({ length: Date.now() - beforeMs }, (_, index) => beforeMs + index);
    const between = moments.map((atMs) => Number(at(atMs)?.value)).filter((value) => value > 10 && value < 20);
    expect(between).toEqual([]);
  });
});
