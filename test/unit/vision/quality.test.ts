import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Image } from '#jidoka/domain/frame.js';
import { distributionOf, proposalFor, referenceOf } from '#jidoka/vision/quality/calibration.js';
import { Comparison, plainMeasures } from '#jidoka/vision/quality/comparison.js';
import { QualityMeter } from '#jidoka/vision/quality/quality-meter.js';
import { readReference, writeReference } from '#jidoka/vision/quality/reference-file.js';
import { type Thumbnail, thumbnailOf } from '#jidoka/vision/quality/thumbnail.js';

const WIDTH = 160;
const HEIGHT = 100;
const MAX_PIXELS = 1_000_000;

interface Scene {
  readonly right?: number;
  readonly down?: number;
  readonly light?: number;
  /** Seed of the part; without one there is none. */
  readonly part?: number;
}

/** A fixture of edges and screws that stands still, with a striped part in its middle that never looks the same. */
function picture({ right = 0, down = 0, light = 1, part }: Scene): Thumbnail {
  const data = new Uint8Array(WIDTH * HEIGHT);
  for (let at = 0; at < data.length; at += 1) {
    const [x, y] = [(at % WIDTH) - right, Math.floor(at / WIDTH) - down];
    const screw = Math.hypot(x - 14, y - 14) < 6 || Math.hypot(x - 146, y - 86) < 6;
    const rail = Math.abs(x - 25) < 2 || Math.abs(x - 135) < 2 || Math.abs(y - 8) < 1 || Math.abs(y - 92) < 1;
    let level = screw ? 150 : rail ? 40 : 90;
    const inside = x >= 45 && x < 115 && y >= 30 && y < 70;
    if (part !== undefined && inside) level = 130 + 40 * Math.sin(x * (0.5 + 0.1 * part) + y * 0.7 + part);
    data[at] = Math.max(0, Math.min(255, Math.round(level * light)));
  }
  return { width: WIDTH, height: HEIGHT, data };
}

const parts = Array.from({ length: 12 }, (_, part) => picture({ part, light: 0.97 + 0.005 * part }));
const empties = Array.from({ length: 6 }, (_, index) => picture({ light: 0.98 + 0.005 * index }));
const reference = referenceOf(parts, empties);
const comparison = new Comparison(reference);

describe('plainMeasures', () => {
  it('tells light, white and detail', () => {
    const half = { width: 4, height: 4, data: new Uint8Array(16).fill(0, 0, 8).fill(255, 8) };
    expect(plainMeasures(half)).toMatchObject({ brightness: 127.5, saturated: 0.5 });
    expect(plainMeasures({ width: 4, height: 4, data: new Uint8Array(16).fill(90) }).sharpness).toBe(0);
  });

  it('finds a picture less sharp when it is blurred, and not when there is more light', async () => {
    const sharpOne = picture({ part: 3, light: 0.8 });
    const raw = { width: WIDTH, height: HEIGHT, channels: 1 as const };
    const data = await sharp(sharpOne.data, { raw }).blur(1.2).toColourspace('b-w').raw().toBuffer();
    const sharpness = plainMeasures(sharpOne).sharpness;
    expect(plainMeasures({ ...sharpOne, data }).sharpness).toBeLessThan(sharpness / 2);
    expect(plainMeasures(picture({ part: 3, light: 1.3 })).sharpness).toBeCloseTo(sharpness, 2);
  });
});

describe('a comparison with the reference', () => {
  it.each([
    [0, 0],
    [1, 0],
    [-3, 2],
    [8, -5],
    [-14, 11],
  ])('finds the scene %i further right and %i further down', (right, down) => {
    const { scene } = comparison.measure(picture({ part: 20, right, down }));
    expect((scene?.right ?? 9) * WIDTH).toBeCloseTo(right, 0);
    expect((scene?.down ?? 9) * WIDTH).toBeCloseTo(down, 0);
    expect(scene?.matchThere).toBeGreaterThan(0.95);
    if (Math.hypot(right, down) > 2) expect(scene?.match).toBeLessThan(0.7);
  });

  it('does not find it where it is another one', () => {
    const other = {
      width: WIDTH,
      height: HEIGHT,
      data: Uint8Array.from({ length: WIDTH * HEIGHT }, (_, at) => (at * 73) % 211),
    };
    expect(comparison.measure(other).scene?.matchThere).toBeLessThan(0.4);
  });

  it('tells the light on the fixture, whatever the part is like', () => {
    for (const light of [0.6, 1, 1.4])
      expect(comparison.measure(picture({ part: 30, light })).light).toBeCloseTo(light, 1);
  });

  it('tells a scene without a part from one with, in any light', () => {
    for (const light of [0.8, 1, 1.2]) {
      expect(comparison.measure(picture({ light })).presence).toBeLessThan(3);
      expect(comparison.measure(picture({ light, part: 40 })).presence).toBeGreaterThan(15);
    }
  });

  it('says nothing of movement, light or absence where nothing stands still and no empty scene is known', () => {
    const noise = Array.from({ length: 8 }, (_, seed) => ({
      width: WIDTH,
      height: HEIGHT,
      data: createHash('shake256', { outputLength: WIDTH * HEIGHT })
        .update(`${seed}`)
        .digest(),
    }));
    const measures = new Comparison(referenceOf(noise, [])).measure(noise[0] ?? picture({}));
    expect(Object.keys(measures).sort()).toEqual(['brightness', 'deviation', 'saturated', 'sharpness']);
    const { limits, notes } = proposalFor(distributionOf([measures], []));
    expect(Object.keys(limits)).not.toContain('minimumMatch');
    expect(notes.join(' ')).toMatch(/Nothing with edges stands still/);
  });
});

describe('the proposal', () => {
  const measured = distributionOf(
    parts.map((part) => comparison.measure(part)),
    empties.map((empty) => comparison.measure(empty)),
  );

  it('has a limit for everything that can be watched, with room for good pictures', () => {
    const { limits, notes } = proposalFor(measured);
    expect(notes).toEqual([]);
    expect(limits).toMatchObject({ maximumShift: 0.01, maximumSaturated: 0.1 });
    expect(limits['minimumLight']).toBeLessThan(0.85);
    expect(limits['minimumPresence']).toBeGreaterThan(3);
    expect(Object.keys(limits)).not.toContain('maximumDeviation');
  });

  it('takes the deviation for absence only where parts are alike', () => {
    const { presence: _, emptyPresence: __, ...rest } = measured;
    const alike = { ...rest, deviation: { least: 1, median: 2, greatest: 4 } };
    expect(proposalFor(alike).limits['maximumDeviation']).toBe(10);
    const unlike = proposalFor({ ...rest, deviation: { least: 1, median: 20, greatest: 60 } });
    expect(Object.keys(unlike.limits)).not.toContain('maximumDeviation');
    expect(unlike.notes).toEqual([expect.stringContaining('--empty')]);
  });
});

describe('the reference file', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'jidoka-reference-'));
    path = join(folder, 'quality', 'press.json');
    const notes = { station: 'press', gateway: 'gw', takenAt: 'now', frames: 12, emptyFrames: 6, measured: {} };
    await writeReference(path, reference, notes);
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  it('gives back what was written', async () => {
    const read = await readReference(path);
    expect(Buffer.from(read.scene.data).equals(Buffer.from(reference.scene.data))).toBe(true);
    expect(Buffer.from(read.still).equals(Buffer.from(reference.still))).toBe(true);
    expect(Buffer.from(read.empty?.data ?? []).equals(Buffer.from(reference.empty?.data ?? []))).toBe(true);
  });

  it('measures pictures of any size and kind by it', async () => {
    const meter = new QualityMeter({ maxImagePixels: MAX_PIXELS, reference: path });
    await meter.open();
    const { data } = picture({ part: 5 });
    const jpeg = await sharp(data, { raw: { width: WIDTH, height: HEIGHT, channels: 1 } })
      .resize({ width: 800, height: 500, kernel: 'nearest' })
      .jpeg({ quality: 95 })
      .toBuffer();
    const image: Image = { kind: 'encoded', data: jpeg };
    const measures = await meter.measure(image);
    expect(measures.scene?.match).toBeGreaterThan(0.95);
    expect(measures.light).toBeCloseTo(1, 1);
    await expect(meter.measure({ kind: 'encoded', data: jpeg.subarray(0, 500) })).rejects.toThrow(/IMAGE_/);
  });

  it.each<[string, () => Promise<void>, RegExp]>([
    ['is gone', () => rm(path), /ENOENT/],
    ['is no JSON', () => writeFile(path, '{'), /JSON/],
    ['is of something else', () => writeFile(path, '{"schema":"other"}'), /schema/],
    ['has lost its picture', () => rm(path.replace('.json', '.png')), /ENOENT/],
    [
      'has the picture of another',
      async () => writeFile(path.replace('.json', '.png'), await readFile(path.replace('.json', '-empty.png'))),
      /is not the file that was written with it/,
    ],
    [
      'points out of its folder',
      async () => writeFile(path, (await readFile(path, 'utf8')).replace('"press.png"', '"../press.png"')),
      /file/,
    ],
  ])('is refused where it %s', async (_, damage, text) => {
    await damage();
    const refused = new QualityMeter({ maxImagePixels: MAX_PIXELS, reference: path }).open();
    await expect(refused).rejects.toThrow(text);
    await expect(refused).rejects.toMatchObject({ code: 'QUALITY_REFERENCE_UNUSABLE', consequence: 'config' });
  });
});

describe('thumbnailOf', () => {
  it('is grey and small, and stretches what must lie on a reference', async () => {
    const data = new Uint8Array(3 * 64 * 32);
    for (let at = 0; at < data.length; at += 3) data.set([200, 100, 50], at);
    const image: Image = { kind: 'raw', format: 'rgb8', width: 64, height: 32, data };
    const free = await thumbnailOf(image, MAX_PIXELS, { width: 16 });
    expect([free.width, free.height, free.data.length]).toEqual([16, 8, 128]);
    expect((await thumbnailOf(image, MAX_PIXELS, { width: 10, height: 10 })).data).toHaveLength(100);
    expect(free.data[0]).toBeGreaterThan(100);
  });
});
