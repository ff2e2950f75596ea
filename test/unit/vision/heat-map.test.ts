import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import type { Image } from '#jidoka/domain/frame.js';
import type { ClassMap } from '#jidoka/domain/model.js';
import { coveredArea, drawHeatMap, evidenceFor } from '#jidoka/vision/heat-map.js';
import { bmpOf } from '../../simulators/pictures.js';

type Resize = 'stretch' | 'letterbox' | 'cover';

const LABELS = ['good', 'dent'];
const ROWS = 4;
const COLUMNS = 5;
const GREY = 128;

/** A map with evidence for "dent" at one spot, less at its neighbour, and evidence against it elsewhere. */
function mapWith(row: number, column: number, peak = 3): ClassMap {
  const values = new Float32Array(ROWS * COLUMNS * LABELS.length).fill(-1);
  values[(row * COLUMNS + column) * LABELS.length + 1] = peak;
  return { rows: ROWS, columns: COLUMNS, labels: LABELS, values };
}

function flat(width: number, height: number): Image {
  return { kind: 'raw', format: 'grey8', width, height, data: new Uint8Array(width * height).fill(GREY) };
}

async function overlay(image: Image, map: ClassMap, resize: Resize, label = 'dent') {
  const form = { input: { width: 50, height: 40 }, preprocessing: { resize } };
  const png = await drawHeatMap(image, map, label, form, 100_000_000);
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  return { data, width: info.width, height: info.height, channels: info.channels };
}

/** The middle of the pixels that are as yellow as any: the ramp ends in it. */
function hottest({ data, width, channels }: Awaited<ReturnType<typeof overlay>>): { x: number; y: number } {
  const yellow = Array.from(
    { length: data.length / channels },
    (_, pixel) => (data[pixel * channels] ?? 0) + (data[pixel * channels + 1] ?? 0) - (data[pixel * channels + 2] ?? 0),
  );
  const most = Math.max(...yellow);
  const spots = yellow.flatMap((value, pixel) => (value === most ? [pixel] : []));
  const mean = (of: (pixel: number) => number): number =>
    spots.reduce((sum, pixel) => sum + of(pixel), 0) / spots.length;
  return { x: mean((pixel) => pixel % width) + 0.5, y: mean((pixel) => Math.floor(pixel / width)) + 0.5 };
}

describe('coveredArea', () => {
  const input = { width: 50, height: 40 };

  it('is the picture, or more than it, or a part of it', () => {
    const picture = { width: 200, height: 40 };
    expect(coveredArea(picture, input, 'stretch')).toEqual({ left: 0, top: 0, width: 200, height: 40 });
    expect(coveredArea(picture, input, 'letterbox')).toEqual({ left: 0, top: -60, width: 200, height: 160 });
    expect(coveredArea(picture, input, 'cover')).toEqual({ left: 75, top: 0, width: 50, height: 40 });
  });

  it('is the picture where it has the aspect of the input', () => {
    for (const resize of ['stretch', 'letterbox', 'cover'] as const) {
      expect(coveredArea({ width: 25, height: 20 }, input, resize)).toEqual({ left: 0, top: 0, width: 25, height: 20 });
    }
  });
});

describe('evidenceFor', () => {
  it('gives shares of the greatest evidence for any label, and nothing for evidence against', () => {
    const values = Float32Array.of(4, 1, -2, 2);
    const map = { rows: 1, columns: 2, labels: LABELS, values };
    expect([...evidenceFor(map, 'good')]).toEqual([1, 0]);
    expect([...evidenceFor(map, 'dent')]).toEqual([0.25, 0.5]);
    expect([...evidenceFor({ ...map, values: Float32Array.of(-1, -2, -3, 0) }, 'good')]).toEqual([0, 0]);
  });
});

describe('drawHeatMap', () => {
  // The centre of a cell in shares of the input, brought back to the picture by hand.
  it.each([
    ['stretch', 200, 40, 1, 3, { x: 140, y: 15 }],
    ['stretch', 30, 120, 2, 1, { x: 9, y: 75 }],
    // 160 rows of the input's scale for 40 of the picture: the bars above and below take 60 each.
    ['letterbox', 200, 40, 1, 3, { x: 140, y: 0.5 }],
    ['letterbox', 30, 120, 2, 2, { x: 15, y: 75 }],
    // The middle 50 columns, or the middle 24 rows, are all that the model sees.
    ['cover', 200, 40, 1, 3, { x: 110, y: 15 }],
    ['cover', 30, 120, 2, 3, { x: 21, y: 63 }],
    ['letterbox', 100, 80, 2, 1, { x: 30, y: 50 }],
  ] as const)(
    'puts the hottest spot where the map has it: %s, %i x %i',
    async (resize, width, height, row, column, spot) => {
      const drawn = await overlay(flat(width, height), mapWith(row, column), resize);
      expect([drawn.width, drawn.height]).toEqual([width, height]);
      const { x, y } = hottest(drawn);
      expect(Math.abs(x - spot.x)).toBeLessThanOrEqual(1);
      expect(Math.abs(y - spot.y)).toBeLessThanOrEqual(1);
    },
  );

  it('leaves the picture as it is where there is no evidence, and where the model does not look', async () => {
    const nothing = await overlay(flat(60, 40), mapWith(0, 0, -2), 'stretch');
    expect(nothing.data.every((value) => value === GREY)).toBe(true);
    const values = new Float32Array(ROWS * COLUMNS * LABELS.length).fill(1);
    const everywhere = { rows: ROWS, columns: COLUMNS, labels: LABELS, values };
    const cut = await overlay(flat(200, 40), everywhere, 'cover');
    const changed = Array.from({ length: cut.width }, (_, x) => cut.data[x * cut.channels + 2] !== GREY);
    expect(changed.indexOf(true)).toBe(75);
    expect(changed.lastIndexOf(true)).toBe(124);
  });

  it('shows little where another label has more', async () => {
    const map = mapWith(1, 2, 0.5);
    map.values[0] = 50;
    const drawn = await overlay(flat(50, 40), map, 'stretch');
    const change = Math.max(...[...drawn.data].map((value) => Math.abs(value - GREY)));
    expect(change).toBeLessThan(8);
  });

  it('keeps the colours of the picture, those of a BMP too, and drops what it cannot show', async () => {
    const red = Array.from({ length: 8 * 4 }, () => [10, 20, 200]).flat();
    const picture: Image = { kind: 'encoded', data: bmpOf(8, 4, 24, red) };
    const drawn = await overlay(picture, mapWith(0, 0, -1), 'stretch');
    expect([...drawn.data.subarray(0, 3)]).toEqual([200, 20, 10]);
    const transparent = await sharp({ create: { width: 6, height: 5, channels: 4, background: '#01020300' } })
      .png()
      .toBuffer();
    const opaque = await overlay({ kind: 'encoded', data: transparent }, mapWith(0, 0, -1), 'stretch');
    expect([opaque.channels, opaque.width, opaque.height]).toEqual([3, 6, 5]);
  });

  it('never enlarges a picture, and makes a very large one smaller', { timeout: 120_000 }, async () => {
    const small = await overlay(flat(3, 2), mapWith(1, 1), 'cover');
    expect([small.width, small.height]).toEqual([3, 2]);
    const large = await overlay(flat(6000, 3000), mapWith(1, 3), 'stretch');
    expect(large.width * large.height).toBeLessThanOrEqual(16_000_000);
    expect(large.width / large.height).toBeCloseTo(2, 2);
  });

  it('draws a map of one cell', async () => {
    const map = { rows: 1, columns: 1, labels: LABELS, values: Float32Array.of(0, 2) };
    const drawn = await overlay(flat(9, 7), map, 'stretch');
    expect(new Set(drawn.data).size).toBe(3);
  });

  it('refuses a picture that is torn', async () => {
    const torn: Image = { kind: 'encoded', data: Uint8Array.of(1, 2, 3) };
    await expect(overlay(torn, mapWith(0, 0), 'stretch')).rejects.toMatchObject({ code: 'IMAGE_FORMAT_UNSUPPORTED' });
  });
});
