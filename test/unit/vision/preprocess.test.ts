import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { Image, RawImage, View } from '#jidoka/domain/frame.js';
import { preprocess } from '#jidoka/vision/preprocess.js';
import { bmpOf, pngOf } from '../../simulators/pictures.js';

interface Target {
  readonly width: number;
  readonly height: number;
  readonly channels?: 1 | 3;
  readonly resize?: 'stretch' | 'letterbox' | 'cover';
  readonly fill?: number;
}

const upright: View = { rotate: 0 };
const MAX_PIXELS = 100_000_000;

async function seen(image: Image, target: Target, view = upright, maxPixels = MAX_PIXELS): Promise<number[]> {
  const { width, height, channels = 1, resize = 'stretch', fill = 0 } = target;
  const input = { name: 'image', width, height, channels, layout: 'NHWC' as const, type: 'uint8' as const };
  const preprocessing = {
    resize,
    kernel: 'nearest' as const,
    fill,
    scale: 1,
    mean: [0],
    std: [1],
    order: 'rgb' as const,
  };
  return [...(await preprocess(image, view, { input, preprocessing }, maxPixels))];
}

function grey(width: number, height: number, pixels: readonly number[]): RawImage {
  return { kind: 'raw', format: 'grey8', width, height, data: Uint8Array.from(pixels) };
}

function encoded(data: Uint8Array): Image {
  return { kind: 'encoded', data };
}

// 1 2 3 4
// 5 6 7 8
const grid = grey(4, 2, [1, 2, 3, 4, 5, 6, 7, 8]);

describe('geometry', () => {
  it('leaves a picture of the right size as it is', async () => {
    expect(await seen(grid, { width: 4, height: 2 })).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it.each([
    [90, 2, 4, [5, 1, 6, 2, 7, 3, 8, 4]],
    [180, 4, 2, [8, 7, 6, 5, 4, 3, 2, 1]],
    [270, 2, 4, [4, 8, 3, 7, 2, 6, 1, 5]],
  ] as const)('turns by %i degrees clockwise', async (rotate, width, height, expected) => {
    expect(await seen(grid, { width, height }, { rotate })).toEqual(expected);
  });

  it.each([
    [0, 3, 1, [6, 7, 8]],
    [90, 1, 3, [6, 7, 8]],
    [180, 3, 1, [8, 7, 6]],
    [270, 1, 3, [8, 7, 6]],
  ] as const)(
    'cuts the region out of the picture as it came and turns it by %i degrees',
    async (rotate, width, height, expected) => {
      const view: View = { region: { left: 1, top: 1, width: 3, height: 1 }, rotate };
      expect(await seen(grid, { width, height }, view)).toEqual(expected);
    },
  );

  it('stretches without regard to the aspect', async () => {
    expect(await seen(grey(2, 1, [10, 20]), { width: 2, height: 3 })).toEqual([10, 20, 10, 20, 10, 20]);
  });

  it('keeps the aspect in a letterbox and fills the bars', async () => {
    const picture = grey(4, 2, new Array<number>(8).fill(200));
    const target = { width: 4, height: 4, resize: 'letterbox', fill: 7 } as const;
    const bar = [7, 7, 7, 7];
    const row = [200, 200, 200, 200];
    expect(await seen(picture, target)).toEqual([...bar, ...row, ...row, ...bar]);
    expect(await seen(picture, { ...target, channels: 3, height: 3, width: 4 }, upright)).toHaveLength(36);
  });

  it('has no bars where the turned picture fits', async () => {
    const picture = grey(4, 2, new Array<number>(8).fill(200));
    const target = { width: 2, height: 4, resize: 'letterbox', fill: 7 } as const;
    expect(await seen(picture, target, { rotate: 90 })).toEqual(new Array<number>(8).fill(200));
  });

  it('covers by cutting what sticks out on both sides', async () => {
    expect(await seen(grid, { width: 2, height: 2, resize: 'cover' })).toEqual([2, 3, 6, 7]);
  });

  it('names both sizes when the region is not inside of the picture', async () => {
    const view: View = { region: { left: 2, top: 0, width: 3, height: 2 }, rotate: 0 };
    await expect(seen(grid, { width: 3, height: 2 }, view)).rejects.toMatchObject({
      code: 'IMAGE_REGION_OUTSIDE',
      got: 'a picture of 4 x 2 pixels',
      expected: 'at least 5 x 2 for the region 3 x 2 at left 2, top 0',
    });
  });
});

describe('pixels', () => {
  it('makes three channels of grey and grey of three channels', async () => {
    expect(await seen(grey(1, 1, [99]), { width: 1, height: 1, channels: 3 })).toEqual([99, 99, 99]);
    const colour: RawImage = { kind: 'raw', format: 'rgb8', width: 1, height: 1, data: Uint8Array.of(80, 80, 80) };
    expect(await seen(colour, { width: 1, height: 1 })).toEqual([80]);
  });

  it('keeps the order red, green, blue', async () => {
    const data = Uint8Array.of(250, 100, 5);
    const colour: RawImage = { kind: 'raw', format: 'rgb8', width: 1, height: 1, data };
    expect(await seen(colour, { width: 1, height: 1, channels: 3 })).toEqual([250, 100, 5]);
    const png = await sharp(data, { raw: { width: 1, height: 1, channels: 3 } })
      .png()
      .toBuffer();
    expect(await seen(encoded(png), { width: 1, height: 1, channels: 3 })).toEqual([250, 100, 5]);
  });

  it('shows a colour model brightness alone when the camera counts as grey', async () => {
    const red: RawImage = { kind: 'raw', format: 'rgb8', width: 1, height: 1, data: Uint8Array.of(255, 0, 0) };
    const target = { width: 1, height: 1, channels: 3 } as const;
    expect(await seen(red, target)).toEqual([255, 0, 0]);
    const [first, second, third] = await seen(red, target, { rotate: 0, color: 'grey' });
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(255);
    expect([second, third]).toEqual([first, first]);
  });

  it('brings 16 bits to 8', async () => {
    const wide = Buffer.concat([12, 200].map((level) => Uint8Array.of(0, level, level)));
    const png = pngOf(1, 2, { bitDepth: 16, data: wide });
    expect(await seen(encoded(png), { width: 1, height: 2 })).toEqual([12, 200]);
    expect(await seen(encoded(png), { width: 1, height: 2, channels: 3 })).toEqual([12, 12, 12, 200, 200, 200]);
  });

  it('removes alpha', async () => {
    const rgba = Uint8Array.of(10, 20, 30, 255, 40, 50, 60, 255);
    const png = await sharp(rgba, { raw: { width: 2, height: 1, channels: 4 } })
      .png()
      .toBuffer();
    expect(await seen(encoded(png), { width: 2, height: 1, channels: 3 })).toEqual([10, 20, 30, 40, 50, 60]);
  });

  it('leaves the EXIF orientation alone', async () => {
    const pixels = Buffer.from([...Array<number>(64).fill(0), ...Array<number>(64).fill(255)]);
    const jpeg = await sharp(pixels, { raw: { width: 8, height: 16, channels: 1 } })
      .jpeg({ quality: 100 })
      .withMetadata({ orientation: 6 })
      .toBuffer();
    expect(await seen(encoded(jpeg), { width: 1, height: 2 })).toEqual([0, 255]);
  });

  it.each(['jpeg', 'png', 'tiff', 'webp'] as const)('reads %s', async (format) => {
    const flat = sharp(Buffer.alloc(256, 120), { raw: { width: 16, height: 16, channels: 1 } });
    const data = await flat.toFormat(format).toBuffer();
    expect(await seen(encoded(data), { width: 1, height: 1 })).toEqual([expect.closeTo(120, -0.5)]);
  });

  it('reads bytes in the middle of a larger buffer, and shared memory', async () => {
    const whole = Uint8Array.of(0, 0, 0, 0, 9, 8, 7, 6, 0, 0);
    const part: RawImage = { kind: 'raw', format: 'grey8', width: 2, height: 2, data: whole.subarray(4, 8) };
    expect(await seen(part, { width: 2, height: 2 })).toEqual([9, 8, 7, 6]);
    const shared = new Uint8Array(new SharedArrayBuffer(4));
    shared.set([5, 6, 7, 8]);
    expect(await seen({ ...part, data: shared }, { width: 2, height: 2 })).toEqual([5, 6, 7, 8]);
  });
});

describe('BMP', () => {
  const target = { width: 3, height: 2 };
  it('reads 8-bit grey with padded rows, from the bottom or from the top', async () => {
    const pixels = [1, 2, 3, 4, 5, 6];
    expect(await seen(encoded(bmpOf(3, 2, 8, pixels)), target)).toEqual(pixels);
    expect(await seen(encoded(bmpOf(3, 2, 8, pixels, { topDown: true })), target)).toEqual(pixels);
  });

  it('reads 24 and 32 bits and puts red first', async () => {
    const bgr = [5, 100, 250, 6, 101, 251, 7, 102, 252];
    const rgb = [250, 100, 5, 251, 101, 6, 252, 102, 7];
    const colour = { width: 3, height: 1, channels: 3 } as const;
    expect(await seen(encoded(bmpOf(3, 1, 24, bgr)), colour)).toEqual(rgb);
    const bgrx = [5, 100, 250, 0, 6, 101, 251, 0, 7, 102, 252, 0];
    expect(await seen(encoded(bmpOf(3, 1, 32, bgrx)), colour)).toEqual(rgb);
  });

  it('cuts and turns it as any other picture', async () => {
    const view: View = { region: { left: 1, top: 0, width: 2, height: 2 }, rotate: 180 };
    expect(await seen(encoded(bmpOf(3, 2, 8, [1, 2, 3, 4, 5, 6])), { width: 2, height: 2 }, view)).toEqual([
      6, 5, 3, 2,
    ]);
  });

  it('refuses a palette of colours, compression and missing rows', async () => {
    const coloured = bmpOf(3, 2, 8, [1, 2, 3, 4, 5, 6], { palette: (level) => [level, 0, 0] });
    await expect(seen(encoded(coloured), target)).rejects.toMatchObject({ code: 'IMAGE_FORMAT_UNSUPPORTED' });
    const compressed = bmpOf(3, 2, 8, [1, 2, 3, 4, 5, 6]);
    compressed[30] = 1;
    await expect(seen(encoded(compressed), target)).rejects.toMatchObject({ code: 'IMAGE_FORMAT_UNSUPPORTED' });
    const short = bmpOf(3, 2, 8, [1, 2, 3, 4, 5, 6]).subarray(0, -4);
    await expect(seen(encoded(short), target)).rejects.toMatchObject({ code: 'IMAGE_CORRUPT' });
    await expect(seen(encoded(short.subarray(0, 20)), target)).rejects.toMatchObject({ code: 'IMAGE_CORRUPT' });
  });
});

describe('hostile bytes', () => {
  const target = { width: 8, height: 8 };

  async function expectRefused(data: Uint8Array, code: string, got: RegExp): Promise<void> {
    const consequence = 'degraded';
    await expect(seen(encoded(data), target)).rejects.toMatchObject({
      code,
      consequence,
      got: expect.stringMatching(got),
    });
  }

  it('refuses a picture of 20,000 x 20,000 pixels by its header', async () => {
    const bomb = pngOf(20_000, 20_000, { bitDepth: 1, data: Buffer.alloc(20_000 * 2501) });
    expect(bomb.byteLength).toBeLessThan(100_000);
    await expectRefused(bomb, 'IMAGE_TOO_LARGE', /^20000 x 20000 pixels$/);
  });

  it('refuses raw pixels and BMP files beyond the limit too', async () => {
    await expect(seen(grid, target, upright, 7)).rejects.toMatchObject({ code: 'IMAGE_TOO_LARGE' });
    const bmp = encoded(bmpOf(3, 2, 8, [1, 2, 3, 4, 5, 6]));
    await expect(seen(bmp, target, upright, 5)).rejects.toMatchObject({ code: 'IMAGE_TOO_LARGE' });
  });

  it('refuses an empty file', async () => {
    await expect(seen(encoded(new Uint8Array(0)), target)).rejects.toMatchObject({ code: 'IMAGE_EMPTY' });
  });

  it.each(['jpeg', 'png', 'webp', 'tiff'] as const)('refuses a %s that ends too early', async (format) => {
    const noise = Buffer.from(Array.from({ length: 64 * 64 }, (_, index) => (index * 7919) % 251));
    const whole = await sharp(noise, { raw: { width: 64, height: 64, channels: 1 } })
      .toFormat(format)
      .toBuffer();
    await expectRefused(whole.subarray(0, Math.floor(whole.length * 0.6)), 'IMAGE_CORRUPT', /./);
  });

  it('refuses bytes that only begin as a picture', async () => {
    await expectRefused(
      Buffer.concat([Uint8Array.of(0xff, 0xd8, 0xff), Buffer.alloc(500, 0x41)]),
      'IMAGE_CORRUPT',
      /./,
    );
    const png = pngOf(8, 8, { data: Buffer.from('not the pixels of this size') });
    await expectRefused(png, 'IMAGE_CORRUPT', /./);
  });

  it('refuses kinds of files that are not cameras’, by their first bytes', async () => {
    await expectRefused(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'IMAGE_FORMAT_UNSUPPORTED', /^SVG/);
    await expectRefused(Buffer.from('%PDF-1.7'), 'IMAGE_FORMAT_UNSUPPORTED', /^PDF$/);
    await expectRefused(Buffer.from('GIF89a'), 'IMAGE_FORMAT_UNSUPPORTED', /^GIF$/);
    await expectRefused(Buffer.from('hello, gateway'), 'IMAGE_FORMAT_UNSUPPORTED', /begins with 68 65 6c 6c 6f/);
  });

  it('keeps the decoders of other formats shut, whatever the first bytes claim', async () => {
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
    await expect(sharp(svg).png().toBuffer()).rejects.toThrow('unsupported image format');
  });

  it('refuses files of several pictures', async () => {
    const frames = await Promise.all(
      [10, 240].map((level) =>
        sharp(Buffer.alloc(64, level), { raw: { width: 8, height: 8, channels: 1 } })
          .png()
          .toBuffer(),
      ),
    );
    const joined = sharp(frames, { join: { animated: true } });
    await expectRefused(await joined.clone().webp().toBuffer(), 'IMAGE_ANIMATED', /WebP of 2 pictures/);
    await expectRefused(await joined.clone().tiff().toBuffer(), 'IMAGE_ANIMATED', /TIFF of 2 pictures/);
    await expectRefused(pngOf(8, 8, { animated: true, data: Buffer.alloc(72) }), 'IMAGE_ANIMATED', /animated PNG/);
  });

  it.each(['jpeg', 'png', 'webp', 'tiff', 'bmp'] as const)(
    'gives pixels or a clear error for any damage to a %s',
    async (format) => {
      const levels = Array.from({ length: 32 * 32 }, (_, index) => (index * 7919) % 251);
      const raw = sharp(Buffer.from(levels), { raw: { width: 32, height: 32, channels: 1 } });
      const whole = format === 'bmp' ? bmpOf(32, 32, 8, levels) : await raw.toFormat(format).toBuffer();
      let seed = 1;
      const random = (below: number): number => {
        // Numerical Recipes' linear congruential generator: the same damage in every run.
        seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
        return seed % below;
      };
      let refused = 0;
      for (let round = 0; round < 150; round += 1) {
        const damaged = Uint8Array.from(whole);
        for (let hit = 0; hit <= random(4); hit += 1) {
          // Headers decide most, so half of the damage goes there.
          damaged[random(random(2) === 0 ? 64 : damaged.length)] = random(256);
        }
        try {
          expect(await seen(encoded(damaged), target)).toHaveLength(64);
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^IMAGE_/), consequence: 'degraded' });
          refused += 1;
        }
      }
      expect(refused).toBeGreaterThan(0);
    },
  );

  it('refuses raw pixels of another length than their size says', async () => {
    const short: RawImage = { ...grid, data: grid.data.subarray(0, 7) };
    await expect(seen(short, target)).rejects.toMatchObject({
      code: 'IMAGE_CORRUPT',
      got: '7 bytes of pixels',
      expected: '8 for 4 x 2 grey8',
    });
  });
});
