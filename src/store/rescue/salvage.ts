import { isUtf8 } from 'node:buffer';
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Database, { type Database as Db } from 'better-sqlite3';
import { createPrivateFile } from '../folder.js';
import { imagePath, isImagePath } from '../image-files.js';
import { migrate } from '../migrate.js';
import { MIGRATIONS } from '../migrations/index.js';
import type { NamesCopy } from '../names-copy.js';
import { mendAccounts } from './accounts.js';
import { carryOver } from './carry-over.js';
import { NameRows } from './name-rows.js';
import { type NewTable, tablesToFill } from './new-tables.js';
import { readOldSchema } from './old-schema.js';
import { PageFile } from './page-file.js';
import { PageOwners } from './page-owners.js';
import type { StoredValue } from './record.js';
import type { RescueReport, TableReport } from './report.js';
import { type SkippedNumbers, setLastNumbers } from './sequences.js';
import { readTable } from './table-reader.js';

const USUAL_PAGE_SIZE = 4096;

export interface SalvageOptions {
  /** The damaged database; only read. */
  readonly from: string;
  /** The new one; must not exist. */
  readonly to: string;
  /** The storage folder, which holds the images. */
  readonly directory: string;
  readonly copy: NamesCopy | undefined;
  readonly onProgress: (text: string) => void;
}

export interface Salvaged extends Pick<RescueReport, 'tables' | 'stations'> {
  readonly damagedFrames: number;
}

/**
 * Builds a new database of every row that can be read in a damaged one.
 *
 * The old file is read page by page, past SQLite, which gives up at the first damaged page of a tree; the new one is
 * written by SQLite in the schema that the rows were written in, and then brought to the newest. Memory: one page, one
 * byte a page of the old file. The result is complete but not yet on the disk.
 */
export function salvage(options: SalvageOptions): Salvaged {
  const { from, to, copy } = options;
  const old = new PageFile(from, USUAL_PAGE_SIZE);
  createPrivateFile(to);
  const db = new Database(to);
  try {
    db.pragma('auto_vacuum = INCREMENTAL');
    // A crash here is no harm: the file is thrown away and built again. Synced once, when it is whole.
    db.pragma('journal_mode = MEMORY');
    db.pragma('synchronous = OFF');
    db.pragma('foreign_keys = ON');
    db.pragma('cache_size = -65536');
    const schema = readOldSchema(old, copy);
    migrate(db, MIGRATIONS.slice(0, schema.version));
    const owners = new PageOwners(old, schema.roots, schema.hasPointerMap, (page) =>
      options.onProgress(`pages looked at: ${page} of ${old.pageCount}`),
    );
    const result = fill(db, old, owners, options);
    migrate(db, MIGRATIONS);
    db.pragma('journal_mode = WAL');
    db.pragma('wal_checkpoint(TRUNCATE)');
    return { ...result, damagedFrames: old.wal?.damagedFrames ?? 0 };
  } finally {
    db.close();
    old.close();
  }
}

function fill(
  db: Db,
  old: PageFile,
  owners: PageOwners,
  options: SalvageOptions,
): Pick<RescueReport, 'tables' | 'stations'> {
  const { copy, directory, onProgress, from } = options;
  const names = new NameRows(db, copy);
  const tables: TableReport[] = [];
  let readStations: ReadonlySet<number> = new Set();
  for (const table of tablesToFill(db)) {
    const counts = { pages: 0, unreadableRows: 0 };
    const rows = readTable(old, owners, table.name, table.hasRowid, counts);
    const { carried, refused } = carryOver(rows, {
      db,
      table,
      names,
      judge: judgeOf(table, directory),
      onRow: (done) => onProgress(`${table.name}: ${done} rows carried over`),
    });
    if (table.name === 'stations') readStations = stationNumbers(db);
    names.complete(table.name);
    const damagedPages = owners.damagedPages(table.name);
    tables.push({
      table: table.name,
      carried,
      lost: counts.unreadableRows + refused,
      damagedPages,
      probablyLost: counts.pages === 0 ? 0 : Math.round((damagedPages * carried) / counts.pages),
      restored: 0,
    });
  }
  mendAccounts(db);
  keepPositions(db, old, owners, copy);
  names.nameLostStations();
  if (tables.some(({ table, lost, damagedPages }) => table === 'images' && lost + damagedPages > 0)) {
    relistImages(db, directory);
  }
  const stations: SkippedNumbers[] = setLastNumbers(db, copy, {
    lastWriteMs: lastWriteMs(from),
    lostCommits: old.wal?.damagedFrames ?? 0,
    read: readStations,
  });
  return { tables: tables.map((table) => ({ ...table, restored: names.restored(table.table) })), stations };
}

function stationNumbers(db: Db): ReadonlySet<number> {
  return new Set(db.prepare<[], number>('SELECT station FROM stations').pluck().all());
}

type Judge = Parameters<typeof carryOver>[1]['judge'];

/** What the constraints of the tables cannot tell. */
function judgeOf(table: NewTable, directory: string): Judge {
  const path = table.columns.indexOf('path');
  const payload = table.columns.indexOf('payload');
  if (table.name === 'images') return (values) => judgeImage(values[path], directory);
  if (table.name === 'outbox') return (values) => (isMessage(values[payload]) ? 'take' : 'garbage');
  return () => 'take';
}

/** Only what is there is listed; a path out of the folder is garbage. */
function judgeImage(path: StoredValue | undefined, directory: string): 'take' | 'leave' | 'garbage' {
  if (typeof path !== 'string' || !isImagePath(path)) return 'garbage';
  return existsSync(join(directory, path)) ? 'take' : 'leave';
}

/** SQLite has no checksums: a message with a damaged piece in it would be published. */
function isMessage(payload: StoredValue | undefined): boolean {
  if (!Buffer.isBuffer(payload) || !isUtf8(payload)) return false;
  try {
    return typeof JSON.parse(payload.toString('utf8')) === 'object';
  } catch {
    return false;
  }
}

/** Images whose row is lost and whose inspection is not: where they lie follows from the inspection. */
function relistImages(db: Db, directory: string): void {
  const unlisted = db.prepare<[], { number: number; id: string; station: string; at: number }>(`
    SELECT number, id, stations.name AS station, captured_at AS at FROM inspections JOIN stations USING (station)
    WHERE NOT EXISTS (SELECT 1 FROM images WHERE images.inspection = number)`);
  const found: { number: number; path: string }[] = [];
  const insert = db.prepare('INSERT INTO images (inspection, path, bytes, created_at) VALUES (?, ?, ?, ?)');
  if (!existsSync(join(directory, 'images'))) return;
  for (const { number, id, station, at } of unlisted.iterate()) {
    const path = Math.abs(at) < LAST_TIME_MS ? imagePath(station, id, at) : '';
    if (isImagePath(path) && existsSync(join(directory, path))) found.push({ number, path });
  }
  db.transaction(() => {
    for (const { number, path } of found) {
      const { size, mtimeMs } = statSync(join(directory, path));
      insert.run(number, path, BigInt(size), BigInt(Math.round(mtimeMs)));
    }
  })();
}

/** Positions are never given twice, also where the rows that had them are gone. */
function keepPositions(db: Db, old: PageFile, owners: PageOwners, copy: NamesCopy | undefined): void {
  const raise = db.prepare(`UPDATE sqlite_sequence SET seq = MAX(seq, ?) WHERE name = ?`);
  const add = db.prepare(`
    INSERT INTO sqlite_sequence (name, seq) SELECT @name, @seq
    WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = @name)
      AND EXISTS (SELECT 1 FROM sqlite_schema WHERE name = @name)`);
  const stored = [...readTable(old, owners, 'sqlite_sequence', true, { pages: 0, unreadableRows: 0 })].map(
    ({ values: [name, seq] }) => ({ name, seq }),
  );
  for (const { name, seq } of [...stored, ...(copy?.sequences ?? [])]) {
    if (typeof name !== 'string' || (typeof seq !== 'bigint' && typeof seq !== 'number') || seq > 1e15) continue;
    add.run({ name, seq: BigInt(seq) });
    raise.run(BigInt(seq), name);
  }
}

/** The last moment that the database or its log was written. */
export function lastWriteMs(database: string): number {
  const times = [database, `${database}-wal`].map((path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  return Math.max(...times);
}

const LAST_TIME_MS = 8.64e15;
