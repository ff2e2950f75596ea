/** One picture as the test of a camera sees it. */
export interface Sighting {
  /** When it came, on the monotonic clock, ms. */
  readonly atMs: number;
  /** How long before that it was captured, ms. */
  readonly ageMs: number;
  readonly bytes: number;
  readonly sequence: number;
}

export interface CameraFigures {
  readonly frames: number;
  /** From the first picture to the last. */
  readonly seconds: number;
  /** Null for less than two pictures, like the intervals. */
  readonly framesPerSecond: number | null;
  readonly intervalMs: { readonly p50: number; readonly p95: number; readonly max: number } | null;
  /** Pictures that the camera lost or overwrote, by the gaps in its numbers. */
  readonly lost: number;
  readonly bytes: { readonly min: number; readonly mean: number; readonly max: number } | null;
  readonly bytesPerSecond: number | null;
  readonly ageMs: { readonly p50: number; readonly p95: number; readonly max: number } | null;
}

/** What the pictures of a test say of the camera. The first one begins the time and is not counted in the rates. */
export function cameraFigures(sightings: readonly Sighting[]): CameraFigures {
  const [first, last] = [sightings[0], sightings.at(-1)];
  if (first === undefined || last === undefined) {
    const none = { framesPerSecond: null, intervalMs: null, bytes: null, bytesPerSecond: null, ageMs: null };
    return { frames: 0, seconds: 0, lost: 0, ...none };
  }
  const sizes = sightings.map(({ bytes }) => bytes);
  const total = sum(sizes);
  const durationMs = last.atMs - first.atMs;
  const perSecond = (amount: number): number | null => (durationMs > 0 ? (1000 * amount) / durationMs : null);
  const intervals = sightings.slice(1).map(({ atMs }, index) => atMs - (sightings[index]?.atMs ?? atMs));
  return {
    frames: sightings.length,
    seconds: durationMs / 1000,
    framesPerSecond: perSecond(sightings.length - 1),
    intervalMs: spread(intervals),
    lost: Math.max(0, last.sequence - first.sequence + 1 - sightings.length),
    bytes: { min: sizes.reduce(lesser), mean: total / sizes.length, max: sizes.reduce(greater) },
    bytesPerSecond: perSecond(total - first.bytes),
    ageMs: spread(sightings.map(({ ageMs }) => ageMs)),
  };
}

function spread(values: readonly number[]): CameraFigures['ageMs'] {
  const sorted = values.toSorted((left, right) => left - right);
  const max = sorted.at(-1);
  return max === undefined ? null : { p50: percentile(sorted, 0.5), p95: percentile(sorted, 0.95), max };
}

/** The nearest rank: the least value that at least this share of the values does not exceed. */
function percentile(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

const sum = (values: readonly number[]): number => values.reduce((left, right) => left + right, 0);
const lesser = (left: number, right: number): number => Math.min(left, right);
const greater = (left: number, right: number): number => Math.max(left, right);
