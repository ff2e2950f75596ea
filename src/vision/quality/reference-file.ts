import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { messageOf } from '../../base/errors.js';
import { visionErrors } from '../errors.js';
import { sharp } from '../image-library.js';
import type { Distribution } from './calibration.js';
import type { Reference } from './comparison.js';
import type { Thumbnail } from './thumbnail.js';

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
 * Writes `PATH.json`, and beside it the scene as `PATH.png` and the empty one as `PATH-empty.png`. In the scene's alpha
 * channel what moves is half transparent.
 */
export async function writeReference(
  path: string,
  { scene, still, empty }: Reference,
  notes: ReferenceNotes,
): Promise<void> {
  const stem = path.replace(/\.json$/, '');
  await mkdir(dirname(stem), { recursive: true });
  const { width, height } = scene;
  const withAlpha = new Uint8Array(2 * scene.data.length);
  for (const [at, level] of scene.data.entries()) withAlpha.set([level, still[at] === 0 ? MOVES : STANDS], 2 * at);
  const sceneEntry = await writePicture(`${stem}.png`, withAlpha, { width, height, channels: 2 });
  const emptyEntry = empty && (await writePicture(`${stem}-empty.png`, empty.data, { width, height, channels: 1 }));
  const entry = {
    schema: 'jidoka.quality/1',
    ...notes,
    width,
    height,
    scene: sceneEntry,
    ...(emptyEntry !== undefined && { empty: emptyEntry }),
  };
  await replace(`${stem}.json`, Buffer.from(`${JSON.stringify(entry, null, 2)}\n`));
}

const MOVES = 96;
const STANDS = 255;

/** @throws QUALITY_REFERENCE_UNUSABLE (config) */
export async function readReference(path: string): Promise<Reference> {
  try {
    const { width, height, scene, empty } = content.parse(JSON.parse((await readBounded(path)).toString('utf8')));
    const size = { width, height };
    const pixels = await readPicture(join(dirname(path), scene.file), scene.sha256, { ...size, channels: 2 });
    const data = pixels.filter((_, at) => at % 2 === 0);
    const still = pixels.filter((_, at) => at % 2 === 1).map((alpha) => (alpha === STANDS ? 255 : 0));
    const emptyScene: Thumbnail | undefined = empty && {
      ...size,
      data: await readPicture(join(dirname(path), empty.file), empty.sha256, { ...size, channels: 1 }),
    };
    return { scene: { ...size, data }, still, ...(emptyScene !== undefined && { empty: emptyScene }) };
  } catch (cause) {
    const got = cause instanceof z.ZodError ? z.prettifyError(cause).replaceAll(/\s+/g, ' ') : messageOf(cause);
    throw visionErrors.QUALITY_REFERENCE_UNUSABLE({ where: path, got, cause });
  }
}

interface Form {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 2;
}

async function writePicture(path: string, data: Uint8Array, raw: Form): Promise<z.infer<typeof picture>> {
  const png = await sharp(data, { raw }).toColourspace('b-w').png().toBuffer();
  await replace(path, png);
  return { file: basename(path), sha256: sha256Of(png) };
}

async function readPicture(path: string, sha256: string, { width, height, channels }: Form): Promise<Uint8Array> {
  const bytes = await readBounded(path);
  if (sha256Of(bytes) !== sha256) throw new Error(`${basename(path)} is not the file that was written with it`);
  const limits = { limitInputPixels: MAX_REFERENCE_SIDE ** 2 };
  const { data, info } = await sharp(bytes, limits).toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
  if (info.width !== width || info.height !== height || info.channels !== channels) {
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
