import type { Database } from 'better-sqlite3';
import type { NamesCopy } from '../names-copy.js';

/** The most parts that a station can have had in a second, to be on the safe side. */
const MOST_A_SECOND = 1000;
const LEAST_MARGIN = 10_000;
/** Clocks of gateways start in 1970 now and then: a time between two of them is not believed for more than this. */
const MOST_MARGIN = 1_000_000;
/** Records in one transaction at most (the commit queue's bound). */
const RECORDS_A_COMMIT = 512;
/** A number beyond it is a damaged one: a thousand parts a second for thirty years. */
const IMPLAUSIBLE = 1e12;

export interface SkippedNumbers {
  readonly station: string;
  readonly known: number;
  readonly next: number;
}

export interface LostTime {
  /** When the damaged database was last written. */
  readonly lastWriteMs: number;
  /** Transactions known to be lost. */
  readonly lostCommits: number;
  /** The stations whose row was read from the database itself. */
  readonly read: ReadonlySet<number>;
}

interface StationRow {
  readonly station: number;
  readonly name: string;
  readonly last: number;
  readonly seen: number | null;
}

/**
 * Sets each station's last number to where no number can be given twice: to what its row, its inspections and the copy
 * of the names say at most, and beyond by a margin where any of them shows that later numbers may have been given.
 *
 * @returns the stations for which numbers were skipped
 */
export function setLastNumbers(db: Database, copy: NamesCopy | undefined, lost: LostTime): SkippedNumbers[] {
  const rows = db
    .prepare<[number], StationRow>(`
      SELECT stations.station, name, last_seq AS last,
        (SELECT MAX(seq) FROM inspections WHERE inspections.station = stations.station AND seq < ?) AS seen
      FROM stations`)
    .all(IMPLAUSIBLE);
  const raise = db.prepare('UPDATE stations SET last_seq = ? WHERE station = ?');
  return rows.flatMap(({ station, name, last, seen }) => {
    const row = last < IMPLAUSIBLE ? last : 0;
    const copied = copy?.stations.find((other) => other.name === name)?.last_seq ?? 0;
    const known = Math.max(row, seen ?? 0, copied);
    const sure = lost.read.has(station) && row === known && last === row;
    const margin = (sure ? 0 : marginSince(copy, lost.lastWriteMs)) + lost.lostCommits * RECORDS_A_COMMIT;
    raise.run(known + margin, station);
    return margin === 0 ? [] : [{ station: name, known, next: known + margin + 1 }];
  });
}

/**
 * Where a sound database knows less than the copy beside it, it is an older one: restored from a backup, or commits were
 * lost unseen. Stations go on beyond what the copy says.
 */
export function catchUpWithCopy(db: Database, copy: NamesCopy | undefined, lastWriteMs: number): SkippedNumbers[] {
  if (copy === undefined) return [];
  const find = db.prepare<[string], number>('SELECT last_seq FROM stations WHERE name = ?').pluck();
  const raise = db.prepare(`
    INSERT INTO stations (name, last_seq) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET last_seq = excluded.last_seq`);
  const behind = copy.stations.filter(({ name, last_seq }) => last_seq > (find.get(name) ?? 0));
  const margin = marginSince(copy, lastWriteMs);
  return db
    .transaction(() =>
      behind.map(({ name, last_seq: known }) => {
        raise.run(name, known + margin);
        return { station: name, known, next: known + margin + 1 };
      }),
    )
    .immediate();
}

/** More than can have been given between the copy and the last write. */
function marginSince(copy: NamesCopy | undefined, lastWriteMs: number): number {
  if (copy === undefined) return LEAST_MARGIN;
  const seconds = Math.max(0, lastWriteMs - copy.writtenAtMs) / 1000;
  return Math.min(MOST_MARGIN, LEAST_MARGIN + MOST_A_SECOND * Math.ceil(seconds));
}
