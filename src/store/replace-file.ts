import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FILE_MODE } from './folder.js';

/** Puts a new content in a file's place, whole or not at all, also over a power cut. */
export async function replaceFile(path: string, content: string): Promise<void> {
  const incoming = `${path}.new`;
  try {
    const file = await open(incoming, 'w', FILE_MODE);
    try {
      await file.writeFile(content);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(incoming, path);
  } catch (error) {
    await rm(incoming, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** The same at once, for the moments in which nothing else may happen. */
export function replaceFileSync(path: string, content: string): void {
  const incoming = `${path}.new`;
  try {
    writeFileSync(incoming, content, { mode: FILE_MODE });
    syncPath(incoming);
    renameSync(incoming, path);
    syncPath(dirname(path));
  } catch (error) {
    rmSync(incoming, { force: true });
    throw error;
  }
}

/** Brings a file's content, or a folder's list of names, to the disk. */
export function syncPath(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}
