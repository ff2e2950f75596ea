import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Frame } from '#jidoka/domain/frame.js';
import type { Camera } from '#jidoka/ports/camera.js';

/** A camera under test and the world it looks at. */
export interface CameraHarness {
  readonly camera: Camera;
  /** Makes sure that frames keep coming (a live camera) or that `count` more can be taken (a folder). */
  offer(count: number): Promise<void>;
  dispose(): Promise<void>;
}

/** Takes `count` frames and ends the iteration the way the station does. */
export async function takeFrames(camera: Camera, count: number): Promise<Frame[]> {
  const ending = new AbortController();
  const frames: Frame[] = [];
  for await (const frame of camera.frames(ending.signal)) {
    frames.push(frame);
    if (frames.length >= count) ending.abort();
  }
  return frames;
}

/** What every camera keeps, whatever its kind. */
export function cameraContract(kind: string, makeHarness: () => Promise<CameraHarness>): void {
  describe(`${kind} camera: the contract`, () => {
    let harness: CameraHarness;
    beforeEach(async () => {
      harness = await makeHarness();
    });
    afterEach(() => harness.dispose());

    it('does nothing before frames are asked for', () => {
      expect(harness.camera.status()).toMatchObject({
        state: 'starting',
        framesTaken: 0,
        framesDropped: 0,
        quarantined: 0,
      });
      expect(harness.camera.status().text).toMatch(/^[A-Z].*\.$/);
    });

    it('yields pictures with rising sequence numbers and a capture time', async () => {
      await harness.offer(3);
      const frames = await takeFrames(harness.camera, 3);
      expect(frames).toHaveLength(3);
      for (const [index, frame] of frames.entries()) {
        expect(frame.sequence).toBeGreaterThan(frames[index - 1]?.sequence ?? -1);
        expect(frame.capturedAtMs).toBeLessThanOrEqual(Date.now());
        expect(frame.capturedAtMs).toBeGreaterThan(Date.now() - 60_000);
        const { image } = frame;
        expect(image.data.length).toBeGreaterThan(0);
        if (image.kind === 'raw') {
          expect(image.data.length).toBe(image.width * image.height * (image.format === 'grey8' ? 1 : 3));
        }
      }
      expect(harness.camera.status().framesTaken).toBe(3);
    });

    it('hands over buffers of their own that can be transferred to a thread', async () => {
      await harness.offer(2);
      const frames = await takeFrames(harness.camera, 2);
      for (const { image } of frames) {
        expect(image.data.byteOffset).toBe(0);
        expect(image.data.buffer.byteLength).toBe(image.data.length);
        const size = image.data.length;
        const moved = structuredClone(image.data, { transfer: [image.data.buffer as ArrayBuffer] });
        expect(moved.length).toBe(size);
        expect(image.data.length).toBe(0);
      }
    });

    it('ends when the signal aborts while it waits, and says so', async () => {
      const ending = new AbortController();
      const iterator = harness.camera.frames(ending.signal)[Symbol.asyncIterator]();
      const next = iterator.next();
      ending.abort();
      const { done } = await next;
      if (done !== true) expect((await iterator.next()).done).toBe(true);
      expect(harness.camera.status().state).toBe('stopped');
    });

    it('ends at once for a signal that has aborted already', async () => {
      await harness.offer(1);
      const frames: Frame[] = [];
      for await (const frame of harness.camera.frames(AbortSignal.abort())) frames.push(frame);
      expect(frames).toEqual([]);
    });

    it('closes everything when the reader breaks off, and can be opened again', async () => {
      await harness.offer(2);
      for await (const _frame of harness.camera.frames(new AbortController().signal)) break;
      expect(harness.camera.status().state).toBe('stopped');
      expect(await takeFrames(harness.camera, 1)).toHaveLength(1);
      expect(harness.camera.status().framesTaken).toBe(2);
    });

    it('takes word of a frame without rejecting', async () => {
      await harness.offer(2);
      const [first, second] = await takeFrames(harness.camera, 2);
      if (first === undefined || second === undefined) throw new Error('two frames were expected');
      await harness.camera.unreadable(first, 'the picture cannot be decoded');
      await harness.camera.unreadable({ ...first, sequence: 99 }, 'a frame it has never yielded');
      await harness.camera.inspected(second);
    });
  });
}
