import { describe, expect, it } from 'vitest';
import { systemClock } from '#jidoka/base/clock.js';
import { silentLogger } from '#jidoka/base/logger.js';
import type { Frame } from '#jidoka/domain/frame.js';
import { FrameAge } from '#jidoka/pipeline/frame-age.js';
import { FrameGate } from '#jidoka/pipeline/frame-gate.js';
import type { Inspector } from '#jidoka/pipeline/inspect.js';
import type { PairedPart } from '#jidoka/pipeline/paired-part.js';
import { Station, type StationOptions } from '#jidoka/pipeline/station.js';
import type { Camera } from '#jidoka/ports/camera.js';
import { frame, ScriptedCamera } from '../../simulators/ports.js';

const never = new AbortController().signal;

describe('the age of frames', () => {
  const at = (nowMs: number) => ({ nowMs: () => nowMs });

  it('has a bound, up to which a frame is taken; what is older is counted', () => {
    const age = new FrameAge(500, at(10_000));
    expect([10_000, 9500, 9499, 0].map((capturedAtMs) => age.admits({ capturedAtMs }))).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(age.refused).toBe(2);
  });

  it('has none unless one is configured', () => {
    expect(new FrameAge(undefined, at(10_000)).admits({ capturedAtMs: 0 })).toBe(true);
  });

  it('is looked at when a frame comes for a part that waits, which goes on waiting', async () => {
    const gate = new FrameGate(({ sequence }) => sequence !== 1);
    const taken = gate.take(1000, 60_000, never);
    gate.offer(frame(1, 1001));
    gate.offer(frame(2, 1002));
    expect((await taken)?.sequence).toBe(2);
  });

  it('is looked at when a part comes for a frame that waits', async () => {
    const asked: number[] = [];
    const gate = new FrameGate(({ sequence }) => {
      asked.push(sequence);
      return false;
    });
    gate.offer(frame(1, 1001));
    expect(asked).toEqual([]);
    expect(await gate.take(1000, 1, never)).toBeUndefined();
    expect(asked).toEqual([1]);
  });
});

describe('a station', () => {
  /** A station whose parts are kept instead of inspected. */
  function build(camera: Camera, options: Partial<StationOptions> = {}): { station: Station; parts: PairedPart[] } {
    const parts: PairedPart[] = [];
    const inspector = {
      run: async (queue: { shift(): Promise<PairedPart | undefined> }) => {
        for (let part = await queue.shift(); part !== undefined; part = await queue.shift()) parts.push(part);
      },
    } as unknown as Inspector;
    let id = 0;
    const station = new Station({
      config: { name: 'surface', queue: { length: 8 }, frameTimeoutMs: 50, maxFrameAgeMs: 60_000 },
      camera,
      inspector,
      newPartId: () => `part-${++id}`,
      clock: systemClock,
      logger: silentLogger,
      ...options,
    });
    return { station, parts };
  }

  it('where every frame is a part, takes none that is too old and counts it', async () => {
    const nowMs = Date.now();
    const { station, parts } = build(
      new ScriptedCamera(async function* () {
        yield frame(0, nowMs);
        yield frame(1, nowMs - 120_000);
        yield frame(2, nowMs);
      }),
    );
    await station.run(never);
    expect(parts.map(({ frame: taken }) => taken?.sequence)).toEqual([0, 2]);
    expect(station.stale).toBe(1);
  });

  /** A camera that takes pictures when asked; its own frames never end on their own. */
  class AskedCamera extends ScriptedCamera {
    constructor(readonly capture: NonNullable<Camera['capture']>) {
      super(async function* (signal): AsyncGenerator<Frame> {
        yield frame(100);
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      });
    }
  }

  it('asks a camera that can for the picture of each part, and keeps the parts in the order of their triggers', async () => {
    const answers: ((taken: Frame | undefined) => void)[] = [];
    const camera = new AskedCamera((timeoutMs) => {
      expect(timeoutMs).toBe(50);
      return new Promise((resolve) => answers.push(resolve));
    });
    let open: (atMs: number) => void = () => undefined;
    const ending = new AbortController();
    const { station, parts } = build(camera, {
      trigger: (opener) => {
        open = opener;
        return () => undefined;
      },
    });
    const running = station.run(ending.signal);
    for (const atMs of [1, 2, 3, 4]) open(atMs);
    const tapped = station.tap.next(never);
    // The second answers first, the third has none, and the fourth is too old.
    answers[1]?.(frame(2, Date.now()));
    answers[3]?.(frame(4, Date.now() - 120_000));
    answers[2]?.(undefined);
    await Promise.resolve();
    expect(parts).toEqual([]);
    answers[0]?.(frame(1, Date.now()));
    await expect.poll(() => parts.length).toBe(4);
    ending.abort();
    await running;
    expect(parts.map(({ part, frame: taken }) => [part.openedAtMs, taken?.sequence])).toEqual([
      [1, 1],
      [2, 2],
      [3, undefined],
      [4, undefined],
    ]);
    expect(station.stale).toBe(1);
    expect((await tapped)?.sequence).toBe(100);
  });
});
