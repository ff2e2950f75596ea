import { describe, expect, it } from 'vitest';
import { LossCount } from '#jidoka/opcua/loss-count.js';

describe('the count of losses', () => {
  it('lets a subscription begin anew three times in ten minutes, and counts on', () => {
    let nowMs = 0;
    const count = new LossCount({ nowMs: () => nowMs, monotonicMs: () => nowMs });
    expect([count.missed(2), count.missed(1), count.missed(1), count.missed(1)]).toEqual([true, true, true, false]);
    nowMs = 600_000;
    expect(count.missed(1)).toBe(true);
    count.overflowed();
    expect(count.total).toEqual({ notifications: 6, overflows: 1 });
  });
});
