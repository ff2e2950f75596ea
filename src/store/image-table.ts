import type { Database, Statement } from 'better-sqlite3';

export interface ImageRow {
  readonly inspection: number;
  /** Relative to the storage folder, with `/`. */
  readonly path: string;
  readonly bytes: number;
}

/** Which images are kept. Writing runs inside the caller's transaction. */
export class ImageTable {
  readonly #add: Statement<[number, string, number, number]>;
  readonly #remove: Statement<[number]>;
  readonly #oldest: Statement<[number, number], ImageRow>;
  readonly #newest: Statement<[number], ImageRow>;
  readonly #isKept: Statement<[string, string], number>;

  constructor(db: Database) {
    this.#add = db.prepare('INSERT INTO images (inspection, path, bytes, created_at) VALUES (?, ?, ?, ?)');
    this.#remove = db.prepare('DELETE FROM images WHERE inspection = ?');
    this.#oldest = db.prepare(
      'SELECT inspection, path, bytes FROM images WHERE inspection > ? ORDER BY inspection LIMIT ?',
    );
    this.#newest = db.prepare('SELECT inspection, path, bytes FROM images ORDER BY inspection DESC LIMIT ?');
    this.#isKept = db.prepare<[string, string], number>(`
      SELECT 1 FROM inspections JOIN images ON images.inspection = inspections.number
      WHERE inspections.id = ? AND images.path = ?`);
  }

  add(row: ImageRow, atMs: number): void {
    this.#add.run(row.inspection, row.path, row.bytes, atMs);
  }

  /** @returns those that were on the list still */
  remove(rows: readonly ImageRow[]): ImageRow[] {
    return rows.filter(({ inspection }) => this.#remove.run(inspection).changes > 0);
  }

  /** Takes the oldest rows off the list until they make up `bytes`, at most `limit` of them. */
  takeOldest(bytes: number, limit: number): ImageRow[] {
    const taken: ImageRow[] = [];
    let freed = 0;
    for (const row of this.#oldest.all(0, limit)) {
      if (freed >= bytes) break;
      taken.push(row);
      freed += row.bytes;
    }
    this.remove(taken);
    return taken;
  }

  /** The oldest rows above an inspection's number. */
  oldest(after: number, limit: number): ImageRow[] {
    return this.#oldest.all(after, limit);
  }

  newest(limit: number): ImageRow[] {
    return this.#newest.all(limit);
  }

  isKept(id: string, path: string): boolean {
    return this.#isKept.get(id, path) !== undefined;
  }
}
