import { appendFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AgentProcess } from '../../simulators/agent-process.js';
import { Mosquitto, mosquittoAbsent } from '../../simulators/mosquitto.js';
import { renderedTiles, StationOnDisk, Subscriber } from './line.js';

const reason = mosquittoAbsent === undefined ? '' : ` (skipped: ${mosquittoAbsent})`;

describe.skipIf(mosquittoAbsent !== undefined)(`several destinations${reason}`, () => {
  let main: Mosquitto;
  let mes: Mosquitto;
  let station: StationOnDisk;
  let ends: (() => Promise<void>)[];

  beforeEach(async () => {
    ends = [];
    [main, mes] = await Promise.all([Mosquitto.start({ persistence: true }), Mosquitto.start({ persistence: true })]);
    station = await StationOnDisk.create();
  });

  afterEach(async () => {
    for (const end of ends.reverse()) await end();
    await Promise.all([main.dispose(), mes.dispose()]);
    await station.remove();
  });

  async function subscribe(broker: Mosquitto): Promise<Subscriber> {
    const subscriber = await Subscriber.connect(broker.url);
    ends.push(() => subscriber.end());
    return subscriber;
  }

  it('each get everything in order; one that is away holds up no other and is named', async () => {
    await station.writeConfig({ mqttUrl: main.url, model: 'rendered-tile' });
    const further = `destinations:\n  mes: { url: ${mes.url}, baseTopic: 'mes/{gateway}', reconnectMaxMs: 300 }\n`;
    await appendFile(station.config, further);
    const [atMain, atMes] = [await subscribe(main), await subscribe(mes)];
    await mes.stop();
    const agent = new AgentProcess(station.config);
    ends.push(() => agent.dispose());
    await agent.ready();
    const tiles = [...(await renderedTiles(45))];
    const deliver = async (from: number, to: number): Promise<void> => {
      for (const [name, jpeg] of tiles.slice(from, to)) await station.deliver(name, jpeg);
    };
    const arrived = (subscriber: Subscriber, count: number): Promise<void> =>
      vi.waitFor(() => expect(subscriber.unique.length).toBe(count), { timeout: 60_000, interval: 50 });
    const statusAt = (subscriber: Subscriber, topic: string, expected: object): Promise<void> =>
      vi.waitFor(() => expect(subscriber.latest.get(topic)).toMatchObject(expected), { timeout: 20_000, interval: 50 });

    await deliver(0, 15);
    await arrived(atMain, 15);
    expect(atMes.unique).toEqual([]);
    await statusAt(atMain, 'plant/line/status', {
      health: 'degraded',
      troubles: [{ where: 'broker mes' }],
      destinations: { mqtt: { connected: true, shed: 0 }, mes: { connected: false, shed: 0 } },
    });

    await mes.restart();
    await arrived(atMes, 15);
    await statusAt(atMain, 'plant/line/status', { health: 'ok', destinations: { mes: { connected: true } } });

    await main.stop();
    await deliver(15, 30);
    await arrived(atMes, 30);
    await statusAt(atMes, 'mes/test-gateway/status', { troubles: [{ where: 'broker' }] });
    expect(await agent.signal('SIGKILL')).toBe('SIGKILL');
    await main.restart();
    const second = new AgentProcess(station.config);
    ends.push(() => second.dispose());
    await second.ready();
    await deliver(30, 45);
    await Promise.all([arrived(atMain, 45), arrived(atMes, 45)]);
    await vi.waitFor(() => expect(station.outboxRows()).toBe(0), { timeout: 20_000, interval: 50 });
    expect(await second.signal('SIGTERM')).toBe(0);

    const rows = station.rows().map(({ id, seq }) => ({ id, seq }));
    for (const { unique } of [atMain, atMes]) expect(unique.map(({ id, seq }) => ({ id, seq }))).toEqual(rows);
    expect(mes.log).toContain('jidoka-test-gateway-mes');
  }, 180_000);
});
