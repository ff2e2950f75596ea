import type { Database } from 'better-sqlite3';

export interface NewTable {
  readonly name: string;
  readonly hasRowid: boolean;
  /** In the order in which SQLite stores them: of a table without rowid the key comes first. */
  readonly columns: readonly string[];
  /** Place of the column that is the rowid by another name; its stored value is empty. */
  readonly rowidColumn: number | undefined;
  /** Tables that its rows refer to, with the place of the column. */
  readonly references: readonly { readonly table: string; readonly column: number }[];
}

/**
 * The tables to carry over, each after those that it refers to. Left out are those that triggers keep up to date while
 * other tables are filled, such as the tallies.
 */
export function tablesToFill(db: Database): NewTable[] {
  const names = db
    .prepare<[], string>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    )
    .pluck()
    .all();
  const kept = keptByTriggers(db);
  const tables = names.filter((name) => !kept.has(name)).map((name) => describe(db, name));
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

function keptByTriggers(db: Database): ReadonlySet<string> {
  const triggers = db.prepare<[], string>("SELECT sql FROM sqlite_schema WHERE type = 'trigger'").pluck().all();
  const onInsert = triggers.filter((sql) => /\bAFTER\s+INSERT\b/i.test(sql));
  return new Set(
    onInsert.flatMap((sql) => [...sql.matchAll(/\bUPDATE\s+(?!OF\b)(\w+)\s+SET\b/gi)].map(([, table]) => table ?? '')),
  );
}

interface ColumnInfo {
  readonly name: string;
  readonly type: string;
  readonly pk: number;
}

function describe(db: Database, name: string): NewTable {
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
    references: foreign.map(({ table, from }) => ({
      table,
      column: stored.findIndex((column) => column.name === from),
    })),
  };
}
