import type { BigIntStats } from 'node:fs';
import { lstat, opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { hasExtension, markOf, systemCode } from '../image-file.js';
import type { Candidate, EntryKind } from './candidate.js';

/** Files examined at once. */
const BATCH = 256;

/** Stands in a name for bytes that are no UTF-8: such a file cannot be opened by the name that was given. */
const REPLACEMENT = '\uFFFD';

/**
 * Lists a folder once and yields, in batches, what has an image's name and is not skipped. Memory is bounded by the
 * batch; the event loop stays free, since names arrive in small portions. What vanishes meanwhile is left out.
 *
 * @throws the system's error when the folder cannot be listed or searched.
 */
export async function* listFolder(
  folder: string,
  extensions: ReadonlySet<string>,
  skip: (name: string) => boolean,
  signal: AbortSignal,
): AsyncGenerator<Candidate[], void> {
  let names: string[] = [];
  for await (const entry of await opendir(folder, { bufferSize: 256 })) {
    if (signal.aborted) return;
    if (!hasExtension(entry.name, extensions) || skip(entry.name)) continue;
    names.push(entry.name);
    if (names.length < BATCH) continue;
    yield await examineAll(folder, names);
    names = [];
  }
  if (names.length > 0 && !signal.aborted) yield await examineAll(folder, names);
}

async function examineAll(folder: string, names: readonly string[]): Promise<Candidate[]> {
  const candidates = await Promise.all(names.map((name) => examine(folder, name)));
  return candidates.filter((candidate) => candidate !== undefined);
}

/** Looks at one name without following links; undefined when it has vanished. */
export async function examine(folder: string, name: string): Promise<Candidate | undefined> {
  try {
    const stats = await lstat(join(folder, name), { bigint: true });
    const kind = kindOf(stats);
    // Anything but a file is known by its kind: a folder's time changes with each file inside it.
    const mark = kind === 'file' ? markOf(stats) : kind;
    return { name, kind, sizeBytes: Number(stats.size), mtimeNs: stats.mtimeNs, mark };
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    if (!name.includes(REPLACEMENT)) return undefined;
    return { name, kind: 'undecodable', sizeBytes: 0, mtimeNs: 0n, mark: 'undecodable' };
  }
}

function kindOf(stats: BigIntStats): EntryKind {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'folder';
  return stats.isSymbolicLink() ? 'link' : 'special';
}
