import { chmodSync, existsSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import Database, { type Database as Db } from 'better-sqlite3';
import { messageOf } from '../../base/errors.js';
import { storeErrors } from '../errors.js';
import { FILE_MODE } from '../folder.js';
import { findDamage } from '../integrity.js';
import { syncPath } from '../replace-file.js';
import { isCorrupt, openingError } from '../sqlite-errors.js';

/** Pages copied between two looks at the agent's own work: about 4 MB. */
const PAGES_A_STEP = 1000;

export interface BackupProgress {
  readonly total: number;
  readonly remaining: number;
}

/**
 * Copies the database while the agent goes on writing, checks the copy, and gives it its name only then.
 *
 * @returns the size of the copy in bytes
 * @throws STORE_TARGET_EXISTS, STORE_TARGET_UNWRITABLE, STORE_BACKUP_UNSOUND, STORE_DATABASE_CORRUPT
 */
export async function backUp(db: Db, target: string, onProgress: (progress: BackupProgress) => void): Promise<number> {
  const path = resolve(target);
  const incoming = `${path}.incoming`;
  for (const file of [path, incoming]) if (existsSync(file)) throw storeErrors.STORE_TARGET_EXISTS({ where: file });
  try {
    await db.backup(incoming, {
      progress: ({ totalPages, remainingPages }) => {
        onProgress({ total: totalPages, remaining: remainingPages });
        return PAGES_A_STEP;
      },
    });
    chmodSync(incoming, FILE_MODE);
    verify(incoming);
    syncPath(incoming);
    renameSync(incoming, path);
    syncPath(dirname(path));
    return statSync(path).size;
  } catch (error) {
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${incoming}${suffix}`, { force: true });
    if (isCorrupt(error)) throw openingError(error, db.name);
    if (error instanceof Error && error.name === 'JidokaError') throw error;
    throw storeErrors.STORE_TARGET_UNWRITABLE({ where: path, got: messageOf(error), cause: error });
  }
}

/** A copy is a file of its own: without write-ahead log, so that it can be moved and read anywhere. */
function verify(copy: string): void {
  const db = new Database(copy);
  try {
    db.pragma('journal_mode = DELETE');
    const [damage] = findDamage(db, 'full');
    if (damage !== undefined) throw storeErrors.STORE_BACKUP_UNSOUND({ where: copy, got: damage });
  } finally {
    db.close();
  }
}
