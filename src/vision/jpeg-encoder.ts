import type { Image } from '../domain/frame.js';
import type { ImageEncoder } from '../ports/image-encoder.js';
import { imageFormat } from './image-format.js';
import { bytesOf, decoding, openPicture, redFirst } from './picture.js';

/** Encodes frames as JPEG on libuv's threads. */
export class JpegEncoder implements ImageEncoder {
  readonly #maxImagePixels: number;

  constructor({ maxImagePixels }: { readonly maxImagePixels: number }) {
    this.#maxImagePixels = maxImagePixels;
  }

  async toJpeg(image: Image, quality: number): Promise<Uint8Array> {
    if (image.kind === 'encoded' && imageFormat(image.data).format === 'jpeg') return image.data;
    const picture = await openPicture(image, this.#maxImagePixels);
    const { data } = await decoding(() =>
      bytesOf(
        redFirst(picture.pipeline.removeAlpha(), picture.blueFirst)
          .toColourspace(picture.grey ? 'b-w' : 'srgb')
          .jpeg({ quality }),
      ),
    );
    return data;
  }
}
