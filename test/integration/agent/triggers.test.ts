import { writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AgentProcess } from '../../simulators/agent-process.js';
import { Mosquitto, mosquittoAbsent } from '../../simulators/mosquitto.js';
import { TestOpcuaServer } from '../../simulators/opcua-server.js';
import { StationOnDisk, Subscriber } from './line.js';

const reason = mosquittoAbsent === undefined ? '' : ` (skipped: ${mosquittoAbsent})`;

describe.skipIf(mosquittoAbsent !== undefined)(`stations with triggers${reason}`, () => {
  let broker: Mosquitto;
  let server: TestOpcuaServer;
  let station: StationOnDisk;
  let subscriber: Subscriber;
  let agent: AgentProcess;

  beforeEach(async () => {
    broker = await Mosquitto.start();
    station = await StationOnDisk.create();
    server = new TestOpcuaServer({
      fewNodes: true,
      tags: {
        Parts: { type: 'UInt32', value: 7 },
        OK: { type: 'Boolean', value: false },
        NOK: { type: 'Boolean', value: false },
        Counter: { type: 'UInt32', value: 100 },
      },
    });
    await server.start();
    subscriber = await Subscriber.connect(broker.url);
    await writeFile(
      station.config,
      `version: 1
gateway: { name: two }
storage: { directory: state }
mqtt: { url: '${broker.url}', baseTopic: plant }
opcua:
  plc: { endpoint: '${server.endpoint}', publishingIntervalMs: 50 }
stations:
  - name: counted
    camera: { kind: simulated, framesPerSecond: 40 }
    trigger: { kind: tag, nodeId: 'ns=1;s=Parts', samplingMs: 50 }
    model: { package: rendered-tile }
    output:
      plc: { ok: 'ns=1;s=OK', nok: 'ns=1;s=NOK', counter: 'ns=1;s=Counter' }
  - name: timed
    camera: { kind: simulated, framesPerSecond: 40, seed: 5 }
    trigger: { kind: timer, everyMs: 300 }
    model: { package: rendered-tile }
`,
    );
    agent = new AgentProcess(station.config);
    await agent.ready();
  });

  afterEach(async () => {
    await agent.dispose();
    await subscriber.end();
    await server.dispose();
    await broker.dispose();
    await station.remove();
  });

  const of = (name: string) => subscriber.unique.filter((message) => message.station === name);

  it('inspects one part an edge of the PLC tag, and one a beat of the timer, each station with its own numbers', async () => {
    // The value that comes with the subscription is the starting point, so the subscription must stand first.
    await vi.waitFor(async () => expect((await server.sessions()).monitoredItems).toBe(1), { timeout: 10_000 });
    for (let part = 1; part <= 5; part += 1) {
      await server.set('Parts', 7 + part);
      await vi.waitFor(() => expect(of('counted').length).toBe(part), { timeout: 10_000 });
    }
    await vi.waitFor(() => expect(of('timed').length).toBeGreaterThanOrEqual(3), { timeout: 10_000 });
    expect(await agent.signal('SIGTERM')).toBe(0);
    expect(of('counted').map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
    expect(of('timed').map(({ seq }) => seq)).toEqual(of('timed').map((_, index) => index + 1));
    expect(await server.get('Counter')).toBe(105);
    // At the stop both bits are cleared: no result.
    expect([await server.get('OK'), await server.get('NOK')]).toEqual([false, false]);
    const [first] = await server.writes();
    expect(first?.map(({ name }) => name).sort()).toEqual(['NOK', 'OK']);
  });
});
