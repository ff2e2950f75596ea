import type { Image, Region } from '../domain/frame.js';
import type { ImageEncoder } from '../ports/image-encoder.js';
import { imageFormat } from './image-format.js';
import { bytesOf, decoding, openPicture, redFirst } from './picture.js';

/** Encodes frames as JPEG on libuv's threads. */
export class JpegEncoder implements ImageEncoder {
  readonly #maxImagePixels: number;

  constructor({ maxImagePixels }: { readonly maxImagePixels: number }) {
    this.#maxImagePixels = maxImagePixels;
  }

  async toJpeg(
    image: Image,
    quality: number,
    maxWidth = Number.POSITIVE_INFINITY,
    region?: Region,
  ): Promise<Uint8Array> {
    const isJpeg = region === undefined && image.kind === 'encoded' && imageFormat(image.data).format === 'jpeg';
    if (isJpeg && maxWidth === Number.POSITIVE_INFINITY) return image.data;
    const picture = await openPicture(image, this.#maxImagePixels);
    const tooWide = (region?.width ?? picture.width) > maxWidth;
    if (isJpeg && !tooWide) return image.data;
    const cut = region === undefined ? picture.pipeline : picture.pipeline.extract({ ...region });
    const pipeline = tooWide ? cut.resize({ width: maxWidth }) : cut;
    const { data } = await decoding(() =>
      bytesOf(
        redFirst(pipeline.removeAlpha(), picture.blueFirst)
          .toColourspace(picture.grey ? 'b-w' : 'srgb')
          .jpeg({ quality }),
      ),
    );
    return data;
  }
}
