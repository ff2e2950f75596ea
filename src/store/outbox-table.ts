import type { Database, Statement } from 'better-sqlite3';
import type { OutboxRecord } from '../domain/outbox.js';

/** Messages on their way out. Station, seq and id are taken from the inspection, not kept twice. */
export class OutboxTable {
  readonly #read: Statement<[number, number], OutboxRecord>;
  readonly #newest: Statement<[], number>;
  readonly #settle: Statement<[string]>;

  constructor(db: Database) {
    this.#read = db.prepare(`
      SELECT outbox.position, inspections.id AS inspectionId, stations.name AS station, inspections.seq, inspections.verdict,
        inspections.decided_at AS decidedAtMs, outbox.payload
      FROM outbox
      JOIN inspections ON inspections.number = outbox.inspection
      JOIN stations ON stations.station = inspections.station
      WHERE outbox.position > ? ORDER BY outbox.position LIMIT ?`);
    this.#newest = db.prepare<[], number>("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'").pluck();
    this.#settle = db.prepare('DELETE FROM outbox WHERE position IN (SELECT value FROM json_each(?))');
  }

  read(after: number, limit: number): OutboxRecord[] {
    return this.#read.all(after, limit);
  }

  newest(): number {
    return this.#newest.get() ?? 0;
  }

  settle(positions: readonly number[]): void {
    this.#settle.run(JSON.stringify(positions));
  }
}
