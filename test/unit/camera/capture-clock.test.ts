import { describe, expect, it } from 'vitest';
import { CaptureClock } from '#jidoka/camera/process/capture-clock.js';

const WALL = 1_700_000_000_000;
/** Capture times minus the wall time of the clock's zero, for pictures that are stamped and come at these times. */
function times(
  pictures: readonly (readonly [stampMs: number | undefined, cameAtMs: number])[],
  latencyMs = 0,
): number[] {
  const clock = new CaptureClock(latencyMs);
  return pictures.map(([stamp, came]) => clock.capturedAtMs(stamp, came, WALL + came) - WALL);
}

describe('capture clock', () => {
  it('takes the time of arrival where there are no stamps', () => {
    expect(
      times([
        [undefined, 1000],
        [undefined, 1100],
      ]),
    ).toEqual([1000, 1100]);
  });

  it('takes a delay off that the quickest picture did not have', () => {
    expect(
      times([
        [0, 1000],
        [100, 1100],
        [200, 1450],
        [300, 1460],
        [400, 1400],
      ]),
    ).toEqual([1000, 1100, 1200, 1300, 1400]);
  });

  it('corrects from the quickest picture on', () => {
    expect(
      times([
        [0, 1050],
        [100, 1100],
        [200, 1230],
      ]),
    ).toEqual([1050, 1100, 1200]);
  });

  it('takes the known latency off every time', () => {
    expect(
      times(
        [
          [0, 1000],
          [100, 1130],
        ],
        40,
      ),
    ).toEqual([960, 1060]);
  });

  it('begins anew when the stamps go back', () => {
    expect(
      times([
        [5000, 1000],
        [5100, 1100],
        [0, 9000],
        [100, 9150],
      ]),
    ).toEqual([1000, 1100, 9000, 9100]);
  });

  it('follows a clock that runs away slowly', () => {
    // The sender's clock loses a hundredth: after minutes the pictures are still not thought to be old.
    const pictures = Array.from({ length: 3000 }, (_, index) => [index * 99, 1000 + index * 100] as const);
    const ages = times(pictures).map((time, index) => (pictures[index]?.[1] ?? 0) - time);
    expect(Math.max(...ages)).toBeLessThanOrEqual(200);
  });

  it('does not believe that a picture is older than some seconds', () => {
    expect(
      times([
        [0, 1000],
        [100, 60_000],
        [200, 60_100],
      ]),
    ).toEqual([1000, 60_000, 60_100]);
  });
});
