import { join } from 'node:path';
import Database from 'better-sqlite3';
import { storeErrors } from './errors.js';
import { createPrivateFile } from './folder.js';

/** Long enough for a predecessor that is just closing. */
const WAIT_MS = 500;

/**
 * Keeps a second process off the same storage folder.
 *
 * `jidoka.lock` is a tiny SQLite database in which a write transaction is held open for life. The operating system
 * drops its lock with the process however that ends, which a pid file cannot promise; other processes can still read
 * the pid, kept as `user_version`, to name the holder. A file apart from the data, so that the data stays readable to
 * others while the agent runs.
 *
 * @returns the function that gives the folder free
 * @throws STORE_FOLDER_IN_USE
 */
export function lockFolder(directory: string, pid: number): () => void {
  const path = join(directory, 'jidoka.lock');
  createPrivateFile(path);
  const lock = new Database(path, { timeout: WAIT_MS });
  try {
    lock.exec('BEGIN IMMEDIATE');
    lock.pragma(`user_version = ${pid}`);
    lock.exec('COMMIT');
    lock.exec('BEGIN IMMEDIATE');
  } catch (error) {
    const busy = error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY');
    const holder = busy ? lock.pragma('user_version', { simple: true }) : undefined;
    lock.close();
    if (!busy) throw error;
    throw storeErrors.STORE_FOLDER_IN_USE({ where: directory, got: `process ${holder}`, cause: error });
  }
  return () => {
    lock.exec('ROLLBACK');
    lock.close();
  };
}

/** The process that uses the folder at present; undefined where there is none, or where this user may not look. */
export function folderHolder(directory: string): number | undefined {
  let lock: Database.Database | undefined;
  try {
    lock = new Database(join(directory, 'jidoka.lock'), { timeout: 0, fileMustExist: true });
    lock.exec('BEGIN IMMEDIATE; ROLLBACK');
    return undefined;
  } catch (error) {
    const busy = error instanceof Database.SqliteError && error.code.startsWith('SQLITE_BUSY');
    return busy ? Number(lock?.pragma('user_version', { simple: true })) : undefined;
  } finally {
    lock?.close();
  }
}
