import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AgentProcess } from '../../simulators/agent-process.js';
import { Mosquitto, mosquittoAbsent } from '../../simulators/mosquitto.js';
import { TestOpcuaServer } from '../../simulators/opcua-server.js';
import { hasPhotographs, photographNames, renderedTiles, StationOnDisk, Subscriber } from './line.js';

const reason = mosquittoAbsent === undefined ? '' : ` (skipped: ${mosquittoAbsent})`;

describe.skipIf(mosquittoAbsent !== undefined)(`jidoka run${reason}`, () => {
  let broker: Mosquitto;
  let station: StationOnDisk;
  let agents: AgentProcess[];
  let ends: (() => Promise<void>)[];

  beforeEach(async () => {
    broker = await Mosquitto.start({ persistence: true });
    station = await StationOnDisk.create();
    agents = [];
    ends = [];
  });

  afterEach(async () => {
    for (const agent of agents) await agent.dispose();
    for (const end of ends.reverse()) await end();
    await broker.dispose();
    await station.remove();
  });

  function startAgent(): AgentProcess {
    const agent = new AgentProcess(station.config);
    agents.push(agent);
    return agent;
  }

  async function subscribe(): Promise<Subscriber> {
    const subscriber = await Subscriber.connect(broker.url);
    ends.push(() => subscriber.end());
    return subscriber;
  }

  async function startServer(): Promise<TestOpcuaServer> {
    const server = new TestOpcuaServer({
      tags: {
        Temperature: { type: 'Double', value: 42.5 },
        OK: { type: 'Boolean', value: false },
        NOK: { type: 'Boolean', value: false },
        Code: { type: 'Int16', value: 0 },
        Counter: { type: 'UInt32', value: 0 },
      },
    });
    await server.start();
    ends.push(() => server.dispose());
    return server;
  }

  /** Rows in the database and messages at the broker tell the same story. */
  function expectAgreement(subscriber: Subscriber, files: Iterable<string>): void {
    const rows = station.rows();
    expect(rows.map(({ source }) => source).sort()).toEqual([...files].sort());
    expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_, index) => index + 1));
    expect(subscriber.unique.map(({ id, seq, source, verdict }) => ({ id, seq, source, verdict }))).toEqual(rows);
    expect(station.outboxRows()).toBe(0);
  }

  async function allArrived(subscriber: Subscriber, count: number): Promise<void> {
    await vi.waitFor(() => expect(subscriber.unique.length).toBe(count), { timeout: 60_000, interval: 100 });
  }

  it.skipIf(!hasPhotographs)(
    'gives every real photograph one row and one message that agree (needs ../shared/data)',
    async () => {
      const server = await startServer();
      await station.writeConfig({
        mqttUrl: broker.url,
        opcuaEndpoint: server.endpoint,
        model: 'magnetic-tile',
        plcOutput: true,
      });
      const subscriber = await subscribe();
      const agent = startAgent();
      await agent.ready();
      await agent.logged(/connected/i);
      const photographs = (await photographNames()).filter((_, index) => index % 10 === 0);
      for (const path of photographs) await station.deliver(basename(path), await readFile(path));
      await allArrived(subscriber, photographs.length);
      expect(await agent.signal('SIGTERM')).toBe(0);
      expectAgreement(
        subscriber,
        photographs.map((path) => basename(path)),
      );
      const readings = subscriber.unique.flatMap((message) => message.readings);
      expect(readings.length).toBe(photographs.length);
      expect(new Set(readings.map(({ sensor, value, quality }) => `${sensor} ${value} ${quality}`))).toEqual(
        new Set(['temperature 42.5 good']),
      );
      expect(await server.get('Counter')).toBe(photographs.length);
      expect(subscriber.latest.get('plant/line/status')).toMatchObject({ state: 'offline' });
      const decisions = subscriber.unique.map(({ verdict }) => verdict);
      expect(subscriber.latest.get('plant/line/surface/state')).toMatchObject({
        counts: {
          pass: decisions.filter((decision) => decision === 'pass').length,
          total: photographs.length,
        },
      });
    },
    120_000,
  );

  it('loses nothing and keeps the order while the broker is away', async () => {
    await station.writeConfig({ mqttUrl: broker.url, model: 'rendered-tile' });
    const subscriber = await subscribe();
    const agent = startAgent();
    await agent.ready();
    const tiles = [...(await renderedTiles(60))];
    for (const [name, jpeg] of tiles.slice(0, 20)) await station.deliver(name, jpeg);
    await allArrived(subscriber, 20);
    await broker.stop();
    for (const [name, jpeg] of tiles.slice(20, 40)) await station.deliver(name, jpeg);
    await agent.logged(/broker/i);
    await broker.restart();
    for (const [name, jpeg] of tiles.slice(40)) await station.deliver(name, jpeg);
    await allArrived(subscriber, 60);
    expect(subscriber.latest.get('plant/line/status')).toMatchObject({ state: 'online' });
    expect(await agent.signal('SIGTERM')).toBe(0);
    expectAgreement(
      subscriber,
      tiles.map(([name]) => name),
    );
  }, 120_000);

  it('delivers every committed inspection after kill -9 in the middle of a run', async () => {
    await station.writeConfig({ mqttUrl: broker.url, model: 'rendered-tile' });
    const subscriber = await subscribe();
    const tiles = [...(await renderedTiles(80))];
    const first = startAgent();
    await first.ready();
    for (const [name, jpeg] of tiles) await station.deliver(name, jpeg);
    await vi.waitFor(() => expect(subscriber.unique.length).toBeGreaterThan(10), { timeout: 30_000, interval: 5 });
    expect(await first.signal('SIGKILL')).toBe('SIGKILL');
    await vi.waitFor(() => expect(subscriber.latest.get('plant/line/status')).toMatchObject({ state: 'offline' }), {
      timeout: 10_000,
    });
    const committed = station.rows().map(({ id }) => id);
    const second = startAgent();
    await second.ready();
    await allArrived(subscriber, tiles.length);
    expect(await second.signal('SIGTERM')).toBe(0);
    expect(subscriber.unique.map(({ id }) => id)).toEqual(expect.arrayContaining(committed));
    expectAgreement(
      subscriber,
      tiles.map(([name]) => name),
    );
  }, 120_000);

  it('starts without its OPC UA server, says so, reviews the parts, and recovers when the server comes', async () => {
    const server = new TestOpcuaServer({ tags: { Temperature: { type: 'Double', value: 20 } } });
    await server.reserve();
    ends.push(() => server.dispose());
    await station.writeConfig({ mqttUrl: broker.url, opcuaEndpoint: server.endpoint, model: 'rendered-tile' });
    const subscriber = await subscribe();
    const agent = startAgent();
    await agent.ready();
    const tiles = [...(await renderedTiles(7))];
    const [first, last] = [tiles[0], tiles[6]];
    if (first === undefined || last === undefined) throw new Error('no tiles');
    await station.deliver(...first);
    await allArrived(subscriber, 1);
    expect(subscriber.unique[0]).toMatchObject({ verdict: 'review', reasons: [{ code: 'SENSOR_STALE' }] });
    await agent.logged(/OPC UA|opc\.tcp/);
    await server.start();
    await agent.logged(/^Connected to opc\.tcp/);
    // Connected is not yet read: the first values come with the next publishing, and the status tells when all is well.
    await vi.waitFor(() => expect(subscriber.latest.get('plant/line/status')).toMatchObject({ health: 'ok' }), {
      timeout: 20_000,
    });
    await station.deliver(...last);
    await allArrived(subscriber, 2);
    expect(subscriber.unique[1]?.readings[0]).toMatchObject({ value: 20, quality: 'good', stale: false });
  }, 120_000);

  it('goes on inspecting when the broker refuses the password, and says what to do', async () => {
    await broker.dispose();
    broker = await Mosquitto.start({ users: { jidoka: 'right' } });
    await station.writeConfig({
      mqttUrl: broker.url,
      model: 'rendered-tile',
      mqttExtra: '\n  username: jidoka\n  password: { env: BROKER_PASSWORD }',
    });
    const agent = new AgentProcess(station.config, { BROKER_PASSWORD: 'wrong' });
    agents.push(agent);
    await agent.ready();
    await agent.logged(/password/i);
    const tiles = [...(await renderedTiles(3))];
    for (const [name, jpeg] of tiles) await station.deliver(name, jpeg);
    await vi.waitFor(() => expect(station.rows().length).toBe(3), { timeout: 20_000 });
    expect(await agent.signal('SIGTERM')).toBe(0);
    expect(station.outboxRows()).toBe(3);
  }, 60_000);
});
