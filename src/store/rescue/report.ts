import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { isoUtc } from '../../base/clock.js';
import { replaceFileSync } from '../replace-file.js';

const count = z.number();
const reportSchema = z.object({
  atMs: count,
  reason: z.string(),
  setAside: z.string(),
  tables: z.array(
    z.object({
      table: z.string(),
      carried: count,
      /** Rows that were there and could not be read or do not fit any more. */
      lost: count,
      damagedPages: count,
      /** By the number of rows on the pages that can be read. */
      probablyLost: count,
      /** Taken from the copy of the names, or made up so that other rows keep what they refer to. */
      restored: count,
    }),
  ),
  stations: z.array(
    z.object({ station: z.string(), /** The last number that is known for sure. */ known: count, next: count }),
  ),
});

/** What a rescue has done. */
export type RescueReport = z.infer<typeof reportSchema>;
export type TableReport = RescueReport['tables'][number];

/** So long the status tells of a rescue: over a week-end. */
export const NOTICE_MS = 72 * 3600 * 1000;

const path = (directory: string): string => join(directory, 'jidoka.rescue.json');

export function writeRescueReport(directory: string, report: RescueReport): void {
  replaceFileSync(path(directory), `${JSON.stringify(report, null, 2)}\n`);
}

/** The last rescue, as long as the status is to tell of it. */
export function recentRescue(directory: string, nowMs: number): RescueReport | undefined {
  try {
    const report = reportSchema.parse(JSON.parse(readFileSync(path(directory), 'utf8')));
    if (nowMs - report.atMs < NOTICE_MS) return report;
    rmSync(path(directory), { force: true });
  } catch {
    // None, or one that cannot be read: the log has it.
  }
  return undefined;
}

/** One paragraph for the log and the status. */
export function rescueText({ atMs, reason, setAside, tables, stations }: RescueReport): string {
  const carried = tables.filter((table) => table.carried > 0).map((table) => `${table.carried} ${table.table}`);
  const lost = tables.flatMap(({ table, lost: rows, damagedPages, probablyLost }) => {
    if (rows + damagedPages === 0) return [];
    const pages = damagedPages === 0 ? '' : `${damagedPages} unreadable pages, about ${probablyLost} rows`;
    return [`${table}: ${[...(rows === 0 ? [] : [`${rows} rows`]), ...(pages === '' ? [] : [pages])].join(' and ')}`];
  });
  const skipped = stations.map(({ station, known, next }) => `${station} goes on at ${next} after ${known}`);
  return [
    `The database was damaged (${reason}) and has been begun anew at ${isoUtc(atMs)}; the old file is ${setAside}.`,
    carried.length === 0 ? 'No row could be carried over.' : `Carried over: ${carried.join(', ')}.`,
    lost.length === 0 ? 'No row is known to be lost.' : `Lost: ${lost.join('; ')}.`,
    ...(skipped.length === 0
      ? []
      : [`Sequence numbers were skipped, so that none is given twice: ${skipped.join('; ')}.`]),
  ].join(' ');
}
