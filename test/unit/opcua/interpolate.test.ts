import { describe, expect, it } from 'vitest';
import { between } from '#jidoka/opcua/interpolate.js';
import type { HeldSample } from '#jidoka/opcua/tag-history.js';

const held = (value: HeldSample['value'], timeMs: number, more: Partial<HeldSample> = {}): HeldSample => ({
  value,
  timeMs,
  sourceTimeMs: timeMs,
  receivedAtMs: timeMs + 10,
  quality: 'good',
  status: 'Good',
  overflow: false,
  fault: null,
  life: 1,
  first: false,
  gapBefore: false,
  ...more,
});

describe('a value between two samples', () => {
  it('lies on the straight line between them', () => {
    const [before, after] = [held(10, 1000), held(20, 1400)];
    expect(between(before, after, 1100, 400)).toEqual({ value: 12.5, quality: 'good', status: 'GoodInterpolated' });
    expect(between(before, after, 1399, 400)?.value).toBeCloseTo(19.975);
  });

  it('rests until the server would have seen a change, where they lie far apart', () => {
    const [before, after] = [held(10, 1000), held(20, 61_000)];
    expect(between(before, after, 40_000, 500)?.value).toBe(10);
    expect(between(before, after, 60_000, 500)?.value).toBe(10);
    expect(between(before, after, 60_500, 500)?.value).toBe(15);
  });

  it.each<[string, HeldSample, HeldSample | undefined]>([
    ['the later one has not come', held(1, 1000), undefined],
    [
      'the later one is the first of a subscription or values before it were lost',
      held(1, 1000),
      held(2, 1400, { gapBefore: true }),
    ],
    ['the connection was made anew between them', held(1, 1000), held(2, 1400, { life: 2 })],
    ['the earlier one is bad', held(1, 1000, { quality: 'bad' }), held(2, 1400)],
    ['the later one is bad', held(1, 1000), held(2, 1400, { quality: 'bad' })],
    ['one is no number', held(true, 1000), held(2, 1400)],
    ['neither is one', held('a', 1000), held('b', 1400)],
    ['it is measured exactly then', held(1, 1200), held(2, 1400)],
    ['all are later', held(1, 1300), held(2, 1400)],
  ])('is not made up where %s', (_why, before, after) => {
    expect(between(before, after, 1200, 400)).toBeNull();
  });

  it('is as uncertain as the more uncertain of the two, with its status', () => {
    const doubtful = held(2, 1400, { quality: 'uncertain', status: 'UncertainSubNormal' });
    expect(between(held(1, 1000), doubtful, 1200, 400)).toEqual({
      value: 1.5,
      quality: 'uncertain',
      status: 'UncertainSubNormal',
    });
  });
});
