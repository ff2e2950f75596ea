import type { Database, Statement } from 'better-sqlite3';
import type { Inspection, StationCounts } from '../domain/inspection.js';
import { type InspectionMessage, inspectionMessage } from '../domain/message.js';
import type { Reading, ReadingValue } from '../domain/reading.js';
import { storeErrors } from './errors.js';
import type { NameTables } from './name-tables.js';

/** A part's place in the database. */
interface Place {
  /** The order of commit; what readings, outbox and image refer to. */
  readonly number: number;
  readonly seq: number;
}

export type Inserted =
  | (Place & { readonly duplicate: false; readonly message: InspectionMessage })
  /** The inspection was there already: nothing was changed. */
  | (Place & { readonly duplicate: true });

export interface StationTotals {
  readonly counts: StationCounts;
  readonly lastSeq: number;
}

/** Ids and stations name files and topics; nothing that could lead out of a folder comes in. */
const PLAIN_NAME = /^[0-9A-Za-z][0-9A-Za-z_-]{0,63}$/;

/** Inspections with their readings, and the stations' running totals. Writing runs inside the caller's transaction. */
export class InspectionTable {
  readonly #names: NameTables;
  readonly #find: Statement<[string], Place>;
  readonly #count: Statement<[Record<string, unknown>], number>;
  readonly #insert: Statement<[Record<string, unknown>]>;
  readonly #insertReading: Statement<[Record<string, unknown>]>;
  readonly #totals: Statement<[string], StationCounts & { lastSeq: number }>;

  constructor(db: Database, names: NameTables) {
    this.#names = names;
    this.#find = db.prepare('SELECT number, seq FROM inspections WHERE id = ?');
    this.#count = db
      .prepare<[Record<string, unknown>], number>(`
        UPDATE stations SET last_seq = last_seq + 1, pass = pass + (@verdict = 'pass'),
          fail = fail + (@verdict = 'fail'), review = review + (@verdict = 'review')
        WHERE station = @station RETURNING last_seq`)
      .pluck();
    this.#insert = db.prepare(`
      INSERT INTO inspections (id, station, seq, part_id, source, captured_at, decided_at, verdict, reasons, label,
        score, scores, model, wait_ms, queue_ms, preprocess_ms, inference_ms, total_ms, recipe, late_ms, regions)
      VALUES (@id, @station, @seq, @partId, @source, @capturedAt, @decidedAt, @verdict, @reasons, @label,
        @score, @scores, @model, @wait, @queue, @preprocess, @inference, @total, @recipe, @late, @regions)`);
    this.#insertReading = db.prepare(`
      INSERT INTO readings (inspection, position, sensor, value, quality, status, source_time, age_ms, stale)
      VALUES (@inspection, @position, @sensor, @value, @quality, @status, @sourceTime, @age, @stale)`);
    this.#totals = db.prepare('SELECT pass, fail, review, last_seq AS lastSeq FROM stations WHERE name = ?');
  }

  /**
   * Inserts the inspection and its readings, and counts it; an id that is known is left as it is.
   *
   * @throws STORE_RECORD_REFUSED for an id or a station that could not be part of a file name
   */
  insert(inspection: Inspection): Inserted {
    for (const name of [inspection.id, inspection.station]) {
      if (!PLAIN_NAME.test(name)) {
        throw storeErrors.STORE_RECORD_REFUSED({ got: JSON.stringify(name), expected: 'letters, digits, - and _' });
      }
    }
    const known = this.#find.get(inspection.id);
    if (known !== undefined) return { ...known, duplicate: true };
    const station = this.#names.station(inspection.station);
    const seq = Number(this.#count.get({ station, verdict: inspection.verdict.decision }));
    const message = inspectionMessage(inspection, seq);
    const model = this.#names.model(message.model);
    const number = Number(this.#insert.run({ ...columns(inspection, message), station, model }).lastInsertRowid);
    for (const [position, reading] of inspection.snapshot.readings.entries()) {
      const sensor = this.#names.sensor(station, reading.sensor, reading.unit);
      this.#insertReading.run({ ...readingColumns(reading), inspection: number, position, sensor });
    }
    return { number, seq, duplicate: false, message };
  }

  totals(station: string): StationTotals {
    const { lastSeq, ...counts } = this.#totals.get(station) ?? { pass: 0, fail: 0, review: 0, lastSeq: 0 };
    return { counts, lastSeq };
  }
}

function columns(inspection: Inspection, message: InspectionMessage): Record<string, unknown> {
  const { latencyMs } = message;
  return {
    id: message.id,
    seq: message.seq,
    partId: message.partId ?? null,
    source: message.source ?? null,
    capturedAt: Math.round(inspection.capturedAtMs),
    decidedAt: Math.round(inspection.decidedAtMs),
    verdict: message.verdict,
    reasons: message.reasons.length === 0 ? null : JSON.stringify(message.reasons),
    label: message.class,
    score: message.score,
    scores: message.scores === null ? null : JSON.stringify(message.scores),
    wait: latencyMs.wait,
    queue: latencyMs.queue ?? null,
    preprocess: latencyMs.preprocess ?? null,
    inference: latencyMs.inference ?? null,
    total: latencyMs.total,
    recipe: message.recipe ?? null,
    late: message.lateMs ?? null,
    regions: message.regions === undefined ? null : JSON.stringify(message.regions),
  };
}

function readingColumns(reading: Reading): Record<string, unknown> {
  return {
    value: columnValue(reading.value),
    quality: reading.quality,
    status: reading.status,
    sourceTime: rounded(reading.sourceTimeMs),
    age: rounded(reading.ageMs),
    stale: Number(reading.stale),
  };
}

/** Numbers are bound as REAL, so that an INTEGER in the column can only be a boolean. */
function columnValue(value: ReadingValue): number | bigint | string | null {
  return typeof value === 'boolean' ? BigInt(value) : value;
}

function rounded(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms);
}
