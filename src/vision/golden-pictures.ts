import { readFile } from 'node:fs/promises';
import { messageOf } from '../base/errors.js';
import { visionErrors } from './errors.js';
import type { GoldenInput, GoldenSet } from './golden-check.js';
import type { GoldenFile, ModelPackage } from './model-package.js';
import { expectHash, sha256Of } from './package-files.js';
import { preprocess } from './preprocess.js';

/**
 * Prepares the golden pictures as every picture is prepared: whole and without rotation. One after the other, so that
 * only one is in memory at its full size.
 * @returns undefined where the package has none
 * @throws MODEL_HASH_MISMATCH, MODEL_GOLDEN_UNREADABLE
 */
export async function goldenSet(model: ModelPackage, maxImagePixels: number): Promise<GoldenSet | undefined> {
  const { golden } = model.manifest;
  if (golden === null) return undefined;
  const samples: GoldenInput[] = [];
  for (const file of model.golden) {
    const pixels = await goldenPixels(file, model, maxImagePixels);
    samples.push({ file: file.path, pixels, scores: file.scores });
  }
  return { tolerance: golden.tolerance, samples };
}

async function goldenPixels(
  { path, sha256 }: GoldenFile,
  { manifest }: ModelPackage,
  maxImagePixels: number,
): Promise<Uint8Array> {
  const unreadable = (cause: unknown): Error =>
    visionErrors.MODEL_GOLDEN_UNREADABLE({ where: path, got: messageOf(cause), cause });
  const data = await readFile(path).catch((cause: unknown) => {
    throw unreadable(cause);
  });
  // The very bytes that are hashed are the ones that are used: the file may have changed since the package was read.
  expectHash(sha256Of(data), sha256, path);
  return preprocess({ kind: 'encoded', data }, { rotate: 0 }, manifest, maxImagePixels).catch((cause: unknown) => {
    throw unreadable(cause);
  });
}
