import { describe, expect, it } from 'vitest';
import { TokenBucket } from '#jidoka/base/token-bucket.js';

function bucketOf(perSecond: number) {
  let nowMs = 5000;
  const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs };
  const bucket = new TokenBucket({ perSecond }, clock);
  /** Takes what it can get during `ms`, waiting as told; gives the number. */
  const takeFor = (ms: number): number => {
    const untilMs = nowMs + ms;
    let taken = 0;
    while (nowMs < untilMs) {
      if (bucket.take()) taken += 1;
      else nowMs += bucket.waitMs();
    }
    return taken;
  };
  const pass = (ms: number): void => {
    nowMs += ms;
  };
  return { bucket, takeFor, pass };
}

describe('TokenBucket', () => {
  it('begins empty and gives no more than its rate in any second', () => {
    for (const perSecond of [1, 7, 500, 100_000]) {
      const { takeFor } = bucketOf(perSecond);
      for (let second = 0; second < 3; second += 1) {
        const taken = takeFor(1000);
        expect(taken).toBeLessThanOrEqual(perSecond + 1);
        expect(taken).toBeGreaterThanOrEqual(perSecond * 0.95 - 1);
      }
    }
  });

  it('saves up little while nobody asks', () => {
    const { bucket, pass } = bucketOf(100);
    pass(3_600_000);
    const taken = Array.from({ length: 100 }, () => bucket.take()).filter(Boolean).length;
    expect(taken).toBe(5);
  });

  it('says how long to wait', () => {
    const { bucket, pass } = bucketOf(10);
    expect(bucket.take()).toBe(false);
    expect(bucket.waitMs()).toBe(100);
    pass(bucket.waitMs());
    expect(bucket.take()).toBe(true);
  });
});
