import type { Database, Statement } from 'better-sqlite3';
import type { FrameOrigin } from '../domain/frame.js';
import type { QuarantineEntry } from '../ports/ledger.js';
import type { NameTables } from './name-tables.js';

/** What became of the files a camera took. Writing runs inside the caller's transaction. */
export class OriginTable {
  readonly #names: NameTables;
  readonly #seen: Statement<[number, string], string>;
  readonly #take: Statement<[number, string, string, number]>;
  readonly #quarantine: Statement<[number, string, string, number, string]>;
  readonly #forget: Statement<[number, string]>;
  readonly #quarantined: Statement<[string, number], QuarantineEntry>;

  constructor(db: Database, names: NameTables) {
    this.#names = names;
    this.#seen = db
      .prepare<[number, string], string>(
        'SELECT key FROM origins WHERE station = ? AND key IN (SELECT value FROM json_each(?))',
      )
      .pluck();
    this.#take = db.prepare(`
      INSERT INTO origins (station, key, name, taken_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING`);
    this.#quarantine = db.prepare(`
      INSERT INTO origins (station, key, name, taken_at, reason) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET taken_at = excluded.taken_at, reason = excluded.reason WHERE reason IS NULL`);
    this.#forget = db.prepare('DELETE FROM origins WHERE station = ? AND key IN (SELECT value FROM json_each(?))');
    this.#quarantined = db.prepare(`
      SELECT stations.name AS station, origins.name, reason, taken_at AS atMs
      FROM origins JOIN stations USING (station)
      WHERE stations.name = ? AND reason IS NOT NULL ORDER BY taken_at DESC LIMIT ?`);
  }

  seen(station: string, keys: readonly string[]): string[] {
    const number = this.#names.findStation(station);
    return number === undefined ? [] : this.#seen.all(number, JSON.stringify(keys));
  }

  take(station: string, origin: FrameOrigin, atMs: number): void {
    this.#take.run(this.#names.station(station), origin.key, origin.name, atMs);
  }

  /** The first reason stays; a file that was inspected already can still come to the list. */
  quarantine(station: string, origin: FrameOrigin, reason: string, atMs: number): void {
    this.#quarantine.run(this.#names.station(station), origin.key, origin.name, atMs, reason);
  }

  forget(station: string, keys: readonly string[]): void {
    const number = this.#names.findStation(station);
    if (number !== undefined) this.#forget.run(number, JSON.stringify(keys));
  }

  quarantined(station: string, limit: number): QuarantineEntry[] {
    return this.#quarantined.all(station, limit);
  }
}
