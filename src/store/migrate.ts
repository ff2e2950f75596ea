import type { Database } from 'better-sqlite3';
import { storeErrors } from './errors.js';

/** One step of the schema. The step at index n leads from version n to n + 1. */
export interface Migration {
  readonly name: string;
  apply(db: Database): void;
}

/** "jido": tells our file from another program's. */
const APPLICATION_ID = 0x6a69646f;

/**
 * Refuses a database that is not ours or that a newer version wrote, before anything in it is touched.
 *
 * @throws STORE_SCHEMA_NEWER, STORE_DATABASE_FOREIGN
 */
export function assertOurs(db: Database, newest: number): void {
  const version = schemaVersion(db);
  const owner = db.pragma('application_id', { simple: true });
  const tables = db.prepare('SELECT COUNT(*) FROM sqlite_schema').pluck().get();
  if (owner !== APPLICATION_ID && !(owner === 0 && version === 0 && tables === 0)) {
    throw storeErrors.STORE_DATABASE_FOREIGN({ where: db.name, got: `application id ${owner}` });
  }
  if (version > newest) {
    throw storeErrors.STORE_SCHEMA_NEWER({
      where: db.name,
      got: `schema ${version}`,
      expected: `schema ${newest} or older`,
    });
  }
}

/**
 * Brings the database to the newest schema, each step in a transaction of its own together with its `user_version`, so
 * that a power cut leaves a whole version behind.
 *
 * @returns the names of the steps taken
 */
export function migrate(db: Database, migrations: readonly Migration[]): string[] {
  const version = schemaVersion(db);
  return migrations.slice(version).map((migration, index) => {
    db.transaction(() => {
      migration.apply(db);
      db.pragma(`application_id = ${APPLICATION_ID}`);
      db.pragma(`user_version = ${version + index + 1}`);
    }).immediate();
    return migration.name;
  });
}

export function schemaVersion(db: Database): number {
  return Number(db.pragma('user_version', { simple: true }));
}
