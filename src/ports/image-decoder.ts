import type { Image, RawImage } from '../domain/frame.js';

/**
 * Turns a file's bytes into pixels once, where several regions of them are looked at; a raw image comes back as it is.
 * Never blocks the event loop. Rejects with a `degraded` JidokaError `IMAGE_…` when the image cannot be decoded.
 */
export interface ImageDecoder {
  toRaw(image: Image): Promise<RawImage>;
}
