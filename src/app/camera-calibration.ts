import { sleep } from '../base/lifecycle.js';
import type { Image } from '../domain/frame.js';
import { type QualityLimits, qualityProblem } from '../pipeline/quality-gate.js';
import type { Camera } from '../ports/camera.js';
import { type Distribution, distributionOf, proposalFor, referenceOf } from '../vision/quality/calibration.js';
import { Comparison, type Reference } from '../vision/quality/comparison.js';
import { THUMBNAIL_WIDTH } from '../vision/quality/quality-meter.js';
import { type Size, type Thumbnail, thumbnailOf } from '../vision/quality/thumbnail.js';

/** Pictures made small as they come: fifty of a large camera would fill the memory. */
export class CalibrationPictures {
  readonly #maxImagePixels: number;
  readonly #width: number;
  #size: Size | undefined;

  constructor({
    maxImagePixels,
    width = THUMBNAIL_WIDTH,
  }: { readonly maxImagePixels: number; readonly width?: number }) {
    this.#maxImagePixels = maxImagePixels;
    this.#width = width;
  }

  /** @throws a `degraded` JidokaError IMAGE_… */
  async shrink(image: Image): Promise<Thumbnail> {
    const size = this.#size ?? { width: this.#width };
    const thumbnail = await thumbnailOf(image, this.#maxImagePixels, size);
    this.#size ??= { width: thumbnail.width, height: thumbnail.height };
    return thumbnail;
  }

  /**
   * Takes pictures from a camera, at most one each `everyMs`, until there are enough or the signal aborts. One that
   * cannot be decoded is left out.
   */
  async take(
    camera: Camera,
    wanted: { readonly frames: number; readonly everyMs: number },
    signal: AbortSignal,
    onTaken: (count: number) => void,
  ): Promise<readonly Thumbnail[]> {
    const enough = new AbortController();
    const ending = AbortSignal.any([signal, enough.signal]);
    const taken: Thumbnail[] = [];
    let nextMs = 0;
    for await (const frame of camera.frames(ending)) {
      if (camera.overflow === 'wait') await sleep(nextMs - performance.now(), ending);
      else if (performance.now() < nextMs) continue;
      if (ending.aborted) break;
      const thumbnail = await this.shrink(frame.image).catch(() => undefined);
      if (thumbnail === undefined) continue;
      nextMs = performance.now() + wanted.everyMs;
      taken.push(thumbnail);
      onTaken(taken.length);
      if (taken.length >= wanted.frames) break;
    }
    enough.abort();
    return taken;
  }
}

export interface Calibration {
  readonly reference: Reference;
  readonly measured: Distribution;
  /** Keys of the station's `quality`. */
  readonly limits: QualityLimits;
  /** What cannot be watched, and why. */
  readonly notes: readonly string[];
  /** Pictures with a part that the limits would refuse, and those of the empty scene that they would not. */
  readonly refused: number;
  readonly emptyAccepted: number;
}

/** What a scene looks like, and from where on a picture of it is not fit to be judged. @param parts at least one */
export function calibrate(parts: readonly Thumbnail[], empties: readonly Thumbnail[]): Calibration {
  const reference = referenceOf(parts, empties);
  const comparison = new Comparison(reference);
  const [ofParts, ofEmpties] = [parts, empties].map((pictures) => pictures.map((one) => comparison.measure(one)));
  const measured = distributionOf(ofParts ?? [], ofEmpties ?? []);
  const { limits, notes } = proposalFor(measured);
  const refused = (ofParts ?? []).filter((measures) => qualityProblem(measures, limits) !== undefined).length;
  const emptyAccepted = (ofEmpties ?? []).filter((measures) => qualityProblem(measures, limits) === undefined).length;
  return { reference, measured, limits, notes, refused, emptyAccepted };
}
