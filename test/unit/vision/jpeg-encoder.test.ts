import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { JpegEncoder } from '#jidoka/vision/jpeg-encoder.js';
import { bmpOf } from '../../simulators/pictures.js';

const encoder = new JpegEncoder({ maxImagePixels: 1000 });

async function firstPixel(jpeg: Uint8Array): Promise<{ pixel: number[]; width: number; height: number }> {
  const { format, channels, width, height } = await sharp(jpeg).metadata();
  expect(format).toBe('jpeg');
  const data = await sharp(jpeg).raw().toBuffer();
  return { pixel: [...data.subarray(0, channels)], width, height };
}

describe('JpegEncoder', () => {
  it('gives a JPEG back as it is, byte for byte', async () => {
    const data = await sharp(Buffer.alloc(64, 80), { raw: { width: 8, height: 8, channels: 1 } })
      .jpeg()
      .toBuffer();
    expect(await encoder.toJpeg({ kind: 'encoded', data }, 50)).toBe(data);
  });

  it('encodes grey frames with one channel and colour frames with three', async () => {
    const grey = { kind: 'raw', format: 'grey8', width: 16, height: 8, data: new Uint8Array(128).fill(77) } as const;
    expect(await firstPixel(await encoder.toJpeg(grey, 95))).toEqual({ pixel: [77], width: 16, height: 8 });
    const data = Uint8Array.from({ length: 192 }, (_, index) => [200, 100, 50][index % 3] ?? 0);
    const { pixel } = await firstPixel(
      await encoder.toJpeg({ kind: 'raw', format: 'rgb8', width: 8, height: 8, data }, 100),
    );
    expect(pixel).toEqual([200, 100, 50].map((value) => expect.closeTo(value, -0.8)));
  });

  it('encodes other files, BMP with its blue first included', async () => {
    const bgr = Array.from({ length: 192 }, (_, index) => [50, 100, 200][index % 3] ?? 0);
    const { pixel } = await firstPixel(await encoder.toJpeg({ kind: 'encoded', data: bmpOf(8, 8, 24, bgr) }, 100));
    expect(pixel).toEqual([200, 100, 50].map((value) => expect.closeTo(value, -0.8)));
  });

  it('makes a picture smaller that is too wide, a JPEG as well, and no picture larger', async () => {
    const grey = { kind: 'raw', format: 'grey8', width: 16, height: 8, data: new Uint8Array(128).fill(77) } as const;
    const data = await encoder.toJpeg(grey, 95);
    for (const image of [grey, { kind: 'encoded', data } as const]) {
      expect(await firstPixel(await encoder.toJpeg(image, 95, 8))).toMatchObject({ width: 8, height: 4 });
    }
    expect(await encoder.toJpeg({ kind: 'encoded', data }, 95, 16)).toBe(data);
    expect(await firstPixel(await encoder.toJpeg(grey, 95, 1000))).toMatchObject({ width: 16 });
  });

  it('gives smaller files for a lower quality', async () => {
    const data = Uint8Array.from({ length: 900 }, (_, index) => (index * 7919) % 251);
    const noise = { kind: 'raw', format: 'grey8', width: 30, height: 30, data } as const;
    const [low, high] = [await encoder.toJpeg(noise, 20), await encoder.toJpeg(noise, 95)];
    expect(low.byteLength).toBeLessThan(high.byteLength);
  });

  it('refuses what cannot be decoded, and more pixels than allowed', async () => {
    const nothing = { kind: 'encoded', data: Buffer.from('nothing to see') } as const;
    await expect(encoder.toJpeg(nothing, 85)).rejects.toMatchObject({ code: 'IMAGE_FORMAT_UNSUPPORTED' });
    const large = { kind: 'raw', format: 'grey8', width: 40, height: 40, data: new Uint8Array(1600) } as const;
    await expect(encoder.toJpeg(large, 85)).rejects.toMatchObject({ code: 'IMAGE_TOO_LARGE' });
  });
});
