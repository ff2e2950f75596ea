import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { messageOf } from '../base/errors.js';
import type { ModelIdentity } from '../domain/model.js';
import { visionErrors } from './errors.js';
import type { Manifest } from './manifest.js';
import { parseManifest } from './manifest-problems.js';

const MANIFEST_NAME = 'model.json';
const MAX_MANIFEST_BYTES = 1_048_576;
const MAX_MODEL_BYTES = 1_073_741_824;
const VERSION = /^(\d+)\.(\d+)\.(\d+)$/;

/** A model package whose files have been checked. */
export interface ModelPackage {
  /** Real path of `NAME/VERSION`. */
  readonly folder: string;
  /** Real path of the ONNX file. */
  readonly modelFile: string;
  readonly manifest: Manifest;
  readonly identity: ModelIdentity;
}

/**
 * Reads and checks a model package: manifest, place, size and SHA-256 of the ONNX file. The graph itself is checked
 * when a classifier loads it.
 * @param folder the package folder `NAME/VERSION`
 * @throws a `config` JidokaError `MODEL_…`
 */
export async function loadModelPackage(folder: string): Promise<ModelPackage> {
  const root = await realpath(folder).catch((cause: unknown) => {
    throw visionErrors.MODEL_NOT_FOUND({ where: folder, got: messageOf(cause), cause });
  });
  const manifestFile = await fileInside(root, MANIFEST_NAME, MAX_MANIFEST_BYTES);
  const manifest = parseManifest(await readFile(manifestFile, 'utf8'), manifestFile);
  const folderVersion = basename(root);
  if (VERSION.test(folderVersion) && folderVersion !== manifest.version) {
    throw visionErrors.MODEL_MANIFEST_INVALID({
      where: `${manifestFile}, version`,
      got: `"${manifest.version}" in a folder named ${folderVersion}`,
      expected: 'the same version in both',
    });
  }
  const modelFile = await fileInside(root, manifest.file, MAX_MODEL_BYTES);
  await checkHash(modelFile, manifest.sha256);
  const { name, version, sha256 } = manifest;
  return { folder: root, modelFile, manifest, identity: { name, version, sha256 } };
}

/**
 * Finds the package that a path names: the folder itself, or the highest version below a folder `NAME`.
 * @throws MODEL_NOT_FOUND
 */
export async function findModelPackage(path: string): Promise<string> {
  const names = await readdir(path).catch((cause: unknown) => {
    throw visionErrors.MODEL_NOT_FOUND({ where: path, got: messageOf(cause), cause });
  });
  if (names.includes(MANIFEST_NAME)) return path;
  const newest = names
    .filter((name) => VERSION.test(name))
    .sort(compareVersions)
    .at(-1);
  if (newest !== undefined) return join(path, newest);
  throw visionErrors.MODEL_NOT_FOUND({
    where: path,
    got: names.length === 0 ? 'an empty folder' : `a folder with ${names.slice(0, 5).join(', ')}`,
    expected: `${MANIFEST_NAME} or folders named MAJOR.MINOR.PATCH`,
  });
}

/**
 * Holds a SHA-256 against the one of the manifest.
 * @throws MODEL_HASH_MISMATCH
 */
export function expectHash(actual: string, expected: string, file: string): void {
  if (actual === expected) return;
  throw visionErrors.MODEL_HASH_MISMATCH({ where: file, got: `SHA-256 ${actual}`, expected: `SHA-256 ${expected}` });
}

async function checkHash(file: string, expected: string): Promise<void> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk as Uint8Array);
  expectHash(hash.digest('hex'), expected, file);
}

/** The real path of a regular file that lies directly in the package folder and is of a sane size. */
async function fileInside(root: string, name: string, maxBytes: number): Promise<string> {
  const path = join(root, name);
  const real = await realpath(path).catch((cause: unknown) => {
    throw visionErrors.MODEL_NOT_FOUND({ where: path, got: messageOf(cause), cause });
  });
  if (dirname(real) !== root) throw visionErrors.MODEL_FILE_OUTSIDE({ where: path, got: real });
  const info = await stat(real);
  if (!info.isFile()) {
    throw visionErrors.MODEL_NOT_FOUND({ where: path, got: 'something that is not a file', expected: 'a file' });
  }
  if (info.size < 1 || info.size > maxBytes) {
    throw visionErrors.MODEL_FILE_SIZE({ where: path, got: `${info.size} bytes`, expected: `1 to ${maxBytes} bytes` });
  }
  return real;
}

function compareVersions(first: string, second: string): number {
  const [a, b] = [first, second].map((text) => text.split('.').map(Number));
  for (const index of [0, 1, 2]) {
    const difference = (a?.[index] ?? 0) - (b?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
