import type { Database, Statement } from 'better-sqlite3';
import type { ImageRow } from './image-table.js';

/** One of the oldest inspections. */
export interface OldInspection {
  readonly number: number;
  readonly decidedAtMs: number;
  /** A destination still waits for it. */
  readonly waits: boolean;
}

/** The far end of the inspections, where they are deleted. Writing runs inside the caller's transaction. */
export class HistoryTable {
  readonly #after: Statement<[number, number], Omit<OldInspection, 'waits'> & { waits: number }>;
  readonly #image: Statement<[number], ImageRow>;
  readonly #delete: Statement<[number]>;
  readonly #oldImages: Statement<[number], ImageRow & { createdAtMs: number }>;

  constructor(db: Database) {
    this.#after = db.prepare(`
      SELECT number, decided_at AS decidedAtMs, EXISTS (SELECT 1 FROM outbox WHERE inspection = number) AS waits
      FROM inspections WHERE number > ? ORDER BY number LIMIT ?`);
    this.#image = db.prepare('DELETE FROM images WHERE inspection = ? RETURNING inspection, path, bytes');
    this.#delete = db.prepare('DELETE FROM inspections WHERE number = ?');
    this.#oldImages = db.prepare(`
      SELECT inspection, path, bytes, created_at AS createdAtMs FROM images ORDER BY inspection LIMIT ?`);
  }

  /** The oldest inspections with a higher number. */
  after(number: number, limit: number): OldInspection[] {
    return this.#after.all(number, limit).map((row) => ({ ...row, waits: row.waits !== 0 }));
  }

  /**
   * Deletes the inspection with its readings and takes its image off the list.
   *
   * @returns the image whose file is to go, where there is one
   */
  delete(number: number): ImageRow | undefined {
    const image = this.#image.get(number);
    this.#delete.run(number);
    return image;
  }

  hasImageBefore(ms: number): boolean {
    const [oldest] = this.#oldImages.all(1);
    return oldest !== undefined && oldest.createdAtMs < ms;
  }

  /** Takes the oldest images that were kept before this moment off the list, at most `limit`. */
  takeImagesBefore(ms: number, limit: number): ImageRow[] {
    const old: ImageRow[] = [];
    for (const { createdAtMs, ...row } of this.#oldImages.all(limit)) {
      if (createdAtMs >= ms) break;
      this.#image.get(row.inspection);
      old.push(row);
    }
    return old;
  }
}
