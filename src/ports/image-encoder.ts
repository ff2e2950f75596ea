import type { Image } from '../domain/frame.js';

/**
 * Turns a frame into the JPEG that is kept. Bytes that are a JPEG already come back as they are. Never blocks the
 * event loop. Rejects with a `degraded` JidokaError when the image cannot be decoded.
 */
export interface ImageEncoder {
  toJpeg(image: Image, quality: number): Promise<Uint8Array>;
}
