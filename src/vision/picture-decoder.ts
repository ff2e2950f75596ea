import type { Image, RawImage } from '../domain/frame.js';
import type { ImageDecoder } from '../ports/image-decoder.js';
import { decoding, openPicture, redFirst } from './picture.js';

/** Decodes whole pictures to 8 bits a channel on libuv's threads. */
export class PictureDecoder implements ImageDecoder {
  readonly #maxImagePixels: number;

  constructor({ maxImagePixels }: { readonly maxImagePixels: number }) {
    this.#maxImagePixels = maxImagePixels;
  }

  async toRaw(image: Image): Promise<RawImage> {
    if (image.kind === 'raw') return image;
    const { pipeline, width, height, grey, blueFirst } = await openPicture(image, this.#maxImagePixels);
    const data = await decoding(() =>
      redFirst(pipeline.removeAlpha(), blueFirst)
        .toColourspace(grey ? 'b-w' : 'srgb')
        .raw({ depth: 'uchar' })
        .toBuffer(),
    );
    return { kind: 'raw', format: grey ? 'grey8' : 'rgb8', width, height, data };
  }
}
