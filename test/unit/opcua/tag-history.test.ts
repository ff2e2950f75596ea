import { describe, expect, it } from 'vitest';
import { TagHistory, type TagSample } from '#jidoka/opcua/tag-history.js';

function sample(value: number, sourceTimeMs: number | null, more: Partial<TagSample> = {}): TagSample {
  return {
    value,
    sourceTimeMs,
    receivedAtMs: (sourceTimeMs ?? 0) + 10,
    quality: 'good',
    status: 'Good',
    overflow: false,
    fault: null,
    life: 1,
    first: false,
    ...more,
  };
}

function history(...samples: TagSample[]): TagHistory {
  const made = new TagHistory({ keepMs: 60_000, mostSamples: 5 });
  for (const entry of samples) made.add(entry);
  return made;
}

describe('tag history', () => {
  it('gives the last value measured at or before the time', () => {
    const held = history(sample(1, 1000), sample(2, 2000), sample(3, 3000));
    expect(held.at(1999)?.value).toBe(1);
    expect(held.at(2000)?.value).toBe(2);
    expect(held.at(9999)?.value).toBe(3);
  });

  it('gives the earliest where all are later, and nothing where there is nothing', () => {
    expect(history(sample(1, 1000), sample(2, 2000)).at(500)?.value).toBe(1);
    expect(history().at(500)).toBeUndefined();
  });

  it('sorts in what arrives a little late', () => {
    const held = history(sample(1, 1000), sample(3, 3000), sample(2, 2000, { receivedAtMs: 3020 }));
    expect(held.at(2500)?.value).toBe(2);
    expect(held.newest?.value).toBe(3);
  });

  it('takes the later arrival of two with the same time', () => {
    expect(history(sample(1, 1000), sample(2, 1000)).at(1000)?.value).toBe(2);
  });

  it('holds once what comes twice', () => {
    const held = history(sample(1, 1000), sample(2, 2000), sample(2, 2000, { receivedAtMs: 2100 }));
    expect(held.length).toBe(2);
    expect(held.nextAfter(1500)?.value).toBe(2);
  });

  it('knows where values may be missing, also where a sample took the place of another', () => {
    const held = history(
      sample(1, 1000, { first: true }),
      sample(2, 2000),
      sample(3, 3000, { overflow: true }),
      sample(4, 3000),
    );
    expect([0, 1500, 2500].map((atMs) => held.nextAfter(atMs)?.gapBefore)).toEqual([true, false, true]);
    expect(held.nextAfter(3000)).toBeUndefined();
  });

  it('cuts the time of a source whose clock is ahead to the arrival', () => {
    const held = history(sample(1, 9000, { receivedAtMs: 1000 }), sample(2, 10_000, { receivedAtMs: 2000 }));
    expect(held.at(1500)?.value).toBe(1);
    expect(held.at(2000)?.value).toBe(2);
    expect(held.newest?.sourceTimeMs).toBe(10_000);
  });

  it('goes by the arrival where no time was sent', () => {
    expect(history(sample(1, null, { receivedAtMs: 1000 })).at(1000)?.timeMs).toBe(1000);
  });

  it('does not let an old value hide the new ones when the source clock is set back', () => {
    const held = history(
      sample(1, 7_200_000),
      sample(2, 3_600_000, { receivedAtMs: 7_200_500 }),
      sample(3, 3_600_100, { receivedAtMs: 7_200_600 }),
    );
    expect(held.newest?.value).toBe(3);
    expect(held.at(7_200_700)?.value).toBe(3);
  });

  it('does not let a value from before a reconnection hide what the server says now', () => {
    const held = history(
      sample(1, 5000),
      sample(2, 0, { first: true, life: 2, receivedAtMs: 9000 }),
      sample(3, 4900, { life: 2, receivedAtMs: 9900 }),
    );
    expect(held.at(9950)?.value).toBe(3);
  });

  it("begins anew when the gateway's own clock is set back", () => {
    const held = history(sample(1, 7_200_000), sample(2, 3_600_000));
    expect(held.length).toBe(1);
    expect(held.at(3_600_000)?.value).toBe(2);
  });

  it('is bounded in number', () => {
    const held = history(...Array.from({ length: 20 }, (_, index) => sample(index, 1000 + index)));
    expect(held.length).toBe(5);
    expect(held.newest?.value).toBe(19);
  });

  it('is bounded in time, but keeps the value the window begins with', () => {
    const held = history(sample(1, 1000), sample(2, 2000), sample(3, 100_000));
    expect(held.length).toBe(2);
    expect(held.at(50_000)?.value).toBe(2);
  });
});
