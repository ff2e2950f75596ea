import { describe, expect, it } from 'vitest';
import { simulatedPart } from '#jidoka/camera/simulated/parts.js';
import { RenderedCamera } from '#jidoka/camera/simulated/rendered-camera.js';
import { renderTile } from '#jidoka/camera/simulated/tile.js';
import { cameraContract, takeFrames } from '../../contract/camera.js';
import { cameraDeps, eventually } from './helpers.js';

function makeCamera(framesPerSecond: number): RenderedCamera {
  return new RenderedCamera({ framesPerSecond, defectRate: 0.5, seed: 3 }, cameraDeps());
}

cameraContract('rendered', async () => ({
  camera: makeCamera(20),
  offer: async () => undefined,
  dispose: async () => undefined,
}));

describe('rendered camera', () => {
  it('draws frame n of its seed, whatever was dropped before', async () => {
    const frames = await takeFrames(makeCamera(20), 4);
    for (const { sequence, image } of frames) {
      const { tileClass, tileSeed } = simulatedPart(3, sequence, 0.5);
      expect(image).toEqual(renderTile({ tileClass, seed: tileSeed }));
    }
  });

  it('is live: what is not taken in time is dropped and counted, and leaves a gap in the sequence', async () => {
    const camera = makeCamera(1000);
    const ending = new AbortController();
    const iterator = camera.frames(ending.signal)[Symbol.asyncIterator]();
    const first = await iterator.next();
    await eventually(() => expect(camera.status().framesDropped).toBeGreaterThan(20));
    let last = first;
    for (let count = 0; count < 5; count += 1) last = await iterator.next();
    expect((last.value?.sequence ?? 0) - (first.value?.sequence ?? 0)).toBeGreaterThan(20);
    ending.abort();
    expect((await iterator.next()).done).toBe(true);
  });
});
