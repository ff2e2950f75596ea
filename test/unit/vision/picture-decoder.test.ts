import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { Image, View } from '#jidoka/domain/frame.js';
import { JpegEncoder } from '#jidoka/vision/jpeg-encoder.js';
import { PictureDecoder } from '#jidoka/vision/picture-decoder.js';
import { preprocess } from '#jidoka/vision/preprocess.js';
import { bmpOf } from '../../simulators/pictures.js';

const MAX_PIXELS = 1_000_000;
const decoder = new PictureDecoder({ maxImagePixels: MAX_PIXELS });
type Form = Parameters<typeof preprocess>[2];
const form = (channels: 1 | 3): Form => ({
  input: { name: 'image', width: 24, height: 24, channels, layout: 'NHWC', type: 'uint8' },
  preprocessing: { resize: 'stretch', kernel: 'linear', fill: 0, scale: 'none', order: 'rgb' } as never,
});

const colour = Uint8Array.from({ length: 90 * 60 * 3 }, (_, at) => (at * 31 + Math.floor(at / 270) * 7) % 256);
const raw = { width: 90, height: 60, channels: 3 as const };

async function files(): Promise<[string, Uint8Array][]> {
  const picture = sharp(colour, { raw });
  return [
    ['JPEG', await picture.clone().jpeg({ quality: 90 }).toBuffer()],
    ['grey JPEG', await picture.clone().toColourspace('b-w').jpeg().toBuffer()],
    ['PNG with alpha', await picture.clone().ensureAlpha(0.5).png().toBuffer()],
    ['grey PNG', await picture.clone().toColourspace('b-w').png().toBuffer()],
    ['TIFF', await picture.clone().tiff().toBuffer()],
    ['BMP', bmpOf(90, 60, 24, [...colour])],
  ];
}

describe('PictureDecoder', () => {
  it('gives the model the very pixels that it gets from the file, in any view', async () => {
    const views: View[] = [
      { rotate: 0, region: { left: 10, top: 5, width: 40, height: 30 } },
      { rotate: 90, region: { left: 30, top: 20, width: 48, height: 36 } },
      { rotate: 180, color: 'grey' },
    ];
    for (const [name, data] of await files()) {
      const image: Image = { kind: 'encoded', data };
      const decoded = await decoder.toRaw(image);
      for (const view of views) {
        for (const channels of [1, 3] as const) {
          const fromFile = await preprocess(image, view, form(channels), MAX_PIXELS);
          const fromPixels = await preprocess(decoded, view, form(channels), MAX_PIXELS);
          const worst = Math.max(...fromFile.map((level, at) => Math.abs(level - (fromPixels[at] ?? 0))));
          // Alpha, which no camera sends, weighs the pixels of a file while it is made smaller.
          const allowed = name === 'PNG with alpha' ? 4 : 0;
          expect({ name, view, channels, exact: worst <= allowed }).toEqual({ name, view, channels, exact: true });
        }
      }
    }
  });

  it('leaves a raw picture as it is', async () => {
    const image: Image = { kind: 'raw', format: 'rgb8', width: 90, height: 60, data: colour };
    expect(await decoder.toRaw(image)).toBe(image);
  });

  it('refuses what cannot be decoded and what is too large', async () => {
    const [[, jpeg] = ['', new Uint8Array(0)]] = await files();
    await expect(decoder.toRaw({ kind: 'encoded', data: jpeg.subarray(0, 200) })).rejects.toThrow(/IMAGE_CORRUPT/);
    const small = new PictureDecoder({ maxImagePixels: 100 });
    await expect(small.toRaw({ kind: 'encoded', data: jpeg })).rejects.toThrow(/IMAGE_TOO_LARGE/);
  });
});

describe('JpegEncoder', () => {
  it('keeps the region of a part alone where the picture shows several', async () => {
    const encoder = new JpegEncoder({ maxImagePixels: MAX_PIXELS });
    const region = { left: 20, top: 10, width: 30, height: 25 };
    for (const [, data] of await files()) {
      const jpeg = await encoder.toJpeg({ kind: 'encoded', data }, 90, undefined, region);
      expect(await sharp(jpeg).metadata()).toMatchObject({ format: 'jpeg', width: 30, height: 25 });
    }
  });
});
