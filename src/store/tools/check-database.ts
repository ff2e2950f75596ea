import type { Database } from 'better-sqlite3';
import { findDamage, missingObjects, tablesOf } from '../integrity.js';

/** Numbers that a station has not used between two inspections that are kept. */
export interface SeqGap {
  readonly station: string;
  readonly after: number;
  readonly before: number;
}

export interface CheckResult {
  /** Damage; empty for a sound file. */
  readonly damage: readonly string[];
  /** Rows that refer to one that is not there, by table. */
  readonly dangling: Readonly<Record<string, number>>;
  /** At most a hundred. */
  readonly gaps: readonly SeqGap[];
  /** Stations whose last number is below that of an inspection. */
  readonly behind: readonly string[];
}

const MOST_GAPS = 100;

export const CHECK_STEPS = 4;

/**
 * Checks the whole database: its pages and indexes, what its rows refer to, and the sequence numbers. Gaps are no
 * damage: a rescue skips numbers, and retention takes rows.
 *
 * @param onStep called with what is looked at and how far that is, from 0 to 1
 */
export function checkDatabase(db: Database, onStep: (what: string, done: number) => void): CheckResult {
  const steps = tablesOf(db).length + CHECK_STEPS;
  let step = 0;
  const next = (what: string): void => {
    onStep(what, step / steps);
    step += 1;
  };
  const missing = missingObjects(db).map((name) => `missing: ${name}`);
  const damage = [...missing, ...findDamage(db, 'full', next)];
  if (damage.length > 0) return { damage, dangling: {}, gaps: [], behind: [] };
  next('references');
  const dangling: Record<string, number> = {};
  for (const { table } of db.prepare<[], { table: string }>('PRAGMA foreign_key_check').iterate()) {
    dangling[table] = (dangling[table] ?? 0) + 1;
  }
  next('sequence numbers');
  const result = { damage, dangling, gaps: gapsOf(db), behind: behindOf(db) };
  onStep('done', 1);
  return result;
}

/** In the order of commit, which is the order of the numbers: no sorting, whatever the size. */
function gapsOf(db: Database): SeqGap[] {
  const last = new Map<string, number>();
  const gaps: SeqGap[] = [];
  const rows = db.prepare<[], { station: string; seq: number }>(`
    SELECT name AS station, seq FROM inspections JOIN stations USING (station) ORDER BY number`);
  for (const { station, seq } of rows.iterate()) {
    const after = last.get(station);
    if (after !== undefined && seq !== after + 1 && gaps.length < MOST_GAPS) gaps.push({ station, after, before: seq });
    last.set(station, seq);
  }
  return gaps;
}

function behindOf(db: Database): string[] {
  return db
    .prepare<[], string>(`
      SELECT name FROM stations
      WHERE last_seq < (SELECT MAX(seq) FROM inspections WHERE inspections.station = stations.station)`)
    .pluck()
    .all();
}
