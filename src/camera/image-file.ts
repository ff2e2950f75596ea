import { type BigIntStats, constants } from 'node:fs';
import { open } from 'node:fs/promises';

export const IMAGE_EXTENSIONS: readonly string[] = ['jpg', 'jpeg', 'png', 'bmp', 'tif', 'tiff', 'webp'];

const MAGIC: readonly (readonly [name: string, offset: number, bytes: readonly number[]])[] = [
  ['JPEG', 0, [0xff, 0xd8, 0xff]],
  ['PNG', 0, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]],
  ['BMP', 0, [0x42, 0x4d]],
  ['TIFF', 0, [0x49, 0x49, 0x2a, 0x00]],
  ['TIFF', 0, [0x4d, 0x4d, 0x00, 0x2a]],
  ['WebP', 8, [0x57, 0x45, 0x42, 0x50]],
];

/** The kind of image a file's first bytes announce, or null. The name's ending is not believed. */
export function sniffImage(data: Uint8Array): string | null {
  const match = MAGIC.find(([, offset, bytes]) => bytes.every((byte, index) => data[offset + index] === byte));
  return match?.[0] ?? null;
}

/** Whether the name ends in one of the extensions (small letters, no dot); the case of the name does not matter. */
export function hasExtension(name: string, extensions: ReadonlySet<string>): boolean {
  const dot = name.lastIndexOf('.');
  return dot >= 0 && extensions.has(name.slice(dot + 1).toLowerCase());
}

/** A name for messages: line breaks and other invisible characters are written out. */
export function quoted(name: string): string {
  return JSON.stringify(name);
}

/** Tells one state of a file from another: its size and its modification time to the nanosecond. */
export function markOf(stats: BigIntStats): string {
  return `${stats.size}:${stats.mtimeNs}`;
}

/** What reading a file gave: its bytes, or that it is not what was expected. */
export type FileContent =
  | { readonly kind: 'bytes'; readonly data: Uint8Array; readonly mark: string }
  | { readonly kind: 'changing' }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'not-a-file' };

/**
 * Reads a whole regular file into a buffer of its own, so that it can be transferred to a worker. A symbolic link is
 * not followed (ELOOP) and a pipe does not block. `changing`: the file was written to or cut while it was read.
 *
 * @throws the system's error: ENOENT, EACCES, ELOOP, …
 */
export async function readImageFile(path: string, maxBytes: number, followLinks = false): Promise<FileContent> {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | (followLinks ? 0 : constants.O_NOFOLLOW);
  const file = await open(path, flags);
  try {
    const before = await file.stat({ bigint: true });
    if (!before.isFile()) return { kind: 'not-a-file' };
    const sizeBytes = Number(before.size);
    if (sizeBytes > maxBytes) return { kind: 'too-large' };
    const data = new Uint8Array(sizeBytes);
    let length = 0;
    while (length < data.length) {
      const { bytesRead } = await file.read(data, length, data.length - length, length);
      if (bytesRead === 0) return { kind: 'changing' };
      length += bytesRead;
    }
    const mark = markOf(before);
    return markOf(await file.stat({ bigint: true })) === mark ? { kind: 'bytes', data, mark } : { kind: 'changing' };
  } finally {
    await file.close();
  }
}

/** The code of a system error (`ENOENT`), or the empty string. */
export function systemCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
