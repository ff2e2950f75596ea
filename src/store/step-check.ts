import type { Database as Db } from 'better-sqlite3';
import { tablesOf } from './integrity.js';
import { isCorrupt } from './sqlite-errors.js';

/** Rows read in one step: a few milliseconds, after which the check can be ended or rests. */
const ROWS_A_STEP = 5000;

interface Column {
  readonly name: string;
  readonly pk: number;
}

/**
 * Reads every row of every table and every index in small steps, and finds what cannot be read. SQLite's own check is one
 * call that cannot be interrupted, and it would keep the write-ahead log from being emptied until it ends.
 *
 * Yields after each step; the last value is the damage, or undefined.
 */
export function* checkInSteps(db: Db): Generator<undefined, string | undefined> {
  for (const table of tablesOf(db)) {
    try {
      yield* readRows(db, table);
      for (const index of indexesOf(db, table)) {
        db.prepare(`SELECT COUNT(*) FROM ${table} INDEXED BY ${index}`).get();
        yield;
      }
    } catch (error) {
      if (isCorrupt(error)) return `${(error as Error).message} (table ${table})`;
      throw error;
    }
  }
  return undefined;
}

function* readRows(db: Db, table: string): Generator<undefined> {
  const columns = db.pragma(`table_info(${table})`) as Column[];
  const primary = columns.filter(({ pk }) => pk > 0).sort((one, other) => one.pk - other.pk);
  const wr = db.prepare<[string], number>('SELECT wr FROM pragma_table_list WHERE name = ?').pluck().get(table);
  const key = wr === 1 ? primary.map(({ name }) => name) : ['rowid'];
  const keys = key.join(', ');
  const lengths = columns.map(({ name }) => `COALESCE(length(${name}), 0)`).join(' + ');
  const after = `(${keys}) > (${key.map(() => '?').join(', ')})`;
  const last = (where: string): string =>
    `SELECT ${keys} FROM ${table} ${where} ORDER BY ${keys} LIMIT 1 OFFSET ${ROWS_A_STEP - 1}`;
  const read = (where: string): string =>
    `SELECT SUM(bytes) FROM (SELECT ${lengths} AS bytes FROM ${table} NOT INDEXED ${where} ORDER BY ${keys} LIMIT ${ROWS_A_STEP})`;
  type Key = readonly unknown[];
  const firstLast = db.prepare<[], Key>(last('')).raw();
  const nextLast = db.prepare<unknown[], Key>(last(`WHERE ${after}`)).raw();
  const nextRead = db.prepare<unknown[]>(read(`WHERE ${after}`));
  db.prepare(read('')).get();
  for (let at = firstLast.get(); at !== undefined; at = nextLast.get(...at)) {
    yield;
    nextRead.get(...at);
  }
  yield;
}

/** Those that hold all rows; the key of a table without rowid is the table itself. */
function indexesOf(db: Db, table: string): string[] {
  return db
    .prepare<[string], string>("SELECT name FROM pragma_index_list(?) WHERE partial = 0 AND origin <> 'pk'")
    .pluck()
    .all(table);
}
