import { closeSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { type JidokaError, messageOf } from '../base/errors.js';
import { storeErrors } from './errors.js';
import { FILE_MODE } from './folder.js';

/** Images leave this much free for records, or this share of a small file system. */
const RESERVE_BYTES = 64 * 1024 * 1024;
const RESERVE_SHARE = 0.02;
const PROBE_BYTES = 4096;
/** With less than this a transaction may well find no room although the probe does. */
const NO_ROOM_BYTES = 256 * 1024;

export interface Space {
  readonly freeBytes: number;
  /** Below this, images are not written. */
  readonly reserveBytes: number;
}

/** Room on the file system of a folder; undefined where it cannot tell (some network file systems). */
export function spaceOf(folder: string): Space | undefined {
  try {
    const { bavail, blocks, bsize } = statfsSync(folder);
    if (blocks === 0) return undefined;
    return { freeBytes: bavail * bsize, reserveBytes: Math.min(RESERVE_BYTES, blocks * bsize * RESERVE_SHARE) };
  } catch {
    return undefined;
  }
}

/** True where both lie on one file system, so that a file deleted in one makes room in the other. */
export function onOneDisk(one: string, other: string): boolean {
  try {
    return statSync(one).dev === statSync(other).dev;
  } catch {
    return false;
  }
}

/**
 * SQLite calls many things an I/O error. What a small file in the same folder meets with, and what room there is, often
 * names the trouble better.
 *
 * @returns the error with its most exact name
 */
export function diagnosed(error: JidokaError, directory: string): JidokaError {
  if (error.code !== 'STORE_IO_FAILED') return error;
  const details = { where: directory, got: error.got ?? error.message, cause: error };
  const met = writeProbe(join(directory, 'jidoka.probe'));
  if (met === 'EROFS') return storeErrors.STORE_READ_ONLY(details);
  const space = spaceOf(directory);
  if (met === 'ENOSPC' || met === 'EDQUOT' || (space !== undefined && space.freeBytes < NO_ROOM_BYTES)) {
    return storeErrors.STORE_DISK_FULL(details);
  }
  return error;
}

/** @returns the system's error code; undefined where a small file can be written */
function writeProbe(path: string): string | undefined {
  try {
    const file = openSync(path, 'w', FILE_MODE);
    try {
      writeSync(file, new Uint8Array(PROBE_BYTES));
    } finally {
      closeSync(file);
      rmSync(path, { force: true });
    }
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? messageOf(error);
  }
}
