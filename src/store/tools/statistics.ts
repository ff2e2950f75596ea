import { statSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { tablesOf } from '../integrity.js';
import { schemaVersion } from '../migrate.js';

export interface DatabaseStatistics {
  readonly file: string;
  readonly schema: number;
  readonly bytes: number;
  readonly walBytes: number;
  /** In the file and not used; given back little by little. */
  readonly freeBytes: number;
  readonly tables: readonly { readonly table: string; readonly rows: number }[];
  /** Captured, ms since 1970; null without inspections. */
  readonly oldestMs: number | null;
  readonly newestMs: number | null;
  readonly stations: readonly {
    readonly station: string;
    readonly lastSeq: number;
    readonly pass: number;
    readonly fail: number;
    readonly review: number;
  }[];
  /** Messages in the outbox, and by destination where each has an account. */
  readonly outboxRows: number;
  readonly waiting: Readonly<Record<string, number>>;
  readonly images: { readonly files: number; readonly bytes: number };
}

/** Figures of a database; counting reads every table once. */
export function databaseStatistics(db: Database): DatabaseStatistics {
  const pragma = (name: string): number => Number(db.pragma(name, { simple: true }));
  const tables = tablesOf(db).map((table) => ({ table, rows: count(db, table) }));
  const rowsOf = (name: string): number => tables.find(({ table }) => table === name)?.rows ?? 0;
  const ages = db
    .prepare<[], { oldestMs: number | null; newestMs: number | null }>(`
      SELECT (SELECT captured_at FROM inspections ORDER BY number LIMIT 1) AS oldestMs,
        (SELECT captured_at FROM inspections ORDER BY number DESC LIMIT 1) AS newestMs`)
    .get() ?? { oldestMs: null, newestMs: null };
  return {
    file: db.name,
    schema: schemaVersion(db),
    bytes: statSync(db.name).size,
    walBytes: statSync(`${db.name}-wal`, { throwIfNoEntry: false })?.size ?? 0,
    freeBytes: pragma('freelist_count') * pragma('page_size'),
    tables,
    ...ages,
    stations: db
      .prepare<[], DatabaseStatistics['stations'][number]>(
        'SELECT name AS station, last_seq AS lastSeq, pass, fail, review FROM stations ORDER BY name',
      )
      .all(),
    outboxRows: rowsOf('outbox'),
    waiting: waitingByDestination(db),
    images: {
      files: rowsOf('images'),
      bytes: Number(db.prepare('SELECT COALESCE(SUM(bytes), 0) FROM images').pluck().get()),
    },
  };
}

function count(db: Database, table: string): number {
  return Number(db.prepare(`SELECT COUNT(*) FROM ${table}`).pluck().get());
}

/** Databases of an earlier schema have one account only. */
function waitingByDestination(db: Database): Record<string, number> {
  const columns = db.prepare<[], string>("SELECT name FROM pragma_table_info('pending')").pluck().all();
  if (!columns.includes('destination')) return {};
  const rows = db
    .prepare<[], { destination: string | number; rows: number }>(
      'SELECT destination, COUNT(*) AS rows FROM pending GROUP BY destination',
    )
    .all();
  return Object.fromEntries(rows.map(({ destination, rows: waiting }) => [String(destination), waiting]));
}
