import type { Image, Region } from '../domain/frame.js';

/**
 * Turns a frame, or a region of it, into a JPEG; one that is wider than `maxWidth` is made smaller. Bytes that are a JPEG
 * already, whole and not too wide come back as they are. Never blocks the event loop. Rejects with a `degraded`
 * JidokaError when the image cannot be decoded.
 */
export interface ImageEncoder {
  toJpeg(image: Image, quality: number, maxWidth?: number, region?: Region): Promise<Uint8Array>;
}
