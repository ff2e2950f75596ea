import type { FitEnum } from 'sharp';
import type { Image, Region, Rotation, View } from '../domain/frame.js';
import { visionErrors } from './errors.js';
import type { Manifest } from './manifest.js';
import { bytesOf, decoding, openPicture, type Picture, redFirst } from './picture.js';

const FIT: Readonly<Record<Manifest['preprocessing']['resize'], keyof FitEnum>> = {
  stretch: 'fill',
  letterbox: 'contain',
  cover: 'cover',
};

/**
 * Turns a picture into what the model looks at: decodes it, cuts the region out, turns it clockwise, drops alpha,
 * resizes, and converts to the model's channels with 8 bits each. The work is done on libuv's threads; the calling
 * thread only sets it up. The image's bytes are read in place and not changed.
 * @param maxPixels larger pictures are refused before they are decoded
 * @returns `height * width * channels` bytes of the model's input, channels innermost, in a transferable buffer
 * @throws a `degraded` JidokaError `IMAGE_…`
 */
export async function preprocess(
  image: Image,
  view: View,
  { input, preprocessing }: Pick<Manifest, 'input' | 'preprocessing'>,
  maxPixels: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const picture = await openPicture(image, maxPixels);
  if (view.region !== undefined) expectInside(view.region, picture);
  const { fill, kernel } = preprocessing;
  const channels = view.color === 'grey' ? 1 : input.channels;
  const { data, info } = await decoding(() => {
    let pipeline = picture.pipeline;
    // Where a resize follows, sharp turns before it cuts, whatever the order of the calls: the region is turned as well.
    if (view.rotate !== 0) pipeline = pipeline.rotate(view.rotate);
    if (view.region !== undefined) pipeline = pipeline.extract(turned(view.region, view.rotate, picture));
    pipeline = pipeline.removeAlpha().resize({
      width: input.width,
      height: input.height,
      fit: FIT[preprocessing.resize],
      position: 'centre',
      background: { r: fill, g: fill, b: fill },
      kernel,
      // JPEG is shrunk while it is decoded only as far as leaves the kernel a factor of two to work with.
      fastShrinkOnLoad: false,
    });
    const converted = redFirst(pipeline, picture.blueFirst).toColourspace(channels === 1 ? 'b-w' : 'srgb');
    return bytesOf(converted.raw({ depth: 'uchar' }));
  });
  const pixels = input.width * input.height;
  if (data.byteLength === pixels * channels) {
    return channels === input.channels ? data : repeated(data, input.channels);
  }
  throw visionErrors.IMAGE_CORRUPT({
    got: `${info.width} x ${info.height} x ${info.channels} after resizing`,
    expected: `${input.width} x ${input.height} x ${channels}`,
  });
}

/** One channel of `pixels` bytes as `channels` equal ones, innermost. */
function repeated(pixels: Uint8Array, channels: number): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(pixels.length * channels);
  for (const [index, value] of pixels.entries()) out.fill(value, index * channels, (index + 1) * channels);
  return out;
}

/** Where a region of a picture lies once the picture has been turned clockwise. */
function turned(region: Region, rotate: Rotation, picture: Pick<Picture, 'width' | 'height'>): Region {
  const { left, top, width, height } = region;
  const right = picture.width - left - width;
  const bottom = picture.height - top - height;
  switch (rotate) {
    case 0:
      return region;
    case 90:
      return { left: bottom, top: left, width: height, height: width };
    case 180:
      return { left: right, top: bottom, width, height };
    case 270:
      return { left: top, top: right, width: height, height: width };
  }
}

function expectInside({ left, top, width, height }: Region, picture: Picture): void {
  if (left + width <= picture.width && top + height <= picture.height) return;
  throw visionErrors.IMAGE_REGION_OUTSIDE({
    got: `a picture of ${picture.width} x ${picture.height} pixels`,
    expected: `at least ${left + width} x ${top + height} for the region ${width} x ${height} at left ${left}, top ${top}`,
  });
}
