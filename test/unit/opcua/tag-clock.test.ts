import { describe, expect, it } from 'vitest';
import { TagClock } from '#jidoka/opcua/tag-clock.js';

const SERVER_AHEAD_MS = -60_000;

/** Changes every 10 s that come 100 ms late, stamped by a clock that is so far ahead of the gateway's. */
function changes(clock: TagClock, stampAheadMs: number, count: number, fromMs = 0): number {
  let arrivedMs = fromMs;
  for (let index = 0; index < count; index += 1) {
    arrivedMs += 10_000;
    clock.take({
      statedMs: arrivedMs - 100 + stampAheadMs,
      arrivedMs,
      aheadMs: SERVER_AHEAD_MS,
      latestMs: 1500,
    });
  }
  return arrivedMs;
}

describe('the clock of a tag', () => {
  it("is the server's as long as its changes come in time by it", () => {
    const clock = new TagClock();
    expect(clock.basis).toBe('server');
    changes(clock, SERVER_AHEAD_MS, 50);
    expect(clock.basis).toBe('server');
  });

  it("is the gateway's where they come in time by that", () => {
    const clock = new TagClock();
    changes(clock, 0, 4);
    expect(clock.basis).toBe('server');
    changes(clock, 0, 2, 40_000);
    expect(clock.basis).toBe('gateway');
    expect(clock.isWrong('server')).toBe(true);
  });

  it('is neither where a PLC behind the server has a third; the server is believed again once it fits', () => {
    const clock = new TagClock();
    const untilMs = changes(clock, -3_600_000, 6);
    expect(clock.basis).toBe('arrival');
    expect(clock.lagMs).toBe(3_600_100);
    changes(clock, SERVER_AHEAD_MS, 1, untilMs);
    expect(clock.basis).toBe('server');
  });

  it('is not doubted for a few late ones after a long rest', () => {
    const clock = new TagClock();
    changes(clock, SERVER_AHEAD_MS, 3);
    for (let index = 0; index < 20; index += 1) {
      const arrivedMs = 3_600_000 + index * 100;
      clock.take({ statedMs: SERVER_AHEAD_MS + arrivedMs - 9000, arrivedMs, aheadMs: SERVER_AHEAD_MS, latestMs: 1500 });
    }
    expect(clock.basis).toBe('server');
  });

  it('is not doubted for values that the network held up, however many', () => {
    const clock = new TagClock();
    changes(clock, SERVER_AHEAD_MS, 3);
    for (let index = 0; index < 500; index += 1) {
      const arrivedMs = 40_000 + index / 100;
      clock.take({ statedMs: SERVER_AHEAD_MS + 31_000 + index, arrivedMs, aheadMs: SERVER_AHEAD_MS, latestMs: 1500 });
    }
    expect(clock.basis).toBe('server');
  });
});
