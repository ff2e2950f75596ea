import type { Database, Statement } from 'better-sqlite3';
import Sqlite from 'better-sqlite3';
import type { NameRows } from './name-rows.js';
import type { NewTable } from './new-tables.js';
import type { StoredValue } from './record.js';
import type { StoredRow } from './table-reader.js';

/** Rows in one transaction of the new database. */
const ROWS_A_COMMIT = 20_000;

export interface CarryOptions {
  readonly db: Database;
  readonly table: NewTable;
  readonly names: NameRows;
  readonly judge: (values: readonly StoredValue[]) => 'take' | 'leave' | 'garbage';
  readonly onRow: (carried: number) => void;
}

export interface Carried {
  carried: number;
  /** Rows that the new database does not take: garbage, or what they refer to is lost. */
  refused: number;
}

/** Inserts rows as they come; the tables' own constraints tell a row from garbage. */
export function carryOver(rows: Iterable<StoredRow>, { db, table, names, judge, onRow }: CarryOptions): Carried {
  const result: Carried = { carried: 0, refused: 0 };
  const inserts = new Map<number, Statement<StoredValue[]>>();
  let pending = 0;
  db.exec('BEGIN');
  for (const row of rows) {
    const values = columnValues(table, row);
    const judgement = values === undefined ? 'garbage' : judge(values);
    if (values === undefined || judgement !== 'take') {
      if (judgement === 'garbage') result.refused += 1;
      continue;
    }
    names.provide(table, values);
    const own = values.filter((_, index) => !table.sums.has(table.columns[index] ?? ''));
    if (inserted(insertFor(db, table, values.length, inserts), own)) result.carried += 1;
    else result.refused += 1;
    pending += 1;
    if (pending % ROWS_A_COMMIT === 0) db.exec('COMMIT; BEGIN');
    onRow(result.carried);
  }
  db.exec('COMMIT');
  return result;
}

function columnValues(table: NewTable, { rowid, values }: StoredRow): StoredValue[] | undefined {
  if (values.length === 0 || values.length > table.columns.length) return undefined;
  const { rowidColumn } = table;
  if (rowidColumn === undefined) return [...values];
  if (rowid === undefined || values[rowidColumn] !== null) return undefined;
  return values.map((value, index) => (index === rowidColumn ? BigInt(rowid) : value));
}

/** A row written before a column was added has fewer values; the column's default fills in. */
function insertFor(
  db: Database,
  table: NewTable,
  width: number,
  known: Map<number, Statement<StoredValue[]>>,
): Statement<StoredValue[]> {
  const found = known.get(width);
  if (found !== undefined) return found;
  const columns = table.columns.slice(0, width).filter((name) => !table.sums.has(name));
  // Rows that the new database is made with give way to the old ones.
  const verb = table.sums.size > 0 ? 'REPLACE' : 'INSERT OR IGNORE';
  const made = db.prepare<StoredValue[]>(
    `${verb} INTO ${table.name} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
  );
  known.set(width, made);
  return made;
}

function inserted(insert: Statement<StoredValue[]>, values: StoredValue[]): boolean {
  try {
    return insert.run(...values).changes > 0;
  } catch (error) {
    if (error instanceof Sqlite.SqliteError && /^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG|RANGE)/.test(error.code))
      return false;
    throw error;
  }
}
