import type { Image } from '../../domain/frame.js';
import { decoding, openPicture } from '../picture.js';

/** A small grey picture: rows from the top, one byte a pixel. */
export interface Thumbnail {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/**
 * A picture made small and grey on libuv's threads; of a JPEG no more is decoded than that needs. `size` is met exactly,
 * whatever the picture's proportions: what is compared with a reference must lie on it.
 */
export async function thumbnailOf(
  image: Image,
  maxPixels: number,
  size: Size | { readonly width: number },
): Promise<Thumbnail> {
  const picture = await openPicture(image, maxPixels);
  const { width } = size;
  const height = 'height' in size ? size.height : Math.max(1, Math.round((picture.height * width) / picture.width));
  const data = await decoding(() =>
    picture.pipeline
      .removeAlpha()
      .resize({ width, height, fit: 'fill', kernel: 'linear' })
      .toColourspace('b-w')
      .raw({ depth: 'uchar' })
      .toBuffer(),
  );
  return { width, height, data };
}
