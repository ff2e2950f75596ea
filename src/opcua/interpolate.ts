import type { HeldSample } from './tag-history.js';

/** The value between two samples, with what is known of it. */
export type Between = Pick<HeldSample, 'value' | 'quality' | 'status'>;

/**
 * A subscription reports changes only: between two samples that lie further apart than the server looks, the value was
 * at rest, and only the last stretch is on its way to the new one. Two sampling intervals, since the server's samples
 * need not be in step with the source's.
 */
const RAMP_INTERVALS = 2;

/**
 * The number on the straight line between two neighbours in source time at `atMs`; null where it would be made up: the
 * later one has not come yet, one of them is no number or is bad, or values between them are not known.
 */
export function between(
  before: HeldSample,
  after: HeldSample | undefined,
  atMs: number,
  samplingMs: number,
): Between | null {
  if (after === undefined || after.gapBefore || before.life !== after.life) return null;
  if (before.quality === 'bad' || after.quality === 'bad') return null;
  if (typeof before.value !== 'number' || typeof after.value !== 'number') return null;
  if (atMs <= before.timeMs || after.timeMs <= before.timeMs) return null;
  const fromMs = Math.max(before.timeMs, after.timeMs - RAMP_INTERVALS * samplingMs);
  const part = Math.max(0, atMs - fromMs) / (after.timeMs - fromMs);
  const value = before.value + (after.value - before.value) * part;
  const doubtful = [before, after].find(({ quality }) => quality === 'uncertain');
  if (doubtful !== undefined) return { value, quality: 'uncertain', status: doubtful.status };
  return { value, quality: 'good', status: 'GoodInterpolated' };
}
