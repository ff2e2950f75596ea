import { existsSync, rmSync, statSync } from 'node:fs';
import { messageOf } from '../base/errors.js';
import { clearSuspicion, forgetSuspicion, suspicion } from './damage-marker.js';
import { databasePath, type OpenDatabase, openDatabase } from './database.js';
import { CHECKED_AT_START_BYTES, findDamage, missingObjects } from './integrity.js';
import { readNamesCopy } from './names-copy.js';
import { type RescueReport, rescueText, writeRescueReport } from './rescue/report.js';
import { lastWriteMs, salvage } from './rescue/salvage.js';
import { catchUpWithCopy } from './rescue/sequences.js';
import {
  buildingPath,
  declareBuilt,
  finishExchange,
  pruneSetAside,
  setAsideName,
  stampOf,
} from './rescue/set-aside.js';
import { readWal } from './rescue/wal-file.js';
import { isCorrupt, openingError } from './sqlite-errors.js';

export interface OpeningOptions {
  readonly nowMs: () => number;
  readonly log: (level: 'info' | 'warn' | 'error', message: string, fields?: object) => void;
  /** A sign of life while a check or a rescue takes its time. */
  readonly onProgress: (text: string) => void;
  readonly checkedAtStartBytes?: number;
}

export interface SoundDatabase extends OpenDatabase {
  /** Too large to be checked before the start: to be checked beside the running agent. */
  readonly unchecked: boolean;
}

/**
 * Opens the database, and where it is damaged begins a new one with what can be read of it.
 *
 * Always: the write-ahead log's checksums, SQLite's own opening, whose file it is, and that no table, index or trigger of
 * the schema is missing. A file of up to 64 MiB is read through as well (`quick_check`). Where the last run found damage,
 * the file is checked in full whatever its size.
 *
 * @throws STORE_DATABASE_FOREIGN, STORE_SCHEMA_NEWER; STORE_DISK_FULL and the like
 */
export function openSoundDatabase(directory: string, options: OpeningOptions): SoundDatabase {
  const file = databasePath(directory);
  try {
    finishExchange(directory);
    const copy = readNamesCopy(directory);
    const wroteLastMs = lastWriteMs(file);
    const first = openUnlessDamaged(directory, options);
    if (!('damage' in first)) return caughtUp(first);
    rescue(directory, first.damage, options);
    return { ...openDatabase(directory), unchecked: false };

    function caughtUp(opened: SoundDatabase): SoundDatabase {
      for (const { station, known, next } of catchUpWithCopy(opened.db, copy, wroteLastMs)) {
        options.log(
          'warn',
          `The database is older than what is known of station ${station}: its number ${known} was given already. It goes on at ${next}, so that no number is given twice.`,
        );
      }
      return opened;
    }
  } catch (error) {
    throw openingError(error, file);
  }
}

function openUnlessDamaged(directory: string, options: OpeningOptions): SoundDatabase | { readonly damage: string } {
  const file = databasePath(directory);
  const suspected = suspicion(directory, options.nowMs());
  if (suspected?.repeated) return { damage: suspected.reason };
  const beforeOpening = damageOfFiles(file);
  if (beforeOpening !== undefined) return { damage: beforeOpening };
  let opened: OpenDatabase | undefined;
  try {
    opened = openDatabase(directory);
    const missing = missingObjects(opened.db);
    const large = statSync(file).size > (options.checkedAtStartBytes ?? CHECKED_AT_START_BYTES);
    const unchecked = large && suspected === undefined;
    const damage =
      missing.length > 0
        ? [`missing from the schema: ${missing.join(', ')}`]
        : check(opened, suspected, unchecked, options);
    if (damage[0] !== undefined) {
      opened.db.close();
      return { damage: damage[0] };
    }
    if (suspected !== undefined) {
      options.log('warn', `The database was suspected (${suspected.reason}); the full check has found nothing wrong.`);
      clearSuspicion(directory);
    }
    return { ...opened, unchecked };
  } catch (error) {
    opened?.db.close();
    if (isCorrupt(error)) return { damage: messageOf(error) };
    throw error;
  }
}

function check(
  { db }: OpenDatabase,
  suspected: object | undefined,
  unchecked: boolean,
  { onProgress }: OpeningOptions,
): string[] {
  if (unchecked) return [];
  if (suspected === undefined) return findDamage(db, 'quick');
  return findDamage(db, 'full', (table) => onProgress(`The database is checked in full: ${table}.`));
}

/** What SQLite would pass over in silence, and lose. */
function damageOfFiles(file: string): string | undefined {
  const wal = readWal(`${file}-wal`);
  if (wal === undefined) return undefined;
  if (wal.unreachableCommits > 0) {
    return `its write-ahead log is damaged: ${wal.unreachableCommits} committed transactions lie behind the damage`;
  }
  // SQLite takes the log of an empty file for one that was left behind, and deletes it.
  const size = existsSync(file) ? statSync(file).size : 0;
  return size === 0 && wal.pages.size > 0 ? 'the file is empty and its write-ahead log is not' : undefined;
}

function rescue(directory: string, reason: string, options: OpeningOptions): void {
  const { log, nowMs, onProgress } = options;
  const file = databasePath(directory);
  const atMs = nowMs();
  const stamp = stampOf(atMs);
  log('error', `The database is damaged: ${reason}. It is set aside, and what can be read of it is carried over.`);
  rmSync(buildingPath(directory), { force: true });
  const { tables, stations } = salvage({
    from: file,
    to: buildingPath(directory),
    directory,
    copy: readNamesCopy(directory),
    onProgress: (text) => onProgress(`The damaged database is carried over: ${text}.`),
  });
  const report: RescueReport = { atMs, reason, setAside: setAsideName(stamp), tables, stations };
  writeRescueReport(directory, report);
  declareBuilt(directory, stamp);
  finishExchange(directory);
  forgetSuspicion(directory);
  log('error', rescueText(report), { rescue: report });
  for (const name of pruneSetAside(directory)) log('warn', `Removed ${name}, a damaged database set aside long ago.`);
}
