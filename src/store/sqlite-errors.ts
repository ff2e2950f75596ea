import Database from 'better-sqlite3';
import { JidokaError, messageOf } from '../base/errors.js';
import { type StoreErrorCode, storeErrors } from './errors.js';

/** SQLite's result codes (sqlite.org/rescode.html) that are the fault of the surroundings and may pass. */
const PASSING: readonly (readonly [RegExp, StoreErrorCode])[] = [
  [/^SQLITE_FULL$/, 'STORE_DISK_FULL'],
  [/^SQLITE_(BUSY|LOCKED)/, 'STORE_DATABASE_BUSY'],
  [/^SQLITE_READONLY/, 'STORE_READ_ONLY'],
  [/^SQLITE_(IOERR|CANTOPEN|PROTOCOL|NOMEM|PERM|NOLFS)/, 'STORE_IO_FAILED'],
];

/** The database cannot be written now; the same transaction may well succeed later. */
export function passingError(error: unknown, where: string): JidokaError | undefined {
  if (!(error instanceof Database.SqliteError)) return undefined;
  const { code, message } = error;
  const name = PASSING.find(([pattern]) => pattern.test(code))?.[1];
  return name === undefined ? undefined : storeErrors[name]({ where, got: `${message} (${code})` });
}

/** The file is damaged: trying again does not help. */
export function isCorrupt(error: unknown): boolean {
  return error instanceof Database.SqliteError && /^SQLITE_(CORRUPT|NOTADB)/.test(error.code);
}

/** What SQLite or the encoder says of one record's values; everything else concerns the whole database. */
export function isFaultOfRecord(error: unknown): boolean {
  if (error instanceof Database.SqliteError) return /^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG)/.test(error.code);
  return error instanceof TypeError || error instanceof RangeError || error instanceof JidokaError;
}

/** The error of opening or migrating the database, in the catalogue's terms. */
export function openingError(error: unknown, file: string): unknown {
  if (error instanceof JidokaError) return error;
  if (isCorrupt(error)) return storeErrors.STORE_DATABASE_CORRUPT({ where: file, got: messageOf(error), cause: error });
  return passingError(error, file) ?? error;
}
