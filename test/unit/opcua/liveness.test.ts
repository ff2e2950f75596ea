import { describe, expect, it } from 'vitest';
import { Liveness } from '#jidoka/opcua/liveness.js';

function heardAt(life: number, ...times: number[]): Liveness {
  const liveness = new Liveness();
  for (const time of times) liveness.heard(life, time, 500);
  return liveness;
}

describe('liveness', () => {
  it('is stale before anything was heard', () => {
    expect(new Liveness().staleAt(1000, 60_000, 1)).toBe(true);
    expect(heardAt(1, 2000).staleAt(1999, 60_000, 1)).toBe(true);
  });

  it('is fresh between two signs of life, and for as long after the last as is allowed', () => {
    const liveness = heardAt(1, 1000, 1400, 1800);
    expect(liveness.staleAt(1600, 100, 1)).toBe(false);
    expect(liveness.staleAt(2800, 1000, 1)).toBe(false);
    expect(liveness.staleAt(2801, 1000, 1)).toBe(true);
  });

  it('remembers a silence after the server is heard again', () => {
    const liveness = heardAt(1, 1000, 5000, 5400);
    expect(liveness.staleAt(1400, 500, 1)).toBe(false);
    expect(liveness.staleAt(3000, 500, 1)).toBe(true);
    expect(liveness.staleAt(5200, 500, 1)).toBe(false);
  });

  it('is stale at once when the connection is lost, but not for a capture before that', () => {
    const liveness = heardAt(1, 1000, 1400);
    liveness.lost();
    expect(liveness.staleAt(1401, 10_000, 1)).toBe(true);
    expect(liveness.staleAt(1300, 10_000, 1)).toBe(false);
  });

  it('does not vouch for a value of an earlier life', () => {
    const liveness = heardAt(1, 1000, 1400);
    liveness.lost();
    liveness.heard(2, 1600, 500);
    expect(liveness.staleAt(1500, 10_000, 1)).toBe(true);
    expect(liveness.staleAt(1700, 10_000, 1)).toBe(true);
    expect(liveness.staleAt(1700, 10_000, 2)).toBe(false);
  });

  it("forgets the future when the gateway's clock is set back", () => {
    const liveness = heardAt(1, 100_000, 100_400, 50_000, 50_400);
    expect(liveness.staleAt(50_200, 500, 1)).toBe(false);
    expect(liveness.staleAt(100_200, 500, 1)).toBe(true);
  });

  it('is bounded: the oldest spans are forgotten', () => {
    const liveness = heardAt(1, ...Array.from({ length: 1000 }, (_, index) => index * 1000));
    expect(liveness.staleAt(0, 500, 1)).toBe(true);
    expect(liveness.staleAt(999_000, 500, 1)).toBe(false);
  });
});
