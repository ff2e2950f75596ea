import { createWriteStream, existsSync, renameSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Database } from 'better-sqlite3';
import { stringify } from 'csv-stringify';
import { fileWriter, ParquetWriter } from 'hyparquet-writer';
import { isoUtc } from '../../base/clock.js';
import { messageOf } from '../../base/errors.js';
import { storeErrors } from '../errors.js';
import { createPrivateFile, FILE_MODE } from '../folder.js';
import { syncPath } from '../replace-file.js';
import { isCorrupt, openingError } from '../sqlite-errors.js';
import {
  type ColumnKind,
  type ExportColumn,
  type ExportRow,
  type ExportSelection,
  type ExportValue,
  exportColumns,
  selectedRows,
} from './export-rows.js';

export type ExportFormat = 'csv' | 'parquet';

/** Rows held in memory at a time. */
const ROWS_A_GROUP = 20_000;

type ParquetWriterOptions = ConstructorParameters<typeof ParquetWriter>[0];
type SchemaElement = ParquetWriterOptions['schema'][number];

const PARQUET_TYPES: Readonly<Record<ColumnKind, Omit<SchemaElement, 'name'>>> = {
  integer: { type: 'INT64' },
  real: { type: 'DOUBLE' },
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
  time: { type: 'INT64', converted_type: 'TIMESTAMP_MILLIS' },
  boolean: { type: 'BOOLEAN' },
};

/**
 * Writes the selected rows to a file, which has its name only when it is whole. Memory does not grow with the rows.
 *
 * @returns the number of rows
 * @throws STORE_TARGET_EXISTS, STORE_TARGET_UNWRITABLE, STORE_DATABASE_CORRUPT
 */
export async function exportFile(
  db: Database,
  selection: ExportSelection,
  format: ExportFormat,
  target: string,
  onInspections: (done: number) => void,
): Promise<number> {
  const path = resolve(target);
  const incoming = `${path}.incoming`;
  for (const file of [path, incoming]) if (existsSync(file)) throw storeErrors.STORE_TARGET_EXISTS({ where: file });
  const columns = exportColumns(selection);
  let written = 0;
  const rows = counted(selectedRows(db, selection, onInspections), () => {
    written += 1;
  });
  try {
    if (format === 'csv') await writeCsv(incoming, columns, rows);
    else await writeParquet(incoming, columns, rows);
    syncPath(incoming);
    renameSync(incoming, path);
    syncPath(dirname(path));
    return written;
  } catch (error) {
    rmSync(incoming, { force: true });
    if (isCorrupt(error)) throw openingError(error, db.name);
    throw storeErrors.STORE_TARGET_UNWRITABLE({ where: path, got: messageOf(error), cause: error });
  }
}

function* counted(rows: Iterable<ExportRow>, onRow: () => void): Generator<ExportRow> {
  for (const row of rows) {
    onRow();
    yield row;
  }
}

/** RFC 4180 with a header. An empty text is `""`, nothing at all is nothing. */
async function writeCsv(path: string, columns: readonly ExportColumn[], rows: Iterable<ExportRow>): Promise<void> {
  const times = columns.map(({ kind }) => kind === 'time');
  const text = function* (): Generator<(string | number | null)[]> {
    for (const row of rows) yield row.map((value, index) => csvValue(value, times[index] === true));
  };
  const format = stringify({
    header: true,
    columns: columns.map(({ name }) => name),
    record_delimiter: 'windows',
    quoted_empty: true,
  });
  await pipeline(Readable.from(text()), format, createWriteStream(path, { flags: 'wx', mode: FILE_MODE }));
}

function csvValue(value: ExportValue, time: boolean): string | number | null {
  if (time && typeof value === 'number') return isoUtc(value);
  return typeof value === 'boolean' ? String(value) : value;
}

async function writeParquet(path: string, columns: readonly ExportColumn[], rows: Iterable<ExportRow>): Promise<void> {
  const schema: SchemaElement[] = [
    { name: 'root', num_children: columns.length },
    ...columns.map(({ name, kind }) => ({ name, repetition_type: 'OPTIONAL' as const, ...PARQUET_TYPES[kind] })),
  ];
  createPrivateFile(path);
  const writer = new ParquetWriter({ writer: fileWriter(path), schema, createdBy: 'jidoka' });
  let group: ExportRow[] = [];
  const flush = async (): Promise<void> => {
    const columnData = columns.map(({ name, kind }, index) => ({
      name,
      data: group.map((row) => parquetValue(row[index] ?? null, kind)),
      offsetIndex: false,
    }));
    await writer.write({ columnData, rowGroupSize: ROWS_A_GROUP });
    group = [];
    await nextTurn();
  };
  for (const row of rows) {
    group.push(row);
    if (group.length === ROWS_A_GROUP) await flush();
  }
  if (group.length > 0) await flush();
  await writer.finish();
}

function parquetValue(value: ExportValue, kind: ColumnKind): ExportValue | bigint | Date {
  if (typeof value !== 'number') return value;
  if (kind === 'integer') return BigInt(Math.round(value));
  return kind === 'time' ? new Date(value) : value;
}
