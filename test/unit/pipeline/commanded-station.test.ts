import { describe, expect, it, vi } from 'vitest';
import { systemClock } from '#jidoka/base/clock.js';
import { silentLogger } from '#jidoka/base/logger.js';
import type { Frame } from '#jidoka/domain/frame.js';
import type { VerdictPolicy } from '#jidoka/domain/verdict.js';
import { Inspector } from '#jidoka/pipeline/inspect.js';
import { ModelSlot } from '#jidoka/pipeline/model-slot.js';
import { Station, type StationOptions } from '#jidoka/pipeline/station.js';
import { thresholdsOf, withThresholds } from '#jidoka/pipeline/thresholds.js';
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
  classes: new Map([
    ['good', { action: 'fail', threshold: 0.5 }],
    ['bad', { action: 'fail', threshold: 0.5 }],
    ['dust', { action: 'ignore', threshold: 0.5 }],
  ]),
  minimumPassConfidence: 0.5,
  sensors: [],
  requiredSensors: new Set(),
};

/** Frames that the test hands out one by one. */
class HandFedCamera extends ScriptedCamera {
  #next: (frame: Frame | undefined) => void = () => undefined;
  #sequence = 0;

  constructor(overflow: 'wait' | 'drop-oldest') {
    super((signal) => this.#frames(signal), overflow);
  }

  /** Resolves when the station asks for the next one. */
  async feed(capturedAtMs = Date.now()): Promise<void> {
    await vi.waitFor(() => expect(this.#asked).toBe(true));
    this.#asked = false;
    this.#next(frame(this.#sequence, capturedAtMs));
    this.#sequence += 1;
  }

  #asked = false;

  get asked(): boolean {
    return this.#asked;
  }

  async *#frames(signal: AbortSignal): AsyncIterable<Frame> {
    signal.addEventListener('abort', () => this.#next(undefined));
    while (!signal.aborted) {
      const next = await new Promise<Frame | undefined>((resolve) => {
        this.#next = resolve;
        this.#asked = true;
      });
      if (next === undefined) return;
      yield next;
    }
  }
}

function build(camera: ScriptedCamera, options: Partial<StationOptions> = {}) {
  const ledger = new MemoryLedger();
  const output = new RecordingOutput();
  const stop = new AbortController();
  const inspector = new Inspector({
    station: { name: 'surface', images: 'none' },
    view: { rotate: 0 },
    camera,
    sensors: noSensors,
    models: new ModelSlot({ classifier: new ScriptedClassifier(async () => 0.9), info: twoClasses, policy }),
    encoder: { toJpeg: async (image) => image.data },
    jpegQuality: 85,
    ledger,
    output,
    clock: systemClock,
    logger: silentLogger,
    onInspected: (inspection, seq) => station.inspected({ inspection, seq }),
    onUnrecorded: () => undefined,
  });
  let id = 0;
  const station = new Station({
    config: { name: 'surface', queue: { length: 2 }, frameTimeoutMs: 50 },
    camera,
    inspector,
    newPartId: () => `part-${++id}`,
    clock: systemClock,
    logger: silentLogger,
    ...options,
  });
  const running = station.run(stop.signal);
  const end = async (): Promise<void> => {
    stop.abort();
    await running;
  };
  return { station, ledger, output, end };
}

const never = new AbortController().signal;
const pause = { sinceMs: 0, by: 'kim' };
const seen = (ledger: MemoryLedger) => ledger.records.map(({ inspection }) => inspection.id);

describe('a paused station', () => {
  it('lets the pictures of a live camera go by, counted and without a verdict for the PLC', async () => {
    const camera = new HandFedCamera('drop-oldest');
    const { station, ledger, output, end } = build(camera);
    await camera.feed();
    await vi.waitFor(() => expect(seen(ledger)).toHaveLength(1));
    station.gate.close(pause);
    for (let count = 0; count < 3; count += 1) await camera.feed();
    await vi.waitFor(() => expect(station.gate.turnedAway).toBe(3));
    station.gate.open();
    await camera.feed();
    await vi.waitFor(() => expect(seen(ledger)).toEqual(['part-1', 'part-2']));
    await end();
    expect(output.written.map(({ counter }) => counter)).toEqual([1, 2]);
    expect(station.gate.turnedAway).toBe(3);
  });

  it('leaves the photographs of a folder where they are until the pause ends', async () => {
    const camera = new HandFedCamera('wait');
    const { station, ledger, end } = build(camera);
    station.gate.close(pause);
    await camera.feed();
    await new Promise((resolve) => setImmediate(resolve));
    expect(camera.asked).toBe(false);
    station.gate.open();
    await vi.waitFor(() => expect(seen(ledger)).toEqual(['part-1']));
    await end();
    expect(station.gate.turnedAway).toBe(0);
  });

  it('lets the one photograph in that somebody wants now, with the id it is known by', async () => {
    const camera = new HandFedCamera('wait');
    const { station, ledger, end } = build(camera);
    station.gate.close(pause);
    await camera.feed();
    const opened: string[] = [];
    const wish = { externalId: 'plant-7', despitePause: true, opened: (id: string) => opened.push(id) };
    const inspected = await station.inspectNow(never, wish);
    expect(inspected?.inspection).toMatchObject({ id: 'part-1', partId: 'plant-7' });
    expect(opened).toEqual(['part-1']);
    await camera.feed();
    await new Promise((resolve) => setImmediate(resolve));
    expect(camera.asked).toBe(false);
    await end();
    expect(seen(ledger)).toEqual(['part-1']);
  });

  it('lets the next live picture in that somebody wants now, and no more', async () => {
    const camera = new HandFedCamera('drop-oldest');
    const { station, ledger, end } = build(camera);
    station.gate.close(pause);
    await camera.feed();
    await vi.waitFor(() => expect(station.gate.turnedAway).toBe(1));
    const inspected = station.inspectNow(never, { despitePause: true });
    await camera.feed();
    expect((await inspected)?.inspection.id).toBe('part-1');
    const givenUp = new AbortController();
    const lost = station.inspectNow(givenUp.signal, { despitePause: true });
    givenUp.abort();
    expect(await lost).toBeUndefined();
    await camera.feed();
    await vi.waitFor(() => expect(station.gate.turnedAway).toBe(2));
    await end();
    expect(seen(ledger)).toEqual(['part-1']);
  });

  it('opens a part that somebody wants now beside a trigger that is turned away', async () => {
    const camera = new HandFedCamera('drop-oldest');
    let fire: (atMs: number) => void = () => undefined;
    const trigger = (open: (atMs: number) => void) => {
      fire = open;
      return () => undefined;
    };
    const { station, ledger, end } = build(camera, { trigger });
    await camera.feed();
    station.gate.close(pause);
    fire(Date.now());
    const inspected = station.inspectNow(never, { despitePause: true, externalId: 'plant-7' });
    await camera.feed();
    expect((await inspected)?.inspection.partId).toBe('plant-7');
    expect(station.gate.turnedAway).toBe(1);
    await end();
    expect(seen(ledger)).toHaveLength(1);
  });

  it('inspects no photograph at a stop during the pause', async () => {
    const camera = new HandFedCamera('wait');
    const { station, ledger, end } = build(camera);
    station.gate.close(pause);
    await camera.feed();
    await end();
    expect(seen(ledger)).toEqual([]);
  });

  it('counts triggers, and a pause keeps who began it', async () => {
    const camera = new HandFedCamera('drop-oldest');
    let fire: (atMs: number) => void = () => undefined;
    const trigger: StationOptions['trigger'] = (open) => {
      fire = open;
      return () => undefined;
    };
    const { station, ledger, end } = build(camera, { trigger });
    station.gate.close(pause);
    station.gate.close({ sinceMs: 1, by: 'somebody else' });
    fire(0);
    fire(0);
    expect(station.gate.pause).toEqual(pause);
    expect(station.gate.turnedAway).toBe(2);
    expect(await station.inspectNow(never)).toBeUndefined();
    station.gate.open();
    const inspected = station.inspectNow(never);
    await camera.feed(Date.now() + 1000);
    expect(await inspected).toMatchObject({ inspection: { id: 'part-1' }, seq: 1 });
    await end();
    expect(seen(ledger)).toEqual(['part-1']);
  });
});

describe('a part that was asked for', () => {
  it('is the next one where every frame is a part, for all who ask', async () => {
    const camera = new HandFedCamera('drop-oldest');
    const { station, end } = build(camera);
    await vi.waitFor(() => expect(camera.asked).toBe(true));
    const asked = [station.inspectNow(never), station.inspectNow(never)];
    await camera.feed();
    const results = await Promise.all(asked);
    expect(results.map((result) => result?.inspection.id)).toEqual(['part-1', 'part-1']);
    await end();
  });

  it('is waited for no longer than the signal says, and its inspection goes on', async () => {
    const camera = new HandFedCamera('drop-oldest');
    const { station, ledger, end } = build(camera);
    const patience = new AbortController();
    const asked = station.inspectNow(patience.signal);
    patience.abort();
    expect(await asked).toBeUndefined();
    expect(await station.inspectNow(patience.signal)).toBeUndefined();
    await camera.feed();
    await vi.waitFor(() => expect(seen(ledger)).toEqual(['part-1']));
    await end();
  });
});

describe('the tap', () => {
  it('gives a copy of the next frame, and nothing after the signal', async () => {
    const camera = new HandFedCamera('drop-oldest');
    const { station, end } = build(camera);
    const gone = new AbortController();
    const late = station.tap.next(gone.signal);
    gone.abort();
    expect(await late).toBeUndefined();
    const asked = station.tap.next(never);
    const original = frame(7);
    station.tap.offer(original);
    original.image.data[0] = 99;
    expect((await asked)?.image.data[0]).toBe(7);
    await end();
  });
});

describe('withThresholds', () => {
  it('changes scores and nothing else', () => {
    const changed = withThresholds(policy, { good: 0.8, classes: { bad: 0.25 } });
    expect(thresholdsOf(changed)).toEqual({ good: 0.8, classes: { bad: 0.25 } });
    expect(changed.classes.get('bad')?.action).toBe('fail');
    expect(thresholdsOf(policy)).toEqual({ good: 0.5, classes: { bad: 0.5 } });
    expect(thresholdsOf(withThresholds(policy, { classes: { bad: 0.1 } })).good).toBe(0.5);
  });

  it.each(['good', 'dust', 'elephant', 'constructor'])('refuses the class %s, which has none', (label) => {
    expect(() => withThresholds(policy, { classes: { [label]: 0.5, bad: 0.1 } })).toThrow(/PIPELINE_NO_THRESHOLD.*bad/);
  });
});
