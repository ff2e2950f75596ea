import { rmSync } from 'node:fs';
import { mkdir, open, opendir, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isoUtc } from '../base/clock.js';
import { FILE_MODE, FOLDER_MODE } from './folder.js';

const INCOMING = 'images/incoming';

/** `images/YYYY/MM/DD/STATION/ID.jpg` by the UTC day of capture, relative to the storage folder. */
export function imagePath(station: string, id: string, capturedAtMs: number): string {
  const day = isoUtc(capturedAtMs).slice(0, 10).replaceAll('-', '/');
  return `images/${day}/${station}/${id}.jpg`;
}

/** Only what looks like a kept image is ever swept away; anything else in the folder is not ours. */
export function isImagePath(path: string): boolean {
  return /^images\/\d{4}\/\d\d\/\d\d\/[\w-]+\/[\w-]+\.jpg$/.test(path);
}

/** The files below `images/` of the storage folder. */
export class ImageFiles {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * Writes the file whole or not at all: beside its place first, synced, then renamed. The folder itself is not
   * synced, which would double the cost: after a power cut the file may be missing, but never torn.
   */
  async write(path: string, data: Uint8Array): Promise<void> {
    const target = join(this.#directory, path);
    const incoming = join(this.#directory, INCOMING, basename(path));
    try {
      const file = await makingFolder(incoming, () => open(incoming, 'w', FILE_MODE));
      try {
        await file.writeFile(data);
        await file.datasync();
      } finally {
        await file.close();
      }
      await makingFolder(target, () => rename(incoming, target));
    } catch (error) {
      await rm(incoming, { force: true }).catch(() => undefined);
      throw error;
    }
  }

  async remove(path: string): Promise<void> {
    await rm(join(this.#directory, path), { force: true });
  }

  /** The same at once: a commit waits for the room. */
  removeNow(path: string): void {
    rmSync(join(this.#directory, path), { force: true });
  }

  /** Removes the folders of these files that have become empty, up to the year. */
  async removeEmptyFolders(paths: readonly string[]): Promise<void> {
    for (const first of new Set(paths.map((path) => dirname(path)))) {
      let folder = first;
      try {
        for (; folder !== 'images'; folder = dirname(folder)) await rmdir(join(this.#directory, folder));
      } catch (error) {
        const { code } = error as NodeJS.ErrnoException;
        if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOENT') throw error;
      }
    }
  }

  /** Removes what a crash left half-written. */
  async removeIncoming(): Promise<void> {
    await rm(join(this.#directory, INCOMING), { recursive: true, force: true });
  }

  async exists(path: string): Promise<boolean> {
    const file = await open(join(this.#directory, path), 'r').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    });
    await file?.close();
    return file !== undefined;
  }

  /** Every finished image's path, folder by folder. */
  async *list(folder = 'images'): AsyncGenerator<string> {
    const entries = await opendir(join(this.#directory, folder)).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    for await (const entry of entries) {
      const path = `${folder}/${entry.name}`;
      if (path === INCOMING) continue;
      if (entry.isDirectory()) yield* this.list(path);
      else yield path;
    }
  }
}

/** Does it, and where the file's folder is missing makes that and does it again. */
async function makingFolder<T>(file: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    await mkdir(dirname(file), { recursive: true, mode: FOLDER_MODE });
    return act();
  }
}
