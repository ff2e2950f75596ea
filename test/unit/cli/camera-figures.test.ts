import { describe, expect, it } from 'vitest';
import { cameraFigures, type Sighting } from '#jidoka/cli/camera-figures.js';

const sighting = (atMs: number, sequence: number, bytes = 1000, ageMs = 5): Sighting => ({
  atMs,
  ageMs,
  bytes,
  sequence,
});

describe('the figures of a camera', () => {
  it('are those of the pictures, the first of which begins the time', () => {
    const times = [1000, 1100, 1200, 1310, 1500];
    const figures = cameraFigures(times.map((atMs, index) => sighting(atMs, 7 + index, 1000 + 100 * index, index)));
    expect(figures).toEqual({
      frames: 5,
      seconds: 0.5,
      framesPerSecond: 8,
      intervalMs: { p50: 100, p95: 190, max: 190 },
      lost: 0,
      bytes: { min: 1000, mean: 1200, max: 1400 },
      bytesPerSecond: 10_000,
      ageMs: { p50: 2, p95: 4, max: 4 },
    });
  });

  it('take the nearest rank for a percentile', () => {
    const hundred = Array.from({ length: 101 }, (_, index) => sighting((index * (index + 1)) / 2, index));
    expect(cameraFigures(hundred).intervalMs).toEqual({ p50: 50, p95: 95, max: 100 });
  });

  it('count the gaps in the numbers', () => {
    expect(cameraFigures([sighting(0, 3), sighting(1, 5), sighting(2, 9)]).lost).toBe(4);
  });

  it.each([
    [[], { frames: 0, lost: 0, bytes: null, intervalMs: null, framesPerSecond: null }],
    [[sighting(5, 0)], { frames: 1, lost: 0, intervalMs: null, framesPerSecond: null, bytesPerSecond: null }],
    [[sighting(5, 0), sighting(5, 1)], { frames: 2, framesPerSecond: null, intervalMs: { max: 0 } }],
  ])('leave open what %j cannot tell', (sightings, figures) => {
    expect(cameraFigures(sightings)).toMatchObject(figures);
  });
});
