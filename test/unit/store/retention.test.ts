import { describe, expect, it } from 'vitest';
import { ageLimitMs, fateOf, retentionGoal } from '#jidoka/store/retention.js';
import { VacuumPace } from '#jidoka/store/vacuum.js';

const DAY_MS = 86_400_000;

describe('retention', () => {
  const look = { nowMs: 1000 * DAY_MS, usedBytes: 500, pruning: false };

  it('deletes nothing without limits', () => {
    const goal = retentionGoal({}, look);
    expect(fateOf({ decidedAtMs: 0, waits: false }, goal)).toBe('end');
    expect(ageLimitMs(undefined, look.nowMs)).toBe(Number.NEGATIVE_INFINITY);
  });

  it('deletes by age, up to the first that is young enough', () => {
    const goal = retentionGoal({ inspectionDays: 10 }, look);
    expect(fateOf({ decidedAtMs: 989 * DAY_MS, waits: false }, goal)).toBe('delete');
    expect(fateOf({ decidedAtMs: 990 * DAY_MS, waits: false }, goal)).toBe('end');
  });

  it('never deletes what a destination still waits for', () => {
    const old = retentionGoal({ inspectionDays: 10 }, look);
    expect(fateOf({ decidedAtMs: 0, waits: true }, old)).toBe('keep');
    const big = retentionGoal({ inspectionQuotaBytes: 400 }, look);
    expect(fateOf({ decidedAtMs: 999 * DAY_MS, waits: true }, big)).toBe('keep');
  });

  it('deletes by size whatever the age, on down to a margin', () => {
    const quota = { inspectionDays: 10, inspectionQuotaBytes: 1000 };
    const at = (usedBytes: number, pruning: boolean) => retentionGoal(quota, { ...look, usedBytes, pruning }).overQuota;
    expect([at(1000, false), at(1001, false), at(1000, true), at(991, true), at(990, true)]).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
    const goal = retentionGoal(quota, { ...look, usedBytes: 1001 });
    expect(fateOf({ decidedAtMs: 999 * DAY_MS, waits: false }, goal)).toBe('delete');
  });
});

describe('VacuumPace', () => {
  it('leaves a reserve, and begins only where twice of it is free', () => {
    const pace = new VacuumPace();
    expect(pace.next({ pages: 10_000, freePages: 4096 })).toBe(0);
    expect(pace.next({ pages: 10_000, freePages: 4097 })).toBe(64);
    expect(pace.next({ pages: 8000, freePages: 2058 })).toBe(10);
    expect(pace.next({ pages: 8000, freePages: 2048 })).toBe(0);
    expect(pace.next({ pages: 10_000, freePages: 4096 })).toBe(0);
  });

  it('keeps a share of a large database', () => {
    const pace = new VacuumPace();
    expect(pace.next({ pages: 1_100_000, freePages: 100_000 })).toBe(0);
    expect(pace.next({ pages: 1_100_000, freePages: 110_000 })).toBe(64);
  });

  it('takes smaller steps where they are slow and larger ones where they are fast, within bounds', () => {
    const pace = new VacuumPace();
    const step = () => pace.next({ pages: 1_000_000, freePages: 900_000 });
    const afterSteps = (ms: number, times: number): number => {
      for (let index = 0; index < times; index += 1) pace.took(ms);
      return step();
    };
    expect([
      step(),
      afterSteps(20, 1),
      afterSteps(20, 9),
      afterSteps(4, 3),
      afterSteps(1, 1),
      afterSteps(1, 20),
    ]).toEqual([64, 32, 16, 16, 32, 1024]);
  });
});
