import { describe, expect, it } from 'vitest';
import { LatencyWindow, WriteBack } from '#jidoka/pipeline/write-back.js';

describe('latency window', () => {
  it('has nothing to say before the first', () => {
    expect(new LatencyWindow().summary()).toBeNull();
  });

  it('gives percentiles by the nearest rank', () => {
    const window = new LatencyWindow();
    for (const ms of [30, 10, 20, 40, 12.34]) window.add(ms);
    expect(window.summary()).toEqual({ last: 12.3, p50: 20, p95: 40, max: 40 });
  });

  it('forgets all but the newest 256, save the longest', () => {
    const window = new LatencyWindow();
    window.add(9999);
    for (let index = 0; index < 256; index += 1) window.add(5);
    expect(window.summary()).toEqual({ last: 5, p50: 5, p95: 5, max: 9999 });
  });
});

describe('write-back', () => {
  it('measures from the verdict and from the trigger, and counts', () => {
    const writeBack = new WriteBack();
    writeBack.written({ openedMs: 100, decidedMs: 150, nowMs: 162 });
    writeBack.withhold();
    writeBack.fail();
    expect(writeBack.figures()).toEqual({
      late: 1,
      fromDecisionMs: { last: 12, p50: 12, p95: 12, max: 12 },
      fromTriggerMs: { last: 62, p50: 62, p95: 62, max: 62 },
    });
    expect(writeBack.failed).toBe(1);
  });
});
