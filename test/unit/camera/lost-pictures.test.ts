import { describe, expect, it } from 'vitest';
import { LostPictures } from '#jidoka/camera/process/lost-pictures.js';

const byCount = (counts: readonly (number | undefined)[]): number[] => {
  const lost = new LostPictures(false);
  return counts.map((count) => lost.before({ count, sentAtMs: undefined }));
};
const byTime = (times: readonly number[], constantRate = true): number[] => {
  const lost = new LostPictures(constantRate);
  return times.map((sentAtMs) => lost.before({ count: undefined, sentAtMs }));
};

describe('lost pictures', () => {
  it('are seen in the count of a source that counts', () => {
    expect(byCount([7, 8, 9, 10, 13, 14, 15])).toEqual([0, 0, 0, 0, 2, 0, 0]);
  });

  it('are not seen in numbers that are no count', () => {
    expect(byCount([0, 4096, 8192, 12_288])).toEqual([0, 0, 0, 0]);
    expect(byCount([undefined, undefined, 5, undefined, 9])).toEqual([0, 0, 0, 0, 0]);
    expect(byCount([1, 2, 3, 4, 0, 1, 5])).toEqual([0, 0, 0, 0, 0, 0, 0]);
  });

  it('are no thousands: then the source has begun anew', () => {
    expect(byCount([1, 2, 3, 4, 5_000_000])).toEqual([0, 0, 0, 0, 0]);
  });

  it('are seen in the time between the pictures of a camera at a constant rate', () => {
    const steady = Array.from({ length: 12 }, (_, index) => index * 40);
    expect(byTime([...steady, 560, 600]).slice(-2)).toEqual([2, 0]);
    expect(byTime([...steady, 560, 600], false).slice(-2)).toEqual([0, 0]);
    expect(byTime(steady.map((time) => time + (time % 80) / 8)).every((lost) => lost === 0)).toBe(true);
  });
});
