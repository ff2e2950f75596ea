import Database, { type Database as Db } from 'better-sqlite3';
import { migrate } from '../migrate.js';
import { MIGRATIONS } from '../migrations/index.js';
import type { NamesCopy } from '../names-copy.js';
import type { PageFile } from './page-file.js';
import { PageOwners, type Root } from './page-owners.js';
import { readTable } from './table-reader.js';

const SCHEMA = 'sqlite_schema';

export interface OldSchema {
  /** Version of the schema that the rows were written in. */
  readonly version: number;
  readonly roots: readonly Root[];
  readonly hasPointerMap: boolean;
}

/**
 * Where the tables of the damaged database begin: by its own list of tables, else by the copy that is kept beside it,
 * else as in a new database, in which the same steps make the same tables in the same places.
 */
export function readOldSchema(file: PageFile, copy: NamesCopy | undefined): OldSchema {
  const told = file.head?.userVersion ?? copy?.schemaVersion ?? MIGRATIONS.length;
  const version = told >= 0 && told <= MIGRATIONS.length ? told : MIGRATIONS.length;
  const fresh = new Database(':memory:');
  try {
    fresh.pragma('auto_vacuum = INCREMENTAL');
    migrate(fresh, MIGRATIONS.slice(0, version));
    const usual = rootsOf(fresh);
    const own = readRoots(file);
    const copied = copy?.schemaVersion === version ? copy.roots : {};
    return {
      version,
      roots: Object.entries(usual).map(([table, page]) => ({ table, page: own[table] ?? copied[table] ?? page })),
      hasPointerMap: file.head?.hasPointerMap ?? true,
    };
  } finally {
    fresh.close();
  }
}

function rootsOf(db: Db): Record<string, number> {
  const rows = db
    .prepare<[], { name: string; rootpage: number }>("SELECT name, rootpage FROM sqlite_schema WHERE type = 'table'")
    .all();
  return Object.fromEntries(rows.map(({ name, rootpage }) => [name, rootpage]));
}

/** The table of tables, whose tree begins on the first page. */
function readRoots(file: PageFile): Record<string, number> {
  const owners = new PageOwners(file, [{ table: SCHEMA, page: 1 }], false, () => undefined);
  const roots: Record<string, number> = {};
  for (const { values } of readTable(file, owners, SCHEMA, true, { pages: 0, unreadableRows: 0 })) {
    const [type, name, , page] = values;
    if (type !== 'table' || typeof name !== 'string' || typeof page !== 'bigint') continue;
    if (page > 1n && page <= BigInt(file.pageCount)) roots[name] = Number(page);
  }
  return roots;
}
