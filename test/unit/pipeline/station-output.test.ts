import { describe, expect, it, vi } from 'vitest';
import { systemClock } from '#jidoka/base/clock.js';
import { silentLogger } from '#jidoka/base/logger.js';
import { Inspector, type InspectorOptions } from '#jidoka/pipeline/inspect.js';
import { ModelSlot } from '#jidoka/pipeline/model-slot.js';
import { Station, type StationOptions } from '#jidoka/pipeline/station.js';
import {
  frame,
  MemoryLedger,
  noSensors,
  RecordingOutput,
  ScriptedCamera,
  ScriptedClassifier,
  twoClasses,
} from '../../simulators/ports.js';

interface Setup {
  camera: ScriptedCamera;
  output: RecordingOutput;
  inspector?: Partial<InspectorOptions>;
  station?: Partial<StationOptions>;
}

function build({ camera, output, inspector, station }: Setup) {
  const ledger = new MemoryLedger();
  const shared = { camera, output, clock: systemClock, logger: silentLogger };
  const theInspector = new Inspector({
    ...shared,
    station: { name: 'surface', images: 'none' },
    view: { rotate: 0 },
    sensors: noSensors,
    models: new ModelSlot({
      classifier: new ScriptedClassifier(async () => 0.9),
      info: twoClasses,
      policy: {
        goodLabel: 'good',
        classes: new Map(),
        minimumPassConfidence: 0.5,
        sensors: [],
        requiredSensors: new Set(),
      },
    }),
    encoder: { toJpeg: async (image) => image.data },
    jpegQuality: 85,
    ledger,
    onInspected: () => undefined,
    onUnrecorded: () => undefined,
    ...inspector,
  });
  let id = 0;
  const theStation = new Station({
    ...shared,
    config: { name: 'surface', queue: { length: 8 }, frameTimeoutMs: 50 },
    inspector: theInspector,
    newPartId: () => `part-${++id}`,
    ...station,
  });
  return { station: theStation, inspector: theInspector, ledger };
}

const never = new AbortController().signal;

describe('a station and its output', () => {
  it('tells the output of each part from its trigger to its end, in the order of the triggers', async () => {
    const output = new RecordingOutput(undefined, (id) => (id === 'part-2' ? 40 : undefined));
    let known: (identity: { externalId: string }) => void = () => undefined;
    const slow = new Promise<{ externalId: string }>((resolve) => {
      known = resolve;
    });
    const camera = new ScriptedCamera(async function* () {
      yield frame(1, 1000);
      yield frame(2, 1001);
      // By now the second part has everything, and waits for the id of the first.
      known({ externalId: 'A1' });
      yield frame(3, 1002);
    });
    const { station, ledger, inspector } = build({
      camera,
      output,
      station: {
        trigger: (open, restarted) => {
          open(1000, { identity: slow });
          open(1001, { identity: Promise.resolve({ externalId: 'A2', recipe: 'r' }) });
          restarted();
          open(1002);
          return () => undefined;
        },
      },
    });
    await station.run(never);
    const records = ledger.records.map(({ inspection: { id, partId, recipe, lateMs } }) => [
      id,
      partId,
      recipe,
      lateMs,
    ]);
    expect(records).toEqual([
      ['part-1', 'A1', undefined, undefined],
      ['part-2', 'A2', 'r', 40],
      ['part-3', undefined, undefined, undefined],
    ]);
    const ends = output.events.filter((event) => /^(written|withheld)/.test(event));
    expect(ends).toEqual(['written part-1', 'withheld part-2', 'written part-3']);
    expect(output.events.slice(0, 5)).toEqual([
      'opened part-1',
      'opened part-2',
      'restarted',
      'opened part-3',
      'taken part-3',
    ]);
    expect(output.events.filter((event) => event.startsWith('taken')).sort()).toEqual([
      'taken part-1',
      'taken part-2',
      'taken part-3',
    ]);
    expect(output.written.map(({ partId, counter }) => [partId, counter])).toEqual([
      ['A1', 1],
      [undefined, 3],
    ]);
    expect(inspector.writeBack).toMatchObject({ late: 1, fromTriggerMs: { max: expect.any(Number) } });
  });

  it('says which triggers it does not take and which parts it drops', async () => {
    const output = new RecordingOutput();
    const camera = new ScriptedCamera(async function* (signal) {
      yield frame(0, 0);
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    });
    const stop = new AbortController();
    const { station } = build({
      camera,
      output,
      inspector: { onInspected: () => stop.abort() },
      station: {
        config: { name: 'surface', queue: { length: 1 }, frameTimeoutMs: 20 },
        trigger: (open) => {
          open(5000);
          open(5001);
          station.gate.close({ sinceMs: 0, by: 'x' });
          open(5002);
          return () => undefined;
        },
      },
    });
    await station.run(stop.signal);
    expect(output.events).toEqual(['opened part-1', 'taken part-1', 'turned away', 'turned away', 'written part-1']);
  });

  it('does not let parts on the belt wait for one that is not at the gate yet', async () => {
    async function* frames() {
      for (let sequence = 0; sequence < 200; sequence += 1) yield frame(sequence);
    }
    class Belt extends RecordingOutput {
      override readonly delayed = true;
    }
    let arrive: () => void = () => undefined;
    const arrived = new Promise<void>((resolve) => {
      arrive = resolve;
    });
    const output = new Belt(() => arrived);
    const { station, ledger } = build({ camera: new ScriptedCamera(frames), output });
    await station.run(never);
    expect([ledger.records.length, output.written.length]).toEqual([200, 0]);
    arrive();
    await vi.waitFor(() => expect(output.written).toHaveLength(200));
  });
});
