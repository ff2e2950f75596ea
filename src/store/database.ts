import { join } from 'node:path';
import Database from 'better-sqlite3';
import { createPrivateFile } from './folder.js';
import { assertOurs, migrate } from './migrate.js';
import { MIGRATIONS } from './migrations/index.js';
import { passingError } from './sqlite-errors.js';

/** Short: the writer tries again by itself, and answers questions about its health in between. */
const BUSY_TIMEOUT_MS = 1000;
/** The WAL is cut back to this after a burst. */
const WAL_LIMIT_BYTES = 64 * 1024 * 1024;

export function databasePath(directory: string): string {
  return join(directory, 'jidoka.sqlite');
}

export interface OpenDatabase {
  readonly db: Database.Database;
  readonly migrated: readonly string[];
}

/**
 * Opens `jidoka.sqlite` in a folder that exists, and brings it to the newest schema.
 *
 * WAL with `synchronous=FULL`: each commit is an fsync of the WAL, so that what is committed survives a power cut.
 * Incremental vacuum must be chosen before the first table is made; it lets a later retention job give space back.
 *
 * @throws STORE_DATABASE_FOREIGN, STORE_SCHEMA_NEWER; SQLite's own errors of a damaged file or a disk that refuses
 */
export function openDatabase(directory: string): OpenDatabase {
  const file = databasePath(directory);
  createPrivateFile(file);
  let db: Database.Database | undefined;
  try {
    db = new Database(file, { timeout: BUSY_TIMEOUT_MS });
    assertOurs(db, MIGRATIONS.length);
    db.pragma('auto_vacuum = INCREMENTAL');
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma('foreign_keys = ON');
    db.pragma('trusted_schema = OFF');
    db.pragma('temp_store = MEMORY');
    db.pragma(`journal_size_limit = ${WAL_LIMIT_BYTES}`);
    return { db, migrated: migrate(db, MIGRATIONS) };
  } catch (error) {
    db?.close();
    throw error;
  }
}

/** Empties the WAL into the database and closes. Where the disk refuses, the WAL stays and the next start reads it. */
export function closeDatabase(db: Database.Database): void {
  try {
    db.pragma('wal_checkpoint(TRUNCATE)');
  } catch (error) {
    if (passingError(error, db.name) === undefined) throw error;
  } finally {
    db.close();
  }
}
