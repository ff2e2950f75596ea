import { describe, expect, it, vi } from 'vitest';
import { systemClock } from '#jidoka/base/clock.js';
import { JidokaError } from '#jidoka/base/errors.js';
import { silentLogger } from '#jidoka/base/logger.js';
import type { Frame } from '#jidoka/domain/frame.js';
import type { VerdictPolicy } from '#jidoka/domain/verdict.js';
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

const policy: VerdictPolicy = {
  goodLabel: 'good',
  classes: new Map([['bad', { action: 'fail', threshold: 0.5 }]]),
  minimumPassConfidence: 0.5,
  sensors: [],
  requiredSensors: new Set(),
};

interface Setup {
  camera: ScriptedCamera;
  answer?: (pixel: number) => Promise<number>;
  ledger?: MemoryLedger;
  output?: RecordingOutput;
  inspector?: Partial<InspectorOptions>;
  station?: Partial<StationOptions>;
}

function build({ camera, answer, ledger = new MemoryLedger(), output, inspector, station }: Setup) {
  const inspected: { id: string; seq: number }[] = [];
  const unrecorded: string[] = [];
  const theInspector = new Inspector({
    station: { name: 'surface', images: 'fails-and-reviews' },
    view: { rotate: 0 },
    camera,
    sensors: noSensors,
    models: new ModelSlot({
      classifier: new ScriptedClassifier(answer ?? (async () => 0.9)),
      info: twoClasses,
      policy,
    }),
    encoder: { toJpeg: async (image) => image.data },
    jpegQuality: 85,
    ledger,
    ...(output !== undefined && { output }),
    clock: systemClock,
    logger: silentLogger,
    onInspected: (inspection, seq) => inspected.push({ id: inspection.id, seq }),
    onUnrecorded: ({ id }) => unrecorded.push(id),
    ...inspector,
  });
  let id = 0;
  const theStation = new Station({
    config: { name: 'surface', queue: { length: 8 }, frameTimeoutMs: 50 },
    camera,
    inspector: theInspector,
    newPartId: () => `part-${++id}`,
    clock: systemClock,
    logger: silentLogger,
    ...station,
  });
  return { station: theStation, inspector: theInspector, ledger, inspected, unrecorded };
}

async function* frames(count: number): AsyncIterable<Frame> {
  for (let sequence = 0; sequence < count; sequence += 1) yield frame(sequence);
}

const never = new AbortController().signal;

describe('Station', () => {
  it('gives every frame one record, in the order of the frames, even when the model answers out of order', async () => {
    const releases: (() => void)[] = [];
    const camera = new ScriptedCamera(() => frames(12));
    const output = new RecordingOutput();
    const { station, ledger, inspected } = build({
      camera,
      output,
      answer: async (pixel) => {
        // Every third answer waits for the one after it.
        if (pixel % 3 === 0) await new Promise<void>((resolve) => releases.push(resolve));
        else releases.shift()?.();
        return 0.9;
      },
    });
    await station.run(never);
    const parts = Array.from({ length: 12 }, (_, index) => `part-${index + 1}`);
    expect(ledger.records.map(({ inspection }) => inspection.id)).toEqual(parts);
    expect(output.written.map(({ inspectionId }) => inspectionId)).toEqual(parts);
    expect(output.written.map(({ counter }) => counter)).toEqual(parts.map((_, index) => index + 1));
    expect(inspected.map(({ seq }) => seq)).toEqual(parts.map((_, index) => index + 1));
    expect(camera.inspectedFrames).toHaveLength(12);
  });

  it('judges a part wholly by the model that it began with, and the next by the new one', async () => {
    const strict = { ...policy, minimumPassConfidence: 0.95 };
    const next = { ...twoClasses, model: { ...twoClasses.model, version: '2.0.0' }, workers: 1 };
    const other = new ScriptedClassifier(async () => 0.92);
    const models: ModelSlot = new ModelSlot({
      classifier: new ScriptedClassifier(async () => {
        // The change comes while the first part is with its model.
        void models.change({ classifier: other, info: next, policy: strict });
        return 0.9;
      }),
      info: twoClasses,
      policy,
    });
    const output = new RecordingOutput();
    const { station, ledger } = build({ camera: new ScriptedCamera(() => frames(3)), output, inspector: { models } });
    await station.run(never);
    const judged = ledger.records.map(({ inspection }) => [
      inspection.model.version,
      inspection.result?.scores['good'],
      inspection.verdict.decision,
    ]);
    expect(judged).toEqual([
      ['1.0.0', expect.closeTo(0.9, 5), 'pass'],
      ['2.0.0', expect.closeTo(0.92, 5), 'review'],
      ['2.0.0', expect.closeTo(0.92, 5), 'review'],
    ]);
    expect(output.written.map(({ decision }) => decision)).toEqual(['pass', 'review', 'review']);
  });

  it('keeps images of fails and reviews only, as configured', async () => {
    const camera = new ScriptedCamera(() => frames(3));
    const { station, ledger } = build({ camera, answer: async (pixel) => [0.9, 0.1, 0.45][pixel] ?? 0 });
    await station.run(never);
    expect(ledger.records.map(({ inspection, jpeg }) => [inspection.verdict.decision, jpeg !== undefined])).toEqual([
      ['pass', false],
      ['fail', true],
      ['fail', true],
    ]);
  });

  it('sends an unreadable image to review, tells the camera, and goes on', async () => {
    const camera = new ScriptedCamera(() => frames(3));
    const broken = new JidokaError('IMAGE_CORRUPT', {
      consequence: 'degraded',
      summary: 'cut short.',
      remedy: 'Look.',
    });
    const { station, ledger } = build({
      camera,
      answer: async (pixel) => (pixel === 1 ? Promise.reject(broken) : 0.9),
    });
    await station.run(never);
    expect(ledger.records.map(({ inspection }) => inspection.verdict.decision)).toEqual(['pass', 'review', 'pass']);
    expect(ledger.records[1]?.inspection).toMatchObject({
      result: null,
      verdict: { reasons: [{ code: 'IMAGE_UNREADABLE' }] },
    });
    expect(camera.unreadableFrames.map(({ frame: { sequence } }) => sequence)).toEqual([1]);
  });

  it('sends a part to review when the model fails, without blaming the image', async () => {
    const camera = new ScriptedCamera(() => frames(1));
    const { station, ledger } = build({ camera, answer: async () => Promise.reject(new Error('out of memory')) });
    await station.run(never);
    expect(ledger.records[0]?.inspection.verdict.reasons[0]?.code).toBe('INFERENCE_FAILED');
    expect(camera.unreadableFrames).toEqual([]);
  });

  it('records the verdict all the same when the PLC does not take it, and counts it', async () => {
    const output = new RecordingOutput(async () => Promise.reject(new Error('not connected')));
    const { station, ledger, inspector } = build({ camera: new ScriptedCamera(() => frames(2)), output });
    await station.run(never);
    expect(ledger.records).toHaveLength(2);
    expect(inspector.failed).toEqual({ plcWrites: 2, records: 0 });
  });

  it('does not let the PLC wait for the disk', async () => {
    let commit: () => void = () => undefined;
    const committed = new Promise<void>((resolve) => {
      commit = resolve;
    });
    const ledger = new MemoryLedger(() => committed);
    let written: () => void = () => undefined;
    const hasWritten = new Promise<void>((resolve) => {
      written = resolve;
    });
    const output = new RecordingOutput(async () => written());
    const { station, inspected } = build({ camera: new ScriptedCamera(() => frames(1)), output, ledger });
    const running = station.run(never);
    await hasWritten;
    expect(inspected).toEqual([]);
    commit();
    await running;
    expect(inspected).toHaveLength(1);
  });

  it.each([
    ['taken', undefined],
    ['refused', new JidokaError('STORE_REFUSED', { consequence: 'degraded', summary: 'No.', remedy: 'Look.' })],
  ])('does not let a record that is %s wait for a slow PLC', async (_, refusal) => {
    let answer: () => void = () => undefined;
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const ledger = new MemoryLedger(async () => (refusal === undefined ? undefined : Promise.reject(refusal)));
    const camera = new ScriptedCamera(() => frames(1));
    const output = new RecordingOutput(() => answered);
    const { station, inspected, inspector } = build({ camera, ledger, output });
    const running = station.run(never);
    await vi.waitFor(() => expect(inspected.length + inspector.failed.records).toBe(1));
    expect(output.written).toEqual([]);
    answer();
    await running;
    expect(output.written).toHaveLength(1);
  });

  it('goes on past a record that the ledger refuses, and counts it', async () => {
    const refusal = new JidokaError('STORE_REFUSED', { consequence: 'degraded', summary: 'No.', remedy: 'Look.' });
    const ledger = new MemoryLedger(async (seq) => (seq === 2 ? Promise.reject(refusal) : undefined));
    const camera = new ScriptedCamera(() => frames(3));
    const { station, inspected, unrecorded, inspector } = build({ camera, ledger });
    await station.run(never);
    expect(inspected.map(({ seq }) => seq)).toEqual([1, 3]);
    expect(unrecorded).toEqual(['part-2']);
    expect(inspector.failed).toEqual({ plcWrites: 0, records: 1 });
    // Its file must not be deleted: there is no record of it.
    expect(camera.inspectedFrames).toEqual([0, 2]);
  });

  it('inspects on at the pace of the line while nothing is committed', async () => {
    let commit: () => void = () => undefined;
    const committed = new Promise<void>((resolve) => {
      commit = resolve;
    });
    const ledger = new MemoryLedger(() => committed);
    const output = new RecordingOutput(async () => undefined);
    const camera = new ScriptedCamera(() => frames(500));
    const { station, inspected } = build({ camera, output, ledger });
    const running = station.run(never);
    await vi.waitFor(() => expect(output.written).toHaveLength(500));
    expect(ledger.records).toHaveLength(500);
    expect(inspected).toEqual([]);
    commit();
    await running;
    expect(inspected.map(({ seq }) => seq)).toEqual(Array.from({ length: 500 }, (_, index) => index + 1));
  });

  it('does not let the verdict on a bad picture wait until the camera has listed it', async () => {
    let list: () => void = () => undefined;
    const listed = new Promise<void>((resolve) => {
      list = resolve;
    });
    class SlowCamera extends ScriptedCamera {
      override async unreadable(): Promise<void> {
        await listed;
      }
    }
    const broken = new JidokaError('IMAGE_TRUNCATED', {
      consequence: 'degraded',
      summary: 'cut short.',
      remedy: 'Look.',
    });
    const output = new RecordingOutput(async () => undefined);
    const { station, ledger } = build({
      camera: new SlowCamera(() => frames(3)),
      output,
      answer: async (pixel) => (pixel === 0 ? Promise.reject(broken) : 0.9),
    });
    const running = station.run(never);
    await vi.waitFor(() => expect(output.written).toHaveLength(3));
    expect(ledger.records).toHaveLength(3);
    list();
    await running;
  });

  it('ends with the error when a record has become impossible for good', async () => {
    const ledger = new MemoryLedger(async () => Promise.reject(new Error('the writer died')));
    const camera = new ScriptedCamera(async function* (signal) {
      for (let sequence = 0; !signal.aborted; sequence += 1) yield frame(sequence);
    });
    const { station } = build({ camera, ledger });
    await expect(station.run(never)).rejects.toThrow('the writer died');
  });

  it('drops by the declared policy when the line is faster, and counts each drop', async () => {
    let release: () => void = () => undefined;
    const blocked = new Promise<void>((resolve) => {
      release = resolve;
    });
    const camera = new ScriptedCamera(async function* () {
      yield* frames(20);
      release();
    }, 'drop-oldest');
    const { station, ledger } = build({
      camera,
      answer: async () => {
        await blocked;
        return 0.9;
      },
      station: { config: { name: 'surface', queue: { length: 2 }, frameTimeoutMs: 50 } },
    });
    await station.run(never);
    expect(ledger.records.length + station.dropped).toBe(20);
    expect(station.dropped).toBeGreaterThan(0);
    expect(ledger.records.at(-1)?.inspection.capturedAtMs).toBe(1019);
  });
});

describe('Station with a trigger', () => {
  it('pairs a part with a frame taken after its trigger, never with an older one', async () => {
    let open: (atMs: number) => void = () => undefined;
    const camera = new ScriptedCamera(async function* () {
      yield frame(1, 500);
      open(1000);
      yield frame(2, 999);
      yield frame(3, 1000);
    });
    const { station, ledger } = build({
      camera,
      station: {
        trigger: (opener) => {
          open = opener;
          return () => undefined;
        },
      },
    });
    await station.run(never);
    expect(ledger.records.map(({ inspection }) => inspection.capturedAtMs)).toEqual([1000]);
  });

  it('records a part without a frame as review', async () => {
    const camera = new ScriptedCamera(async function* (signal) {
      yield frame(0, 0);
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
    });
    const stop = new AbortController();
    const { station, ledger } = build({
      camera,
      inspector: { onInspected: () => stop.abort() },
      station: {
        trigger: (open) => {
          open(5000);
          return () => undefined;
        },
      },
    });
    await station.run(stop.signal);
    expect(ledger.records).toHaveLength(1);
    expect(ledger.records[0]?.inspection).toMatchObject({
      capturedAtMs: 5000,
      result: null,
      verdict: { decision: 'review', reasons: [{ code: 'NO_FRAME' }] },
    });
  });
});
