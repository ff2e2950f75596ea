import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { messageOf } from '../base/errors.js';
import type { ClassifiedImage, Classifier, ClassifyOptions } from '../ports/classifier.js';
import { visionErrors } from './errors.js';

const PICTURE_EXTENSIONS = new Set(['.jpg', '.jpeg', '.png', '.tif', '.tiff', '.webp', '.bmp']);
const MAX_FILE_BYTES = 268_435_456;

export interface FoundFiles {
  /** In the order of their names. */
  readonly pictures: readonly string[];
  /** Files without the extension of a picture; hidden files are not counted. */
  readonly others: number;
}

export type FileResult =
  | ({ readonly file: string } & ClassifiedImage)
  | { readonly file: string; readonly error: unknown };

/**
 * The pictures of a folder and its sub-folders, by the extension of their names; a path that is not a folder is taken
 * as a picture whatever its name. Links are followed, each folder once.
 * @throws IMAGE_FILE_UNREADABLE where a folder cannot be read
 */
export async function findPictures(path: string): Promise<FoundFiles> {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined || !info.isDirectory()) return { pictures: [path], others: 0 };
  const pictures: string[] = [];
  const others = await collect(path, pictures, new Set()).catch((cause: unknown) => {
    throw visionErrors.IMAGE_FILE_UNREADABLE({ where: path, got: messageOf(cause), cause });
  });
  return { pictures, others };
}

async function collect(folder: string, pictures: string[], visited: Set<string>): Promise<number> {
  const real = await realpath(folder);
  if (visited.has(real)) return 0;
  visited.add(real);
  let others = 0;
  for (const name of (await readdir(folder)).sort()) {
    if (name.startsWith('.')) continue;
    const path = join(folder, name);
    const isFolder = await stat(path).then(
      (info) => info.isDirectory(),
      () => false,
    );
    if (isFolder) others += await collect(path, pictures, visited);
    else if (PICTURE_EXTENSIONS.has(extname(name).toLowerCase())) pictures.push(path);
    else others += 1;
  }
  return others;
}

/**
 * Reads and classifies files whole, without a region. Results come in the order of the files, and at most `limit`
 * files are in memory at once.
 */
export async function* classifyFiles(
  classifier: Classifier,
  files: Iterable<string>,
  limit: number,
  options: ClassifyOptions = {},
): AsyncGenerator<FileResult, void, undefined> {
  const underWay: Promise<FileResult>[] = [];
  for (const file of files) {
    underWay.push(classifyFile(classifier, file, options));
    const oldest = underWay.length < limit ? undefined : underWay.shift();
    if (oldest !== undefined) yield await oldest;
  }
  for (const result of underWay) yield await result;
}

async function classifyFile(classifier: Classifier, file: string, options: ClassifyOptions): Promise<FileResult> {
  try {
    const data = await readPicture(file);
    return { file, ...(await classifier.classify({ kind: 'encoded', data }, { rotate: 0 }, options)) };
  } catch (error) {
    return { file, error };
  }
}

/** @throws IMAGE_FILE_UNREADABLE */
export async function readPicture(file: string): Promise<Uint8Array> {
  try {
    const info = await stat(file);
    // A pipe or a device would be read for ever.
    if (!info.isFile()) throw new Error('it is not an ordinary file');
    if (info.size > MAX_FILE_BYTES) throw new Error(`it has ${info.size} bytes, more than ${MAX_FILE_BYTES}`);
    return await readFile(file);
  } catch (cause) {
    throw visionErrors.IMAGE_FILE_UNREADABLE({ got: messageOf(cause), cause });
  }
}

/** Which of a folder's entries are folders, by name; hidden ones are passed over, the rest is counted. */
export async function foldersAmong(
  folder: string,
  entries: readonly string[],
): Promise<{ readonly folders: readonly string[]; readonly others: number }> {
  const visible = entries.filter((name) => !name.startsWith('.')).sort();
  const areFolders = await Promise.all(
    visible.map((name) =>
      stat(join(folder, name)).then(
        (info) => info.isDirectory(),
        () => false,
      ),
    ),
  );
  const folders = visible.filter((_, index) => areFolders[index]);
  return { folders, others: visible.length - folders.length };
}
