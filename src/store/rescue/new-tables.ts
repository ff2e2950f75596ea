import type { Database } from 'better-sqlite3';

export interface NewTable {
  readonly name: string;
  readonly hasRowid: boolean;
  /** In the order in which SQLite stores them: of a table without rowid the key comes first. */
  readonly columns: readonly string[];
  /** Place of the column that is the rowid by another name; its stored value is empty. */
  readonly rowidColumn: number | undefined;
  /** Columns that triggers fill while other tables are filled: sums of their rows. */
  readonly sums: ReadonlySet<string>;
  /** Tables that its rows refer to, with the place of the column. */
  readonly references: readonly { readonly table: string; readonly column: number }[];
}

/**
 * The tables to carry over, each after those that it refers to. Left out are those that hold nothing but sums, which
 * triggers keep up to date while other tables are filled, such as the tallies.
 */
export function tablesToFill(db: Database): NewTable[] {
  const names = db
    .prepare<[], string>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    )
    .pluck()
    .all();
  const sums = sumsByTable(db);
  const tables = names.map((name) => describe(db, name, sums.get(name) ?? new Set())).filter(holdsMoreThanSums);
  const ordered: NewTable[] = [];
  const visit = (table: NewTable, trail: readonly string[]): void => {
    if (ordered.includes(table) || trail.includes(table.name)) return;
    for (const { table: parent } of table.references) {
      const found = tables.find(({ name }) => name === parent);
      if (found !== undefined) visit(found, [...trail, table.name]);
    }
    ordered.push(table);
  };
  for (const table of tables) visit(table, []);
  return ordered;
}

/** Besides its sums and its number a table of sums has nothing. */
function holdsMoreThanSums({ columns, rowidColumn, sums }: NewTable): boolean {
  return sums.size === 0 || columns.some((name, index) => index !== rowidColumn && !sums.has(name));
}

/** Table → its columns that the triggers on inserted rows count up. */
function sumsByTable(db: Database): ReadonlyMap<string, ReadonlySet<string>> {
  const triggers = db.prepare<[], string>("SELECT sql FROM sqlite_schema WHERE type = 'trigger'").pluck().all();
  const sums = new Map<string, Set<string>>();
  for (const sql of triggers.filter((text) => /\bAFTER\s+INSERT\b/i.test(text))) {
    for (const [, table = '', changes = ''] of sql.matchAll(/\bUPDATE\s+(?!OF\b)(\w+)\s+SET\b([^;]*)/gi)) {
      const known = sums.get(table) ?? new Set();
      for (const [, column = ''] of changes.matchAll(/(\w+)\s*=\s*\1\s*\+/g)) known.add(column);
      sums.set(table, known);
    }
  }
  return sums;
}

interface ColumnInfo {
  readonly name: string;
  readonly type: string;
  readonly pk: number;
}

function describe(db: Database, name: string, sums: ReadonlySet<string>): NewTable {
  const columns = db.pragma(`table_info(${name})`) as ColumnInfo[];
  const key = columns.filter(({ pk }) => pk > 0).sort((one, other) => one.pk - other.pk);
  const { wr } = db.prepare<[string], { wr: number }>('SELECT wr FROM pragma_table_list WHERE name = ?').get(name) ?? {
    wr: 0,
  };
  const hasRowid = wr === 0;
  const stored = hasRowid ? columns : [...key, ...columns.filter(({ pk }) => pk === 0)];
  const [alias] = key;
  const rowidColumn =
    hasRowid && key.length === 1 && alias?.type.toUpperCase() === 'INTEGER' ? stored.indexOf(alias) : undefined;
  const foreign = db.pragma(`foreign_key_list(${name})`) as { table: string; from: string }[];
  return {
    name,
    hasRowid,
    columns: stored.map((column) => column.name),
    rowidColumn,
    sums,
    references: foreign.map(({ table, from }) => ({
      table,
      column: stored.findIndex((column) => column.name === from),
    })),
  };
}
