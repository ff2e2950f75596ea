import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { messageOf } from '../../base/errors.js';
import { visionErrors } from '../errors.js';
import { sharp } from '../image-library.js';
import type { Distribution } from './calibration.js';
import type { Reference } from './comparison.js';
import type { Size, Thumbnail } from './thumbnail.js';

const MAX_FILE_BYTES = 4_194_304;
export const MAX_REFERENCE_SIDE = 1024;

const side = z.int().min(8).max(MAX_REFERENCE_SIDE);
const picture = z.object({
  file: z.string().regex(/^[^/\\\p{C}]{1,128}$/u),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
const content = z.object({
  schema: z.literal('jidoka.quality/1'),
  width: side,
  height: side,
  scene: picture,
  still: picture,
  empty: picture.exactOptional(),
});

/** What is written down with a reference for people. */
export interface ReferenceNotes {
  readonly station: string;
  readonly gateway: string;
  readonly takenAt: string;
  readonly frames: number;
  readonly emptyFrames: number;
  readonly measured: Distribution;
}

/**
 * Writes `PATH.json`, and beside it as pictures the scene (`PATH.png`), what stands still in it (`PATH-still.png`, white)
 * and the empty scene (`PATH-empty.png`). The JSON comes last, so that it never names pictures of another calibration.
 */
export async function writeReference(
  path: string,
  { scene, still, empty }: Reference,
  notes: ReferenceNotes,
): Promise<void> {
  const stem = path.replace(/\.json$/, '');
  await mkdir(dirname(stem), { recursive: true });
  const { width, height } = scene;
  const form = { width, height };
  const sceneEntry = await writePicture(`${stem}.png`, scene.data, form);
  const stillEntry = await writePicture(`${stem}-still.png`, still, form);
  const emptyEntry = empty && (await writePicture(`${stem}-empty.png`, empty.data, form));
  const entry = {
    schema: 'jidoka.quality/1',
    ...notes,
    width,
    height,
    scene: sceneEntry,
    still: stillEntry,
    ...(emptyEntry !== undefined && { empty: emptyEntry }),
  };
  await replace(`${stem}.json`, Buffer.from(`${JSON.stringify(entry, null, 2)}\n`));
}

/** @throws QUALITY_REFERENCE_UNUSABLE (config) */
export async function readReference(path: string): Promise<Reference> {
  try {
    const entry = content.parse(JSON.parse((await readBounded(path)).toString('utf8')));
    const read = async ({ file, sha256 }: z.infer<typeof picture>): Promise<Thumbnail> => {
      const { width, height } = entry;
      return { width, height, data: await readPicture(join(dirname(path), file), sha256, { width, height }) };
    };
    const { data: still } = await read(entry.still);
    const empty = entry.empty && (await read(entry.empty));
    return { scene: await read(entry.scene), still, ...(empty !== undefined && { empty }) };
  } catch (cause) {
    const got = cause instanceof z.ZodError ? z.prettifyError(cause).replaceAll(/\s+/g, ' ') : messageOf(cause);
    throw visionErrors.QUALITY_REFERENCE_UNUSABLE({ where: path, got, cause });
  }
}

async function writePicture(path: string, data: Uint8Array, size: Size): Promise<z.infer<typeof picture>> {
  const png = await sharp(data, { raw: { ...size, channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toBuffer();
  await replace(path, png);
  return { file: basename(path), sha256: sha256Of(png) };
}

async function readPicture(path: string, sha256: string, { width, height }: Size): Promise<Uint8Array> {
  const bytes = await readBounded(path);
  if (sha256Of(bytes) !== sha256) throw new Error(`${basename(path)} is not the file that was written with it`);
  const limits = { limitInputPixels: MAX_REFERENCE_SIDE ** 2 };
  const { data, info } = await sharp(bytes, limits).toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
  if (info.width !== width || info.height !== height || info.channels !== 1) {
    throw new Error(`${basename(path)} has ${info.width} x ${info.height} pixels of ${info.channels} channels`);
  }
  return data;
}

async function readBounded(path: string): Promise<Buffer> {
  if ((await stat(path)).size > MAX_FILE_BYTES) throw new Error(`${basename(path)} is larger than any reference`);
  return readFile(path);
}

async function replace(path: string, content: Uint8Array): Promise<void> {
  await writeFile(`${path}.new`, content);
  await rename(`${path}.new`, path);
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
