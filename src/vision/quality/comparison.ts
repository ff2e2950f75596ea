import type { PictureMeasures } from '../../domain/quality.js';
import { difference, lightOf, meanOf, sharpnessOf } from './measures.js';
import { SceneFinder } from './scene-finder.js';
import type { Size, Thumbnail } from './thumbnail.js';

/** What a scene looked like at commissioning. */
export interface Reference {
  /** The median of the pictures that were taken. */
  readonly scene: Thumbnail;
  /** For each pixel whether it was the same in all of them: 0 or not. */
  readonly still: Uint8Array;
  /** The scene without a part, where it was taken. */
  readonly empty?: Thumbnail;
}

/** Grey levels between the scene with a part and the one without that make a pixel one of the part. */
const PART_DIFFERS = 8;
const LEAST_PART_PIXELS = 50;
/** With fewer pixels that stand still, the light cannot be told from what is in it. */
const LEAST_STILL_PIXELS = 200;
const [LEAST_GAIN, MOST_GAIN] = [0.5, 2];

/** Holds pictures against a reference. */
export class Comparison {
  readonly #reference: Reference;
  readonly #finder: SceneFinder | undefined;
  readonly #still: Int32Array;
  readonly #stillBrightness: number;
  readonly #emptyBrightness: number;
  readonly #part: Int32Array | undefined;

  constructor(reference: Reference) {
    const { scene, still, empty } = reference;
    this.#reference = reference;
    this.#finder = SceneFinder.of(scene, still);
    this.#still = indices(still, (value) => value !== 0);
    this.#stillBrightness = meanOf(scene.data, this.#still);
    this.#emptyBrightness = empty === undefined ? 0 : meanOf(empty.data, this.#still);
    if (empty !== undefined) {
      const part = indices(scene.data, (level, at) => Math.abs(level - (empty.data[at] ?? 0)) > PART_DIFFERS);
      this.#part = part.length < LEAST_PART_PIXELS ? undefined : part;
    }
  }

  /** The size of thumbnails that can be held against it. */
  get size(): Size {
    return this.#reference.scene;
  }

  measure(thumbnail: Thumbnail): PictureMeasures {
    const { scene, empty } = this.#reference;
    const { data } = thumbnail;
    const found = this.#finder?.place(thumbnail);
    const light = this.#still.length < LEAST_STILL_PIXELS ? undefined : Math.max(1, meanOf(data, this.#still));
    return {
      ...plainMeasures(thumbnail),
      ...(light !== undefined && { light: light / Math.max(1, this.#stillBrightness) }),
      deviation: difference(data, gain(light, this.#stillBrightness), scene.data),
      ...(empty !== undefined && {
        presence: difference(data, gain(light, this.#emptyBrightness), empty.data, this.#part),
      }),
      ...(found !== undefined && { scene: found }),
    };
  }
}

/** What makes the light of a picture that of the reference, within reason; 1 where it cannot be told. */
function gain(light: number | undefined, wanted: number): number {
  return light === undefined ? 1 : Math.min(MOST_GAIN, Math.max(LEAST_GAIN, wanted / light));
}

/** What can be said of a picture without any reference. */
export function plainMeasures(thumbnail: Thumbnail): PictureMeasures {
  const { brightness, saturated } = lightOf(thumbnail);
  return { brightness, saturated, sharpness: sharpnessOf(thumbnail, brightness) };
}

function indices(values: Uint8Array, wanted: (value: number, at: number) => boolean): Int32Array {
  const found: number[] = [];
  for (const [at, value] of values.entries()) if (wanted(value, at)) found.push(at);
  return Int32Array.from(found);
}
