import type { Image } from '../../domain/frame.js';
import type { PictureMeasures } from '../../domain/quality.js';
import type { PictureMeter } from '../../ports/picture-meter.js';
import { Comparison, plainMeasures } from './comparison.js';
import { readReference } from './reference-file.js';
import { thumbnailOf } from './thumbnail.js';

/** Width of the small picture that is measured. */
export const THUMBNAIL_WIDTH = 160;

export interface QualityMeterOptions {
  readonly maxImagePixels: number;
  /** File of the calibration. */
  readonly reference: string | undefined;
}

/**
 * Measures a picture by a small grey one of it. Decoding and shrinking, which is nearly all of the work, is done on
 * libuv's threads; what is left for the calling thread is a fraction of a millisecond.
 */
export class QualityMeter implements PictureMeter {
  readonly #options: QualityMeterOptions;
  #comparison: Comparison | undefined;

  constructor(options: QualityMeterOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    const { reference } = this.#options;
    if (reference !== undefined) this.#comparison = new Comparison(await readReference(reference));
  }

  async measure(image: Image): Promise<PictureMeasures> {
    const size = this.#comparison?.size ?? { width: THUMBNAIL_WIDTH };
    const thumbnail = await thumbnailOf(image, this.#options.maxImagePixels, size);
    return this.#comparison?.measure(thumbnail) ?? plainMeasures(thumbnail);
  }
}
