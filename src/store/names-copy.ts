import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { z } from 'zod';
import { schemaVersion } from './migrate.js';
import { replaceFile } from './replace-file.js';

const FILE = 'jidoka.names.json';

/** The tables that every other row refers to, and the numbers that must never be given twice. */
const COPIED = {
  stations: 'SELECT station, name, last_seq, pass, fail, review FROM stations',
  models: 'SELECT model, name, version, sha256 FROM models',
  sensors: 'SELECT sensor, station, name, unit FROM sensors',
  sequences: 'SELECT name, seq FROM sqlite_sequence',
} as const;

const count = z.number().int().nonnegative();
const namesCopySchema = z.object({
  writtenAtMs: z.number(),
  schemaVersion: count,
  roots: z.record(z.string(), count),
  stations: z.array(
    z.object({ station: count, name: z.string(), last_seq: count, pass: count, fail: count, review: count }),
  ),
  models: z.array(z.object({ model: count, name: z.string(), version: z.string(), sha256: z.string() })),
  sensors: z.array(z.object({ sensor: count, station: count, name: z.string(), unit: z.string() })),
  sequences: z.array(z.object({ name: z.string(), seq: count })),
});

/** Small, and worth more than its bytes when the database is damaged. */
export type NamesCopy = z.infer<typeof namesCopySchema>;

/** The copy as it was last written; undefined where there is none or it cannot be read. */
export function readNamesCopy(directory: string): NamesCopy | undefined {
  try {
    return namesCopySchema.parse(JSON.parse(readFileSync(join(directory, FILE), 'utf8')));
  } catch {
    return undefined;
  }
}

/**
 * Keeps a copy of the names and sequence numbers beside the database, at the start and every few seconds while they
 * change. It is taken of what is committed, so it is never ahead of a sound database.
 */
export class NamesCopyKeeper {
  readonly #db: Database;
  readonly #directory: string;
  readonly #nowMs: () => number;
  #last = '';
  #writing: Promise<void> | undefined;

  constructor(db: Database, directory: string, nowMs: () => number) {
    this.#db = db;
    this.#directory = directory;
    this.#nowMs = nowMs;
  }

  /** Writes the copy where it has changed. A disk that refuses does no harm: the copy is only older then. */
  async keep(): Promise<void> {
    await this.#writing;
    this.#writing = this.#write().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #write(): Promise<void> {
    const content = takeCopy(this.#db);
    const key = JSON.stringify(content);
    if (key === this.#last) return;
    try {
      const copy: NamesCopy = { writtenAtMs: this.#nowMs(), ...content };
      await replaceFile(join(this.#directory, FILE), JSON.stringify(copy));
      this.#last = key;
    } catch {
      this.#last = '';
    }
  }
}

function takeCopy(db: Database): Omit<NamesCopy, 'writtenAtMs'> {
  const roots = db
    .prepare<[], { name: string; rootpage: number }>("SELECT name, rootpage FROM sqlite_schema WHERE type = 'table'")
    .all();
  return {
    schemaVersion: schemaVersion(db),
    roots: Object.fromEntries(roots.map(({ name, rootpage }) => [name, rootpage])),
    stations: db.prepare<[], NamesCopy['stations'][number]>(COPIED.stations).all(),
    models: db.prepare<[], NamesCopy['models'][number]>(COPIED.models).all(),
    sensors: db.prepare<[], NamesCopy['sensors'][number]>(COPIED.sensors).all(),
    sequences: db.prepare<[], NamesCopy['sequences'][number]>(COPIED.sequences).all(),
  };
}
