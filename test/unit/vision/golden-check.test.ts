import { describe, expect, it } from 'vitest';
import { type GoldenSet, worstDeviation } from '#jidoka/vision/golden-check.js';

const labels = ['good', 'crack'];
const golden: GoldenSet = {
  tolerance: 0.125,
  samples: [
    { file: 'a.png', pixels: Uint8Array.of(0), scores: [0.5, 0.5] },
    { file: 'b.png', pixels: Uint8Array.of(1), scores: [1, 0] },
  ],
};
/** Gives the scores at the place that the first pixel names. */
const giving =
  (...scores: number[][]) =>
  async ([first = 0]: Uint8Array): Promise<Float32Array> =>
    Float32Array.from(scores[first] ?? []);

describe('worstDeviation', () => {
  it('finds none where every score is within the tolerance, its bound included', async () => {
    expect(await worstDeviation(golden, labels, giving([0.5, 0.5], [1, 0]))).toBeUndefined();
    expect(await worstDeviation(golden, labels, giving([0.375, 0.625], [0.875, 0.125]))).toBeUndefined();
  });

  it('names sample, label, what was got, what was expected and the tolerance', async () => {
    expect(await worstDeviation(golden, labels, giving([0.5, 0.5], [0.5, 0.5]))).toEqual({
      file: 'b.png',
      got: '0.50000 for "good"',
      expected: '1.00000 within 0.125',
    });
  });

  it('takes the largest of several', async () => {
    const worst = await worstDeviation(golden, labels, giving([0.25, 0.9], [0.8, 0.2]));
    expect(worst).toMatchObject({ file: 'a.png', got: '0.90000 for "crack"' });
  });

  it('counts a run that fails, whichever it is', async () => {
    const failing = async ([first = 0]: Uint8Array): Promise<Float32Array> => {
      if (first === 1) throw new Error('out of memory');
      return Float32Array.of(0, 1);
    };
    expect(await worstDeviation(golden, labels, failing)).toMatchObject({ file: 'b.png', got: 'out of memory' });
  });
});
