import { queryObjects } from 'node:v8';
import { OPCUAClient } from 'node-opcua-client';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import type { OpcuaConnection } from '#jidoka/opcua/connection.js';
import { OpcuaSensorSource } from '#jidoka/opcua/sensor-source.js';
import type { TagSample } from '#jidoka/opcua/tag-history.js';
import { AsyncuaServer, asyncuaAbsent } from '../../simulators/asyncua-server.js';
import { OpcuaProxy } from '../../simulators/opcua-proxy.js';
import { TestOpcuaServer } from '../../simulators/opcua-server.js';
import { keptLog, makeConnection, PATIENCE, removePki, sensor } from './rig.js';

/** How often each is done; the full counts are 50. */
const restartsOf = (usually: number): number => Number(process.env['JIDOKA_OPCUA_RESTARTS'] ?? usually);
const cutsOf = (usually: number): number => Number(process.env['JIDOKA_OPCUA_CUTS'] ?? usually);
const EVERY_MS = 20;
const COUNTS = 25;

const TAGS = { counter: { type: 'Int32', value: 0 }, idle: { type: 'Double', value: 1.5 } };
const MAKES = [
  ['asyncua', asyncuaAbsent, 2, () => new AsyncuaServer({ tags: TAGS })],
  ['node-opcua', undefined, 1, () => new TestOpcuaServer({ tags: TAGS })],
] as const;

afterAll(removePki);

for (const [make, absent, usually, build] of MAKES) {
  const restarts = restartsOf(usually);
  const cuts = cutsOf(usually);
  describe.skipIf(absent !== undefined)(`against ${make}${absent === undefined ? '' : ` (skipped: ${absent})`}`, () => {
    let server: AsyncuaServer | TestOpcuaServer;
    let proxy: OpcuaProxy | undefined;
    let connection: OpcuaConnection;
    let source: OpcuaSensorSource;
    /** Every sample of the counter since the start. */
    let seen: TagSample[];
    const log = keptLog();

    async function connect(endpoint: string): Promise<void> {
      connection = await makeConnection(endpoint, { reconnectMaxMs: 400 }, { logger: log.logger });
      source = new OpcuaSensorSource({
        sensors: [sensor('counter', 'counter'), sensor('idle', 'idle')],
        connections: new Map([['plc', connection]]),
      });
      seen = [];
      // With 0 node-opcua reports every change; above it looks now and then. Asyncua always reports every change.
      connection.monitor({ nodeId: 'ns=1;s=counter', samplingMs: 0, onSample: (sample) => seen.push(sample) });
      await source.start(new AbortController().signal);
      await connection.start();
    }

    const ofLife = (life: number) => seen.filter((sample) => sample.life === life);

    /** Lets the counter run in the present life and checks that each of its values has been read. */
    async function everyCountIsRead(): Promise<void> {
      await vi.waitFor(() => expect(ofLife(connection.life).length).toBeGreaterThan(COUNTS), PATIENCE);
      const last = await server.hold('counter');
      const { life } = connection;
      await vi.waitFor(() => expect(ofLife(life).at(-1)?.value).toBe(last), PATIENCE);
      const values = ofLife(life).map(({ value }) => Number(value));
      const first = values[0] ?? Number.NaN;
      expect(values).toEqual(Array.from({ length: last - first + 1 }, (_, index) => first + index));
      await vi.waitFor(() => expect(source.snapshot(Date.now()).readings[0]).toMatchObject({ value: last }), PATIENCE);
      if (make === 'asyncua') theStationReadThem(ofLife(life));
    }

    /** A station's snapshot at every moment since: each value that stood for longer than a clock's grain, in order. */
    function theStationReadThem(samples: readonly TagSample[]): void {
      const timeOf = ({ sourceTimeMs, receivedAtMs }: TagSample) =>
        Math.min(sourceTimeMs ?? receivedAtMs, receivedAtMs);
      const [first] = samples;
      if (first === undefined) throw new Error('nothing was read');
      const fromMs = first.receivedAtMs;
      const moments = Array.from({ length: Date.now() - fromMs }, (_, index) => fromMs + index);
      const read = [...new Set(moments.map((atMs) => Number(source.snapshot(atMs).readings[0]?.value)))];
      expect(read).toEqual([...read].sort((a, b) => a - b));
      // The station's own item may have been made a moment later, with a later value to begin with.
      const begin = read.find((value) => value >= Number(first.value)) ?? Number.NaN;
      const missed = samples.filter((sample, index) => {
        const next = samples[index + 1];
        const stood = next === undefined || timeOf(next) - timeOf(sample) >= 2;
        return stood && Number(sample.value) > begin && !read.includes(Number(sample.value));
      });
      expect(missed).toEqual([]);
    }

    const heldOnServer = () =>
      vi.waitFor(
        async () => expect(await server.sessions()).toMatchObject({ open: 1, subscriptions: 1, monitoredItems: 3 }),
        PATIENCE,
      );

    afterEach(async () => {
      await source.stop();
      await connection.stop();
      await proxy?.stop();
      proxy = undefined;
      await server.dispose();
    });

    it(
      `reads every value after each of ${restarts} restarts, and leaves no session on the server`,
      async () => {
        server = build();
        await server.start();
        await connect(server.endpoint);
        let count = 0;
        const heaps: number[] = [];
        for (let restart = 0; restart <= restarts; restart += 1) {
          await vi.waitFor(() => expect(ofLife(connection.life).length).toBeGreaterThan(0), PATIENCE);
          await server.tick('counter', EVERY_MS);
          await everyCountIsRead();
          await heldOnServer();
          const values = seen.map(({ value }) => Number(value));
          expect(values).toEqual([...values].sort((a, b) => a - b));
          count = values.at(-1) ?? 0;
          seen.splice(0, seen.length - 1);
          expect(queryObjects(OPCUAClient, { format: 'count' })).toBeLessThan(4);
          heaps.push(process.memoryUsage().heapUsed);
          if (restart === restarts) break;
          const { life } = connection;
          if ('stop' in server && restart % 2 === 1) await server.stop();
          else await server.kill();
          server.options = { ...server.options, tags: { ...TAGS, counter: { type: 'Int32', value: count } } } as never;
          await server.start();
          await vi.waitFor(() => expect(connection.life).toBeGreaterThan(life), PATIENCE);
        }
        const early = Math.max(...heaps.slice(1, 1 + Math.ceil(heaps.length / 4)));
        expect(heaps.at(-1)).toBeLessThan(early * 1.15);
        await connection.stop();
        expect(await server.sessions()).toMatchObject({ open: 0, subscriptions: 0, monitoredItems: 0 });
      },
      60_000 + restarts * 90_000,
    );

    it(
      `leaves no session on the server after each of ${cuts} cuts inside a message`,
      async () => {
        server = build();
        await server.start();
        proxy = await OpcuaProxy.start(server.port);
        await connect(server.endpoint.replace(String(server.port), String(proxy.port)));
        for (let cut = 0; cut < cuts; cut += 1) {
          await vi.waitFor(() => expect(ofLife(connection.life).length).toBeGreaterThan(0), PATIENCE);
          await server.tick('counter', EVERY_MS);
          await everyCountIsRead();
          await heldOnServer();
          expect(connection.status().leftSessions).toBe(0);
          const { life } = connection;
          await server.tick('counter', EVERY_MS);
          await proxy.cutInsideMessage();
          await server.hold('counter');
          await vi.waitFor(() => expect(connection.status().leftSessions).toBe(1), PATIENCE);
          proxy.open();
          await vi.waitFor(() => expect(connection.life).toBeGreaterThan(life), PATIENCE);
          seen.splice(0, seen.length - 1);
        }
        await vi.waitFor(() => expect(connection.isLive).toBe(true), PATIENCE);
        await heldOnServer();
        expect(connection.status()).toMatchObject({ leftSessions: 0, losses: { notifications: 0, overflows: 0 } });
      },
      60_000 + cuts * 30_000,
    );
  });
}
