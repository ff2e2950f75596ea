import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf } from '../base/errors.js';
import { visionErrors } from './errors.js';

/**
 * The real path of a file of a model package: a regular file of a sane size that lies where its name says and not
 * behind a link that leads elsewhere.
 * @param root real path of the package folder
 * @param name relative to it, with slashes
 * @throws MODEL_NOT_FOUND, MODEL_FILE_OUTSIDE, MODEL_FILE_SIZE
 */
export async function packageFile(root: string, name: string, maxBytes: number): Promise<string> {
  const path = join(root, name);
  const real = await realpath(path).catch((cause: unknown) => {
    throw visionErrors.MODEL_NOT_FOUND({ where: path, got: messageOf(cause), cause });
  });
  if (dirname(real) !== dirname(path)) throw visionErrors.MODEL_FILE_OUTSIDE({ where: path, got: real });
  const info = await stat(real);
  if (!info.isFile()) {
    throw visionErrors.MODEL_NOT_FOUND({ where: path, got: 'something that is not a file', expected: 'a file' });
  }
  if (info.size < 1 || info.size > maxBytes) {
    throw visionErrors.MODEL_FILE_SIZE({ where: path, got: `${info.size} bytes`, expected: `1 to ${maxBytes} bytes` });
  }
  return real;
}

/**
 * Holds a SHA-256 against the one of the manifest.
 * @throws MODEL_HASH_MISMATCH
 */
export function expectHash(actual: string, expected: string, file: string): void {
  if (actual === expected) return;
  throw visionErrors.MODEL_HASH_MISMATCH({ where: file, got: `SHA-256 ${actual}`, expected: `SHA-256 ${expected}` });
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** @throws MODEL_HASH_MISMATCH */
export async function checkFileHash(file: string, expected: string): Promise<void> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Uint8Array);
  expectHash(hash.digest('hex'), expected, file);
}
