import type { PictureMeasures } from '../../domain/quality.js';
import type { Reference } from './comparison.js';
import type { Thumbnail } from './thumbnail.js';

/** Grey levels by which nine of ten pictures differ at most from the median where something stands still. */
const STILL = 6;
const STILL_SHARE = 0.9;

/**
 * The reference of a scene from pictures of it with parts, and of the empty scene where there are some. What stands
 * still is what is the same in all of them, the empty ones included.
 * @param parts at least one, all of one size
 */
export function referenceOf(parts: readonly Thumbnail[], empties: readonly Thumbnail[]): Reference {
  const scene = medianOf(parts);
  const empty = empties.length === 0 ? undefined : medianOf(empties);
  const still = new Uint8Array(scene.data.length);
  const away: number[] = [];
  for (const at of still.keys()) {
    const level = scene.data[at] ?? 0;
    away.length = 0;
    for (const { data } of [...parts, ...empties]) away.push(Math.abs((data[at] ?? 0) - level));
    still[at] = quantile(away, STILL_SHARE) <= STILL ? 255 : 0;
  }
  return { scene, still, ...(empty !== undefined && { empty }) };
}

function medianOf(pictures: readonly Thumbnail[]): Thumbnail {
  const [first] = pictures;
  if (first === undefined) throw new Error('no pictures to take the median of');
  const { width, height } = first;
  const data = new Uint8Array(width * height);
  for (const at of data.keys()) {
    data[at] = quantile(
      pictures.map((picture) => picture.data[at] ?? 0),
      0.5,
    );
  }
  return { width, height, data };
}

/** Least, median and greatest of what was measured. */
export interface Spread {
  readonly least: number;
  readonly median: number;
  readonly greatest: number;
}

export function spreadOf(values: readonly number[]): Spread {
  return { least: quantile(values, 0), median: quantile(values, 0.5), greatest: quantile(values, 1) };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.round((sorted.length - 1) * share)] ?? 0;
}

/** What was measured at a calibration, one entry a measure. */
export type Distribution = Readonly<Record<string, Spread>>;

export function distributionOf(parts: readonly PictureMeasures[], empties: readonly PictureMeasures[]): Distribution {
  const spread = (name: string, values: readonly (number | undefined)[]): Record<string, Spread> => {
    const measured = values.filter((value) => value !== undefined);
    return measured.length === 0 ? {} : { [name]: spreadOf(measured) };
  };
  return {
    ...spread(
      'brightness',
      parts.map(({ brightness }) => brightness),
    ),
    ...spread(
      'light',
      parts.map(({ light }) => light),
    ),
    ...spread(
      'saturated',
      parts.map(({ saturated }) => saturated),
    ),
    ...spread(
      'sharpness',
      parts.map(({ sharpness }) => sharpness),
    ),
    ...spread(
      'deviation',
      parts.map(({ deviation }) => deviation),
    ),
    ...spread(
      'presence',
      parts.map(({ presence }) => presence),
    ),
    ...spread(
      'emptyPresence',
      empties.map(({ presence }) => presence),
    ),
    ...spread(
      'match',
      parts.map(({ scene }) => scene?.match),
    ),
    ...spread(
      'shift',
      parts.map(({ scene }) => scene && Math.hypot(scene.right, scene.down)),
    ),
  };
}

export interface Proposal {
  /** Keys of the station's `quality` with the values that are proposed. */
  readonly limits: Readonly<Record<string, number>>;
  /** What cannot be watched, and why. */
  readonly notes: readonly string[];
}

/** Grey levels by which parts may differ from one another for one that is missing to be told by that. */
const MOST_DEVIATION = 20;
/** A highlight on a part is no light that is too bright. */
const LEAST_SATURATED = 0.1;
/** Below this correlation among good pictures nothing can be said of where the scene lies. */
const LEAST_MATCH = 0.6;

/**
 * Limits that the pictures of the calibration keep with room to spare: wide enough that good pictures are not refused,
 * since a model that judges a little less light is better than a line that stands.
 */
export function proposalFor(measured: Distribution): Proposal {
  const { brightness, light, saturated, sharpness, deviation, presence, emptyPresence, match, shift } = measured;
  const limits: Record<string, number> = {};
  const notes: string[] = [];
  if (brightness !== undefined) {
    limits['minimumBrightness'] = Math.floor(brightness.least * 0.7);
    limits['maximumBrightness'] = Math.min(255, Math.ceil(brightness.greatest * 1.3));
  }
  if (light !== undefined) {
    limits['minimumLight'] = rounded(0.8 * light.least, 2);
    limits['maximumLight'] = rounded(1.25 * light.greatest, 2);
  }
  if (saturated !== undefined) {
    limits['maximumSaturated'] = Math.min(1, Math.max(LEAST_SATURATED, rounded(2 * saturated.greatest + 0.05, 2)));
  }
  if (sharpness !== undefined) limits['minimumSharpness'] = Number((0.7 * sharpness.least).toPrecision(2));
  if (presence !== undefined && emptyPresence !== undefined) {
    if (presence.least > 1.5 * emptyPresence.greatest) {
      limits['minimumPresence'] = rounded((presence.least + emptyPresence.greatest) / 2, 1);
    } else notes.push('The empty scene cannot be told from one with a part: look at the light, or at where parts lie.');
  } else if (deviation !== undefined && deviation.greatest <= MOST_DEVIATION) {
    limits['maximumDeviation'] = Math.ceil(2 * deviation.greatest + 2);
  } else {
    notes.push(
      'The pictures differ too much from one another to tell one without a part: give pictures of the empty scene with --empty.',
    );
  }
  if (match === undefined || shift === undefined) {
    notes.push(
      'Nothing with edges stands still in the picture, so that a moved camera cannot be told: leave some of the fixture in view.',
    );
  } else if (match.least < LEAST_MATCH) {
    notes.push('What stands still in the picture varies too much to tell a moved camera by it.');
  } else {
    limits['minimumMatch'] = rounded(Math.max(0.3, match.least - 0.2), 2);
    limits['maximumShift'] = rounded(Math.max(0.01, 3 * shift.greatest), 3);
  }
  return { limits, notes };
}

function rounded(value: number, digits: number): number {
  const factor = 10 ** digits;
  return Math.round(value * factor) / factor;
}
