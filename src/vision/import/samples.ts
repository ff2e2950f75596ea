import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../base/errors.js';
import { visionErrors } from '../errors.js';
import { findPictures, foldersAmong } from '../image-files.js';
import { sharp } from '../image-library.js';
import type { Manifest } from '../manifest.js';

/** A picture to try the model on. */
export interface Sample {
  /** What to call it: the file, or for a generated picture what it shows. */
  readonly name: string;
  /** The file it is read from; a generated picture has its bytes at once. */
  readonly from: { readonly file: string } | { readonly data: Uint8Array };
  /** What it is, where a class folder says so. */
  readonly label: string | undefined;
}

export interface FoundSamples {
  readonly samples: readonly Sample[];
  readonly notes: readonly string[];
}

/**
 * Sample pictures of a folder: of its class folders, which are named as the labels, or where it has none all of its
 * pictures. Of more than `limit` it takes as many of each class, spread over the names.
 * @throws IMPORT_SAMPLES_UNUSABLE where there is no picture
 */
export async function findSamples(folder: string, labels: readonly string[], limit: number): Promise<FoundSamples> {
  const entries = await readdir(folder).catch((cause: unknown) => {
    throw visionErrors.IMPORT_SAMPLES_UNUSABLE({ where: folder, got: messageOf(cause), expected: 'a folder', cause });
  });
  const { folders } = await foldersAmong(folder, entries);
  const classes = labels.filter((label) => folders.includes(label));
  if (classes.length === 0) {
    const { pictures } = await findPictures(folder);
    if (pictures.length === 0) throw noPictures(folder);
    const named = folders.length === 0 ? [] : [`no folder is named as a label (${folders.slice(0, 6).join(', ')})`];
    const samples = spread(pictures, limit).map((file) => ({ name: file, from: { file }, label: undefined }));
    return { samples, notes: named };
  }
  const perClass = Math.max(1, Math.floor(limit / classes.length));
  const samples: Sample[] = [];
  const empty: string[] = [];
  for (const label of classes) {
    const { pictures } = await findPictures(join(folder, label));
    if (pictures.length === 0) empty.push(label);
    for (const file of spread(pictures, perClass)) samples.push({ name: file, from: { file }, label });
  }
  if (samples.length === 0) throw noPictures(folder);
  const others = folders.filter((name) => !labels.includes(name));
  const missing = [...labels.filter((label) => !classes.includes(label)), ...empty];
  return {
    samples,
    notes: [
      ...(others.length > 0 ? [`folders that are not named as a label were left alone: ${others.join(', ')}`] : []),
      ...(missing.length > 0 ? [`no pictures of ${missing.join(', ')}`] : []),
    ],
  };
}

/**
 * Pictures that need no camera: flat, graded, striped and noisy, of the size of the input. They show that a model runs
 * and how its scores are made, and nothing of what it is worth.
 */
export async function generatedSamples({ width, height }: Manifest['input']): Promise<readonly Sample[]> {
  const painters: readonly (readonly [string, (x: number, y: number, channel: number) => number])[] = [
    ['black', () => 0],
    ['white', () => 255],
    ['red', (_x, _y, channel) => (channel === 0 ? 200 : 40)],
    ['gradient', (x) => Math.round((255 * x) / Math.max(1, width - 1))],
    ['stripes', (x, y) => ((x + y) % 8 < 4 ? 60 : 190)],
    ['noise', noise(1)],
  ];
  return Promise.all(
    painters.map(async ([name, level]) => {
      const pixels = new Uint8Array(width * height * 3);
      for (const index of pixels.keys()) {
        const pixel = Math.floor(index / 3);
        pixels[index] = level(pixel % width, Math.floor(pixel / width), index % 3);
      }
      const data = await sharp(pixels, { raw: { width, height, channels: 3 } })
        .png()
        .toBuffer();
      return { name: `generated-${name}.png`, from: { data: new Uint8Array(data) }, label: undefined };
    }),
  );
}

/** The last two parts of a path, by which people tell pictures of class folders apart. */
export function shortName(path: string): string {
  return path.split(/[\\/]/).slice(-2).join('/');
}

/** Up to `count` of the items, evenly spread over them. */
export function spread<T>(items: readonly T[], count: number): readonly T[] {
  if (items.length <= count) return items;
  return items.filter(
    (_, index) => Math.floor((index * count) / items.length) !== Math.floor(((index - 1) * count) / items.length),
  );
}

function noPictures(folder: string): Error {
  return visionErrors.IMPORT_SAMPLES_UNUSABLE({ where: folder, got: 'no pictures' });
}

/** Mulberry32, so that the same pictures come each time. */
function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) & 0xff;
  };
}
