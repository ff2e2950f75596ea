import { writeFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { StationState } from '#jidoka/domain/state.js';
import { AgentProcess } from '../../simulators/agent-process.js';
import { Mosquitto, mosquittoAbsent } from '../../simulators/mosquitto.js';
import { SimulatedPlc } from '../../simulators/plc.js';
import type { LadderTag } from '../../simulators/plc-ladder.js';
import { StationOnDisk, Subscriber } from './line.js';

const reason = mosquittoAbsent === undefined ? '' : ` (skipped: ${mosquittoAbsent})`;
const PARTS = 12;

describe.skipIf(mosquittoAbsent !== undefined)(`a station with a PLC${reason}`, () => {
  let broker: Mosquitto;
  let plc: SimulatedPlc;
  let station: StationOnDisk;
  let subscriber: Subscriber;
  let agent: AgentProcess;

  beforeEach(async () => {
    broker = await Mosquitto.start();
    station = await StationOnDisk.create();
    plc = new SimulatedPlc({
      lines: 1,
      ladder: {
        seed: 1,
        parts: PARTS,
        gapMs: 50,
        timeoutMs: 30_000,
        trigger: 'counter',
        lostAcks: 0.4,
        lateAcks: 0,
        lateAckMs: 0,
        programRestarts: 0,
      },
    });
    await plc.start();
    subscriber = await Subscriber.connect(broker.url);
    const node = (tag: LadderTag) => `'${plc.node(0, tag)}'`;
    await writeFile(
      station.config,
      `version: 1
gateway: { name: one }
storage: { directory: state }
mqtt: { url: '${broker.url}', baseTopic: plant }
opcua:
  plc: { endpoint: '${plc.endpoint}', publishingIntervalMs: 20 }
stations:
  - name: cell
    camera: { kind: simulated, framesPerSecond: 40 }
    trigger: { kind: tag, nodeId: ${node('Trigger')}, samplingMs: 10, partId: ${node('PartId')} }
    model: { package: rendered-tile }
    output:
      plc:
        ok: ${node('OK')}
        nok: ${node('NOK')}
        reject: ${node('Reject')}
        partId: ${node('PartEcho')}
        inspectionId: ${node('InspectionId')}
        counter: ${node('Counter')}
        deadlineMs: 20000
        handshake:
          ready: ${node('Ready')}
          busy: ${node('Busy')}
          done: ${node('Done')}
          ack: ${node('Ack')}
          ackTimeoutMs: 500
          triggerAck: ${node('TriggerAck')}
          heartbeat: ${node('Heartbeat')}
          plcHeartbeat: ${node('PlcHeartbeat')}
          samplingMs: 10
`,
    );
    agent = new AgentProcess(station.config);
    await agent.ready();
  });

  afterEach(async () => {
    await agent.dispose();
    await subscriber.end();
    await plc.dispose();
    await broker.dispose();
    await station.remove();
  });

  it('gives the PLC, the database and the broker the same verdict on the same part', async () => {
    await plc.finished;
    await vi.waitFor(() => expect(subscriber.unique.length).toBe(PARTS), { timeout: 60_000 });
    const verdicts = subscriber.unique.map(({ id, partId, verdict }) => ({ id, partId, ok: verdict === 'pass' }));
    const records = await plc.records(0);
    const accepted = records.flatMap((record) =>
      record.kind === 'accepted' ? [{ id: record.inspection, partId: String(record.part), ok: record.ok }] : [],
    );
    expect(accepted).toEqual(verdicts);
    expect(accepted.map(({ partId }) => partId)).toEqual(accepted.map((_, index) => String(index + 1)));
    const ofDatabase = station.rows().map(({ id, verdict }) => ({ id, ok: verdict === 'pass' }));
    expect(ofDatabase).toEqual(verdicts.map(({ id, ok }) => ({ id, ok })));
    const plcFigures = () => (subscriber.latest.get('plant/cell/state') as unknown as StationState).plc;
    await vi.waitFor(() => expect(plcFigures()?.fromTriggerMs?.max).toBeGreaterThan(0), { timeout: 60_000 });
    expect(plcFigures()).toMatchObject({ late: 0, overruns: 0 });
    expect(plcFigures()?.ackTimeouts).toBeGreaterThan(0);
    expect(await agent.signal('SIGTERM')).toBe(0);
  }, 180_000);
});
