import type { Database as Db } from 'better-sqlite3';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assertOurs, type Migration, migrate, schemaVersion } from '#jidoka/store/migrate.js';
import { MIGRATIONS } from '#jidoka/store/migrations/index.js';

let db: Db;

beforeEach(() => {
  db = new Database(':memory:');
});

afterEach(() => {
  db.close();
});

const schemaOf = (database: Db): unknown[] =>
  database.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY name').all();

const table = (name: string): Migration => ({
  name,
  apply: (database) => {
    database.exec(`CREATE TABLE ${name} (id INTEGER PRIMARY KEY)`);
  },
});

describe('migrate', () => {
  it.each(MIGRATIONS.map((_, version) => version))('leads from version %i to the newest schema', (version) => {
    const fresh = new Database(':memory:');
    migrate(fresh, MIGRATIONS);
    migrate(db, MIGRATIONS.slice(0, version));
    expect(schemaVersion(db)).toBe(version);
    expect(migrate(db, MIGRATIONS)).toEqual(MIGRATIONS.slice(version).map(({ name }) => name));
    expect(schemaVersion(db)).toBe(MIGRATIONS.length);
    expect(schemaOf(db)).toEqual(schemaOf(fresh));
    expect(db.pragma('foreign_key_check')).toEqual([]);
    fresh.close();
  });

  it('takes each step once', () => {
    expect(migrate(db, [table('a')])).toEqual(['a']);
    expect(migrate(db, [table('a'), table('b'), table('c')])).toEqual(['b', 'c']);
    expect(migrate(db, [table('a'), table('b'), table('c')])).toEqual([]);
  });

  it('leaves the last whole version behind where a step fails', () => {
    const broken: Migration = {
      name: 'broken',
      apply: (database) => {
        database.exec('CREATE TABLE half (id INTEGER PRIMARY KEY)');
        throw new Error('power cut');
      },
    };
    expect(() => migrate(db, [table('a'), broken])).toThrow('power cut');
    expect(schemaVersion(db)).toBe(1);
    expect(schemaOf(db)).toMatchObject([{ name: 'a' }]);
    expect(migrate(db, [table('a'), table('b')])).toEqual(['b']);
  });
});

describe('assertOurs', () => {
  it('takes an empty database and our own', () => {
    assertOurs(db, 1);
    migrate(db, [table('a')]);
    assertOurs(db, 1);
    assertOurs(db, 2);
  });

  it('refuses the database of a newer version', () => {
    migrate(db, [table('a'), table('b')]);
    expect(() => assertOurs(db, 1)).toThrow(/^STORE_SCHEMA_NEWER: .*Got: schema 2\. Expected: schema 1 or older/);
  });

  it("refuses another program's database", () => {
    db.exec('CREATE TABLE theirs (id INTEGER PRIMARY KEY)');
    expect(() => assertOurs(db, 1)).toThrow(/^STORE_DATABASE_FOREIGN/);
  });
});
