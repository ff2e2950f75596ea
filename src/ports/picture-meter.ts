import type { Image } from '../domain/frame.js';
import type { PictureMeasures } from '../domain/quality.js';

/**
 * Measures what tells whether a picture is fit to be judged. Decoding and shrinking never run on the calling thread;
 * calls may be made at once, and the image's bytes are neither copied nor changed. `open` reads the reference; it throws
 * a `config` JidokaError where that cannot be used. `measure` rejects with a `degraded` JidokaError `IMAGE_…` when the
 * picture cannot be decoded.
 */
export interface PictureMeter {
  open(): Promise<void>;
  measure(image: Image): Promise<PictureMeasures>;
}
