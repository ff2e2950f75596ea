import Database, { type Database as Db } from 'better-sqlite3';
import { migrate } from './migrate.js';
import { MIGRATIONS } from './migrations/index.js';
import { isCorrupt } from './sqlite-errors.js';

/** Read in about two seconds from a slow memory card. Larger files are checked beside the running agent. */
export const CHECKED_AT_START_BYTES = 64 * 1024 * 1024;

/** Tables and indexes by name, for checks that go through them one by one. */
export function tablesOf(db: Db): string[] {
  return db
    .prepare<[], string>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    )
    .pluck()
    .all();
}

/**
 * Looks for damage: `quick` reads every page and row, `full` also compares each index with its table.
 *
 * @param onTable where given, goes through the tables one by one first and says which: a sign of life that takes twice
 * the time
 * @returns what is wrong, a sentence each, at most ten; empty for a sound database
 */
export function findDamage(db: Db, kind: 'quick' | 'full', onTable?: (table: string) => void): string[] {
  const check = kind === 'quick' ? 'quick_check' : 'integrity_check';
  try {
    for (const table of onTable === undefined ? [] : tablesOf(db)) {
      onTable?.(table);
      const found = messages(db.pragma(`${check}('${table}')`));
      if (found.length > 0) return found;
    }
    onTable?.('the file as a whole');
    return messages(db.pragma(`${check}(10)`));
  } catch (error) {
    if (isCorrupt(error)) return [(error as Error).message];
    throw error;
  }
}

/** Tables, indexes and triggers that this version's schema has and the database has not. */
export function missingObjects(db: Db): string[] {
  const fresh = new Database(':memory:');
  try {
    migrate(fresh, MIGRATIONS);
    const there = new Set(objects(db));
    return objects(fresh).filter((name) => !there.has(name));
  } finally {
    fresh.close();
  }
}

function objects(db: Db): string[] {
  return db.prepare<[], string>("SELECT type || ' ' || name FROM sqlite_schema").pluck().all();
}

function messages(rows: unknown): string[] {
  return (rows as Record<string, string>[])
    .flatMap((row) => Object.values(row))
    .filter((text) => text !== 'ok')
    .slice(0, 10);
}
