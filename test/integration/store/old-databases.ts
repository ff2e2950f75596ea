import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { CAPTURED_AT_MS, idOf } from '../../contract/inspections.js';

/** "jido", as every version writes it. */
const APPLICATION_ID = 0x6a69646f;

const DECISIONS = ['pass', 'pass', 'fail', 'review'] as const;

export interface OldRow {
  readonly seq: number;
  readonly inspectionId: string;
  readonly verdict: (typeof DECISIONS)[number];
  readonly payload: string;
}

/**
 * Writes the database file of a gateway that ran version 1: `inspections` parts of station s1, of which every fifth has
 * been sent, an image and a quarantined file. The schema is a copy of its own, so that a change to the released
 * migration is found.
 *
 * @returns what waits in the outbox
 */
export function writeVersion1(directory: string, inspections: number): OldRow[] {
  const db = new Database(join(directory, 'jidoka.sqlite'));
  db.pragma('auto_vacuum = INCREMENTAL');
  db.pragma('journal_mode = WAL');
  db.exec(readFileSync(join(import.meta.dirname, 'schema-1.sql'), 'utf8'));
  db.pragma(`application_id = ${APPLICATION_ID}`);
  db.pragma('user_version = 1');
  const image = `images/2026/03/14/s1/${idOf(1)}.jpg`;
  mkdirSync(dirname(join(directory, image)), { recursive: true });
  writeFileSync(join(directory, image), new Uint8Array(1000));
  const rows = Array.from({ length: inspections }, (_, index) => rowOf(index + 1));
  db.transaction(() => {
    db.exec(`
      INSERT INTO stations (name, last_seq, pass, fail, review) VALUES ('s1', ${inspections}, ${totals(rows).join(', ')});
      INSERT INTO models (name, version, sha256) VALUES ('castings', '1.2.0', '${'ab'.repeat(32)}');
      INSERT INTO sensors (station, name, unit) VALUES (1, 'temperature', '°C');
      INSERT INTO origins VALUES (1, 'part-1.jpg:1:0', 'part-1.jpg', ${CAPTURED_AT_MS}, 'not an image');`);
    const inspection = db.prepare(`
      INSERT INTO inspections (id, station, seq, captured_at, decided_at, verdict, model, wait_ms, total_ms)
      VALUES (?, 1, ?, ?, ?, ?, 1, 1, 40)`);
    const reading = db.prepare(`INSERT INTO readings VALUES (?, 0, 1, 181.5, 'good', 'Good', ?, 120, 0)`);
    const message = db.prepare('INSERT INTO outbox (inspection, payload) VALUES (?, ?)');
    for (const { seq, inspectionId, verdict, payload } of rows) {
      const atMs = CAPTURED_AT_MS + seq;
      const number = inspection.run(inspectionId, seq, atMs, atMs + 40, verdict).lastInsertRowid;
      reading.run(number, atMs);
      message.run(number, Buffer.from(payload));
    }
    db.exec(`
      INSERT INTO images VALUES (1, '${image}', 1000, ${CAPTURED_AT_MS});
      DELETE FROM outbox WHERE position % 5 = 0;`);
  })();
  db.close();
  return rows.filter(({ seq }) => seq % 5 !== 0);
}

/** The same gateway after its update to version 2. */
export function writeVersion2(directory: string, inspections: number): OldRow[] {
  const waiting = writeVersion1(directory, inspections);
  const db = new Database(join(directory, 'jidoka.sqlite'));
  db.exec(readFileSync(join(import.meta.dirname, 'schema-2.sql'), 'utf8'));
  db.pragma('user_version = 2');
  db.close();
  return waiting;
}

function rowOf(seq: number): OldRow {
  const verdict = DECISIONS[seq % DECISIONS.length] ?? 'pass';
  const inspectionId = idOf(seq);
  return { seq, inspectionId, verdict, payload: JSON.stringify({ id: inspectionId, seq, verdict }) };
}

function totals(rows: readonly OldRow[]): number[] {
  return (['pass', 'fail', 'review'] as const).map((verdict) => rows.filter((row) => row.verdict === verdict).length);
}
