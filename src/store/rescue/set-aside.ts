import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isoUtc } from '../../base/clock.js';
import { syncPath } from '../replace-file.js';

const DATABASE = 'jidoka.sqlite';
/** The write-ahead log first: left beside the new database, SQLite would take it for that one's. */
const PARTS = ['-wal', '-shm', '-journal', ''] as const;

const MOST_KEPT = 3;
const MOST_KEPT_BYTES = 4 * 1024 ** 3;

/** The new database while it is built; thrown away after a crash. */
export function buildingPath(directory: string): string {
  return join(directory, `${DATABASE}.rescue`);
}

/** `20260314T235958Z` */
export function stampOf(atMs: number): string {
  return isoUtc(atMs).replace(/\.\d+/, '').replaceAll(/[-:]/g, '');
}

export function setAsideName(stamp: string): string {
  return `${DATABASE}.damaged-${stamp}`;
}

/** Says that the new database is whole and on the disk. From here on a crash is followed by finishing, not by another rescue. */
export function declareBuilt(directory: string, stamp: string): void {
  const building = buildingPath(directory);
  syncPath(building);
  renameSync(building, join(directory, `${DATABASE}.rescued-${stamp}`));
  syncPath(directory);
}

/**
 * Puts a finished new database in the damaged one's place, where there is one. Each step can be repeated, so that a
 * crash between any two is finished at the next start.
 */
export function finishExchange(directory: string): void {
  const finished = readdirSync(directory).find((name) => name.startsWith(`${DATABASE}.rescued-`));
  if (finished === undefined) {
    for (const suffix of ['', '-journal', '-wal', '-shm'])
      rmSync(`${buildingPath(directory)}${suffix}`, { force: true });
    return;
  }
  const aside = join(directory, setAsideName(finished.slice(`${DATABASE}.rescued-`.length)));
  for (const part of PARTS) {
    const path = join(directory, `${DATABASE}${part}`);
    if (!existsSync(path)) continue;
    renameSync(path, `${aside}${part}`);
    syncPath(directory);
  }
  renameSync(join(directory, finished), join(directory, DATABASE));
  syncPath(directory);
}

interface SetAside {
  readonly name: string;
  readonly files: readonly string[];
  readonly bytes: number;
}

/** The databases that were set aside, oldest first. */
export function listSetAside(directory: string): SetAside[] {
  const files = readdirSync(directory).filter((name) => name.startsWith(`${DATABASE}.damaged-`));
  const names = [...new Set(files.map((name) => name.replace(/-(wal|shm|journal)$/, '')))].sort();
  return names.map((name) => {
    const own = files.filter((file) => file === name || file.replace(/-(wal|shm|journal)$/, '') === name);
    return { name, files: own, bytes: own.reduce((sum, file) => sum + statSync(join(directory, file)).size, 0) };
  });
}

/**
 * Removes the oldest so that at most three stay, and older ones than the newest only within 4 GiB together.
 *
 * @returns the names of those removed
 */
export function pruneSetAside(directory: string, mostKept = MOST_KEPT, mostBytes = MOST_KEPT_BYTES): string[] {
  const newestFirst = listSetAside(directory).reverse();
  let bytes = 0;
  const removed = newestFirst.filter((entry, index) => {
    bytes += entry.bytes;
    return index > 0 && (index >= mostKept || bytes > mostBytes);
  });
  for (const { files } of removed) for (const file of files) rmSync(join(directory, file), { force: true });
  return removed.map(({ name }) => name);
}
