import { existsSync } from 'node:fs';
import Database, { type Database as Db } from 'better-sqlite3';
import { databasePath } from '../database.js';
import { storeErrors } from '../errors.js';
import { assertOurs } from '../migrate.js';
import { MIGRATIONS } from '../migrations/index.js';
import { openingError } from '../sqlite-errors.js';

/** Long enough for the agent's commit or checkpoint to be over. */
const BUSY_TIMEOUT_MS = 10_000;

/**
 * Opens the database of a storage folder for reading, beside an agent that writes it.
 *
 * @throws STORE_DATABASE_MISSING, STORE_DATABASE_CORRUPT, STORE_DATABASE_FOREIGN, STORE_SCHEMA_NEWER
 */
export function openReader(directory: string): Db {
  const file = databasePath(directory);
  if (!existsSync(file)) throw storeErrors.STORE_DATABASE_MISSING({ where: directory });
  let db: Db | undefined;
  try {
    db = new Database(file, { readonly: true, timeout: BUSY_TIMEOUT_MS });
    assertOurs(db, MIGRATIONS.length);
    return db;
  } catch (error) {
    db?.close();
    throw openingError(error, file);
  }
}
