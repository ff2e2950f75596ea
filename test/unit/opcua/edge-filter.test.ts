import { describe, expect, it } from 'vitest';
import type { TagSample } from '#jidoka/opcua/tag-history.js';
import { EdgeFilter } from '#jidoka/opcua/tag-watcher.js';

function sample(value: TagSample['value'], more: Partial<TagSample> = {}): TagSample {
  return {
    value,
    sourceTimeMs: 1000,
    receivedAtMs: 1010,
    quality: 'good',
    status: 'Good',
    overflow: false,
    fault: null,
    life: 1,
    first: false,
    ...more,
  };
}

/** Feeds samples in turn; gives what each was taken for. */
function taken(...samples: TagSample[]): (number | string | boolean | null)[][] {
  const filter = new EdgeFilter();
  return samples.map((entry) => {
    const { change, missed } = filter.take(entry);
    return [change?.value ?? null, missed];
  });
}

const first = { first: true };
const bad = { quality: 'bad' as const };

describe('edge filter', () => {
  it('takes the first value for the starting point and each other for a change', () => {
    expect(taken(sample(5, first), sample(6), sample(7))).toEqual([
      [null, 0],
      [6, 0],
      [7, 0],
    ]);
  });

  it('does not take the same value with another status or time for a change', () => {
    expect(taken(sample(5, first), sample(5, { quality: 'uncertain', sourceTimeMs: 2000 }))).toEqual([
      [null, 0],
      [null, 0],
    ]);
  });

  it('opens no part for what changed during an outage, but counts it', () => {
    expect(taken(sample(5, first), sample(9, first), sample(10))).toEqual([
      [null, 0],
      [null, 4],
      [10, 0],
    ]);
    expect(taken(sample(false, first), sample(true, first))).toEqual([
      [null, 0],
      [null, 1],
    ]);
  });

  it('goes on where nothing changed during an outage', () => {
    expect(taken(sample(5, first), sample(5, first), sample(6))).toEqual([
      [null, 0],
      [null, 0],
      [6, 0],
    ]);
  });

  it('starts anew after a bad value', () => {
    expect(taken(sample(5, first), sample(null, bad), sample(6), sample(7))).toEqual([
      [null, 0],
      [null, 0],
      [null, 1],
      [7, 0],
    ]);
  });

  it('counts one where a counter was reset meanwhile', () => {
    expect(taken(sample(500, first), sample(3, first))).toEqual([
      [null, 0],
      [null, 1],
    ]);
  });

  it("counts what the server's full queue lost", () => {
    expect(taken(sample(5, first), sample(9, { overflow: true }))).toEqual([
      [null, 0],
      [9, 3],
    ]);
  });

  it('never gives a source time after the arrival', () => {
    const filter = new EdgeFilter();
    filter.take(sample(1, first));
    const { change } = filter.take(sample(2, { sourceTimeMs: 9999, receivedAtMs: 2000 }));
    expect(change?.sourceTimeMs).toBe(2000);
  });
});
