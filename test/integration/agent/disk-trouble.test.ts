import { writeFile } from 'node:fs/promises';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HOLD_LIMITS } from '#jidoka/store/record-hold.js';
import { AgentProcess } from '../../simulators/agent-process.js';
import { Mosquitto, mosquittoAbsent } from '../../simulators/mosquitto.js';
import { TestOpcuaServer } from '../../simulators/opcua-server.js';
import { MemoryDisk, memoryDiskAbsent } from '../../simulators/small-disk.js';
import { StationOnDisk, Subscriber } from './line.js';

const absent = mosquittoAbsent ?? memoryDiskAbsent;
const reason = absent === undefined ? '' : ` (skipped: ${absent})`;

describe.skipIf(absent !== undefined)(`a line whose disk is full${reason}`, () => {
  let broker: Mosquitto;
  let server: TestOpcuaServer;
  let place: StationOnDisk;
  let disk: MemoryDisk;
  let subscriber: Subscriber;
  let agent: AgentProcess | undefined;

  beforeEach(async () => {
    broker = await Mosquitto.start();
    place = await StationOnDisk.create();
    disk = new MemoryDisk(12);
    server = new TestOpcuaServer({
      fewNodes: true,
      tags: {
        OK: { type: 'Boolean', value: false },
        NOK: { type: 'Boolean', value: false },
        Counter: { type: 'UInt32', value: 0 },
      },
    });
    await server.start();
    subscriber = await Subscriber.connect(broker.url);
  }, 120_000);

  afterEach(async () => {
    await agent?.dispose();
    await subscriber.end();
    await server.dispose();
    await broker.dispose();
    disk.remove();
    await place.remove();
  });

  async function start(trigger: string): Promise<AgentProcess> {
    await writeFile(
      place.config,
      `version: 1
gateway: { name: small }
storage: { directory: ${disk.path} }
mqtt: { url: '${broker.url}', baseTopic: plant }
opcua:
  plc: { endpoint: '${server.endpoint}', publishingIntervalMs: 50 }
stations:
  - name: line
    camera: { kind: simulated, framesPerSecond: 100 }
    trigger: ${trigger}
    model: { package: rendered-tile }
    images: all
    output:
      plc: { ok: 'ns=1;s=OK', nok: 'ns=1;s=NOK', counter: 'ns=1;s=Counter' }
`,
    );
    agent = new AgentProcess(place.config);
    await agent.logged(/^Ready\b/, 120_000);
    return agent;
  }

  const inspected = async (): Promise<number> => Number(await server.get('Counter'));
  const state = () => subscriber.latest.get('plant/line/state') as { failed: { records: number } } | undefined;
  const storeTrouble = (): string => {
    const status = subscriber.latest.get('plant/status') as
      | { troubles?: { where: string; text: string }[] }
      | undefined;
    return status?.troubles?.find(({ where }) => where === 'store')?.text ?? '';
  };
  const waiting = (): number => Number(/wait in memory: (\d+)/.exec(storeTrouble())?.[1] ?? 0);

  function committed(): { id: string; seq: number }[] {
    const database = new Database(`${disk.path}/jidoka.sqlite`, { readonly: true });
    try {
      return database.prepare<[], { id: string; seq: number }>('SELECT id, seq FROM inspections ORDER BY seq').all();
    } finally {
      database.close();
    }
  }

  it('inspects on, says so, and has lost nothing that was committed when there is room again', async () => {
    const first = await start('{ kind: frame }');
    await vi.waitFor(() => expect(subscriber.unique.length).toBeGreaterThan(100), { timeout: 120_000 });
    expect(storeTrouble()).toBe('');

    // Another program takes all there is, and what the agent gives up of its ballast and its images.
    const largest = { waiting: 0 };
    const look = () => {
      largest.waiting = Math.max(largest.waiting, waiting());
    };
    await vi.waitFor(
      () => {
        disk.fill();
        expect(storeTrouble()).toMatch(/^Since \S+Z: STORE_DISK_FULL: .*Free space.* wait in memory: [1-9]/);
      },
      { timeout: 120_000, interval: 100 },
    );
    const before = await inspected();
    // The memory is full, and the line still gets its verdicts.
    await vi.waitFor(
      () => {
        look();
        expect(state()?.failed.records).toBeGreaterThan(50);
        expect(storeTrouble()).toMatch(/Inspections given up since the start: [1-9]\d* \(/);
      },
      { timeout: 400_000, interval: 200 },
    );
    expect(await inspected()).toBeGreaterThan(before + 100);
    expect(largest.waiting).toBeLessThanOrEqual(HOLD_LIMITS.records);
    expect(subscriber.latest.get('plant/line/state')).toMatchObject({ last: { seq: null } });
    expect(subscriber.latest.get('plant/status')).toMatchObject({ state: 'online', health: 'degraded' });

    disk.free();
    await first.logged(/^The database is written again after \d+ s/, 60_000);
    await vi.waitFor(() => expect(subscriber.latest.get('plant/status')).toMatchObject({ health: 'ok' }), {
      timeout: 30_000,
    });
    expect(await first.signal('SIGTERM')).toBe(0);

    // What a stop leaves in the outbox goes out at the next start.
    const refused = state()?.failed.records ?? -1;
    const total = await inspected();
    const rows = committed();
    await server.set('Counter', 0);
    await start('{ kind: timer, everyMs: 3600000 }');
    await vi.waitFor(() => expect(subscriber.unique.length).toBe(rows.length), { timeout: 120_000 });
    expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_, index) => index + 1));
    expect(subscriber.unique.map(({ id, seq }) => ({ id, seq }))).toEqual(rows);
    expect(new Set(subscriber.unique.map(({ seq }) => seq)).size).toBe(rows.length);
    expect(total).toBe(rows.length + refused);
  }, 900_000);
});
