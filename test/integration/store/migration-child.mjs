// Child of the migration test: takes all steps of the schema on the database it is given, and is killed by its own hand
// at the end of the last one, before it is committed.
import Database from 'better-sqlite3';
import { migrate } from '#jidoka/store/migrate.js';
import { MIGRATIONS } from '#jidoka/store/migrations/index.js';

const file = process.argv[2];
const last = MIGRATIONS.at(-1);
if (file === undefined || last === undefined) throw new Error('usage: migration-child.mjs FILE');

const killed = {
  name: last.name,
  /** @param {import('better-sqlite3').Database} db */
  apply(db) {
    last.apply(db);
    process.kill(process.pid, 'SIGKILL');
  },
};
migrate(new Database(file), [...MIGRATIONS.slice(0, -1), killed]);
