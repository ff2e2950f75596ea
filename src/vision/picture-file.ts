import type { Image } from '../domain/frame.js';
import { imageFormat } from './image-format.js';
import { bytesOf, decoding, openPicture, redFirst } from './picture.js';

export interface PictureFile {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
}

export interface PictureFileOptions {
  readonly format: 'jpeg' | 'png';
  /** For a JPEG that is not one already. */
  readonly quality: number;
  readonly maxImagePixels: number;
}

/**
 * A frame as the bytes of a file. One that is of this format already is given as it is, and so as the camera has made it.
 * Every pixel is decoded either way, so that what is given can be shown.
 * @throws a `degraded` JidokaError `IMAGE_…`
 */
export async function pictureFile(image: Image, options: PictureFileOptions): Promise<PictureFile> {
  const { format, quality, maxImagePixels } = options;
  const { width, height, pipeline, blueFirst, grey } = await openPicture(image, maxImagePixels);
  const pixels = redFirst(pipeline.removeAlpha(), blueFirst).toColourspace(grey ? 'b-w' : 'srgb');
  const encoded = format === 'png' ? pixels.png() : pixels.jpeg({ quality });
  const { data } = await decoding(() => bytesOf(encoded));
  const isSuch = image.kind === 'encoded' && imageFormat(image.data).format === format;
  return { data: isSuch ? image.data : data, width, height };
}

/** Width and height of a frame, without decoding its pixels. */
export async function pictureSize(
  image: Image,
  maxImagePixels: number,
): Promise<{ readonly width: number; readonly height: number }> {
  const { width, height } = await openPicture(image, maxImagePixels);
  return { width, height };
}
