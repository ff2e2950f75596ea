import type { OutputInfo, Sharp, SharpOptions } from 'sharp';
import { messageOf } from '../base/errors.js';
import type { EncodedImage, Image, RawImage } from '../domain/frame.js';
import { type BmpLayout, readBmpLayout } from './bmp.js';
import { visionErrors } from './errors.js';
import { imageFormat, isAnimatedPng } from './image-format.js';
import { sharp } from './image-library.js';

/** A picture whose header has been checked and whose pixels are yet to be decoded. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** A fresh decoding pipeline; its pixels are in the order the camera wrote them. */
  readonly pipeline: Sharp;
  /** One channel, alpha aside. */
  readonly grey: boolean;
  /** The pipeline's channels are blue, green, red: swap them with `redFirst` once the picture is small. */
  readonly blueFirst: boolean;
}

const RED_FIRST: [[number, number, number], [number, number, number], [number, number, number]] = [
  [0, 0, 1],
  [0, 1, 0],
  [1, 0, 0],
];

/**
 * Checks a picture before its pixels are decoded: signature, size, number of pictures in the file. The EXIF
 * orientation is not applied: a fixed camera's picture is the pixels as they come, and the config turns it. Colour
 * profiles are not applied either, as the model has learned from pixels without.
 * @param maxPixels more of them are refused
 * @throws a `degraded` JidokaError `IMAGE_…`
 */
export async function openPicture(image: Image, maxPixels: number): Promise<Picture> {
  if (image.data.byteLength === 0) throw visionErrors.IMAGE_EMPTY();
  return image.kind === 'raw' ? openRaw(image, maxPixels) : openEncoded(image, maxPixels);
}

/** Puts the channels of a `blueFirst` pipeline into the order red, green, blue. */
export function redFirst(pipeline: Sharp, blueFirst: boolean): Sharp {
  return blueFirst ? pipeline.recomb(RED_FIRST) : pipeline;
}

/**
 * Runs a pipeline to its end: the bytes are in a buffer of their own that can be transferred to a thread. They are copied
 * for that, since `toUint8Array`, which would spare the copy, never frees its memory in sharp 0.35.5.
 */
export async function bytesOf(pipeline: Sharp): Promise<{ data: Uint8Array<ArrayBuffer>; info: OutputInfo }> {
  const { data, info } = await pipeline.toBuffer({ resolveWithObject: true });
  return { data: new Uint8Array(data), info };
}

/** Runs a decoding step; whatever the library cannot do with the bytes becomes an `IMAGE_CORRUPT`. */
export async function decoding<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    const [reason = ''] = messageOf(cause).trim().split('\n');
    throw visionErrors.IMAGE_CORRUPT({ got: reason, cause });
  }
}

function openRaw({ data, width, height, format }: RawImage, maxPixels: number): Picture {
  const channels = format === 'grey8' ? 1 : 3;
  expectPixels(width, height, maxPixels);
  if (data.byteLength !== width * height * channels) {
    throw visionErrors.IMAGE_CORRUPT({
      got: `${data.byteLength} bytes of pixels`,
      expected: `${width * height * channels} for ${width} x ${height} ${format}`,
    });
  }
  return {
    width,
    height,
    pipeline: rawPipeline(data, width, height, channels),
    grey: channels === 1,
    blueFirst: false,
  };
}

async function openEncoded({ data }: EncodedImage, maxPixels: number): Promise<Picture> {
  const { name, format } = imageFormat(data);
  if (format === undefined) throw visionErrors.IMAGE_FORMAT_UNSUPPORTED({ got: name });
  if (format === 'bmp') return openBmp(data, maxPixels);
  if (format === 'png' && isAnimatedPng(data)) throw visionErrors.IMAGE_ANIMATED({ got: 'an animated PNG' });
  // Reading the header decodes nothing, so the limit is checked here where the size can be told.
  const header = await decoding(() => sharp(data, { limitInputPixels: false }).metadata());
  const { width, height, channels, pages = 1 } = header;
  if (pages > 1) throw visionErrors.IMAGE_ANIMATED({ got: `a ${name} of ${pages} pictures`, expected: 'one picture' });
  expectPixels(width, height, maxPixels);
  const options: SharpOptions = { limitInputPixels: maxPixels, failOn: 'warning', ignoreIcc: true };
  return { width, height, pipeline: sharp(data, options), grey: channels < 3, blueFirst: false };
}

async function openBmp(data: Uint8Array, maxPixels: number): Promise<Picture> {
  const layout = readBmpLayout(data);
  const { width, height, channels } = layout;
  expectPixels(width, height, maxPixels);
  const rows = await decoding(() => unpaddedRows(data, layout));
  const pipeline = rawPipeline(rows, width, height, channels);
  return {
    width,
    height,
    pipeline: channels === 4 ? pipeline.removeAlpha() : pipeline,
    grey: channels === 1,
    blueFirst: channels > 1,
  };
}

/** Cuts the padding off the rows and puts the top row first, away from the event loop. */
async function unpaddedRows(data: Uint8Array, layout: BmpLayout): Promise<Uint8Array> {
  const { offset, stride, width, height, channels, bottomUp } = layout;
  const rows = rawPipeline(data.subarray(offset, offset + stride * height), stride, height, 1);
  const cut = rows.extract({ left: 0, top: 0, width: width * channels, height });
  return (bottomUp ? cut.flip() : cut).toColourspace('b-w').raw().toBuffer();
}

function rawPipeline(data: Uint8Array, width: number, height: number, channels: 1 | 3 | 4): Sharp {
  return sharp(data, { raw: { width, height, channels }, limitInputPixels: false });
}

function expectPixels(width: number, height: number, maxPixels: number): void {
  if (width * height <= maxPixels) return;
  throw visionErrors.IMAGE_TOO_LARGE({
    got: `${width} x ${height} pixels`,
    expected: `at most ${maxPixels} pixels in all`,
  });
}
