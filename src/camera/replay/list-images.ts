import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { hasExtension, IMAGE_EXTENSIONS } from '../image-file.js';

const MAX_FILES = 1_000_000;

/**
 * Paths of the image files below `folder`, relative to it, in the order of their names (by code unit, so that the order
 * is the same on every machine). Folders that are symbolic links are not entered, so that a link to a parent cannot
 * lead in a circle. Stops early when the signal aborts.
 */
export async function listImages(folder: string, signal: AbortSignal): Promise<string[]> {
  const extensions = new Set(IMAGE_EXTENSIONS);
  const found: string[] = [];
  const waiting = [''];
  for (let below = waiting.pop(); below !== undefined; below = waiting.pop()) {
    for await (const entry of await opendir(join(folder, below), { bufferSize: 256 })) {
      if (signal.aborted || found.length >= MAX_FILES) return found;
      const name = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) waiting.push(name);
      else if (hasExtension(entry.name, extensions)) found.push(name);
    }
  }
  return found.sort();
}
