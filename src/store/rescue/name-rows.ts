import type { Database } from 'better-sqlite3';
import type { NamesCopy } from '../names-copy.js';
import type { NewTable } from './new-tables.js';
import type { StoredValue } from './record.js';

/** Made-up names at most a table: beyond it the references themselves are garbage. */
const MOST_MADE_UP = 200;

/**
 * Rows of stations, models and sensors that could not be read, put back: hundreds of thousands of inspections must not be
 * lost with the one row that they all refer to. From the copy of the names first; what is not in it gets a name such as
 * `lost-3` when a row that refers to it comes.
 */
export class NameRows {
  readonly #db: Database;
  readonly #copy: NamesCopy | undefined;
  readonly #known = new Map<string, Set<number>>();
  readonly #restored = new Map<string, number>();
  readonly #madeUp = new Map<string, number>();

  constructor(db: Database, copy: NamesCopy | undefined) {
    this.#db = db;
    this.#copy = copy;
  }

  restored(table: string): number {
    return this.#restored.get(table) ?? 0;
  }

  /** Call when all rows of the table that can be read are there. */
  complete(table: string): void {
    if (table !== 'stations' && table !== 'models' && table !== 'sensors') return;
    const rows: readonly Readonly<Record<string, string | number>>[] = this.#copy?.[table] ?? [];
    for (const row of rows) {
      const names = Object.keys(row);
      const insert = this.#db.prepare(
        `INSERT OR IGNORE INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`,
      );
      const { changes } = insert.run(...Object.values(row));
      if (changes > 0) this.#count(table);
    }
    const key = table.slice(0, -1);
    this.#known.set(table, new Set(this.#db.prepare<[], number>(`SELECT ${key} FROM ${table}`).pluck().all()));
  }

  /** Makes sure that what the row refers to is there, as far as that can be. */
  provide(table: NewTable, values: readonly StoredValue[]): void {
    for (const { table: parent, column } of table.references) {
      const known = this.#known.get(parent);
      const value = values[column];
      if (known === undefined || typeof value !== 'bigint' || known.has(Number(value))) continue;
      if (value < 1n || value > MOST_PLAUSIBLE_KEY || (this.#madeUp.get(parent) ?? 0) >= MOST_MADE_UP) continue;
      const station = parent === 'sensors' ? this.#stationOf(table, values) : undefined;
      if (parent === 'sensors' && station === undefined) continue;
      this.#makeUp(parent, Number(value), station);
      known.add(Number(value));
    }
  }

  /** Where the name of a station is lost, a message that waits or the folder of an image may still say it. */
  nameLostStations(): void {
    this.#db.exec(`
      UPDATE OR IGNORE stations SET
        name = COALESCE(
          (SELECT json_extract(CAST(payload AS TEXT), '$.station') FROM outbox
            JOIN inspections ON number = outbox.inspection
            WHERE inspections.station = stations.station AND json_valid(CAST(payload AS TEXT)) LIMIT 1),
          (SELECT substr(path, 19, length(path) - 19 - length(inspections.id) - 4) FROM images
            JOIN inspections ON number = images.inspection WHERE inspections.station = stations.station LIMIT 1),
          name),
        pass = (SELECT COUNT(*) FROM inspections WHERE inspections.station = stations.station AND verdict = 'pass'),
        fail = (SELECT COUNT(*) FROM inspections WHERE inspections.station = stations.station AND verdict = 'fail'),
        review = (SELECT COUNT(*) FROM inspections WHERE inspections.station = stations.station AND verdict = 'review')
      WHERE name LIKE 'lost-%' AND last_seq = 0`);
  }

  #stationOf(table: NewTable, values: readonly StoredValue[]): number | undefined {
    const inspection = values[table.columns.indexOf('inspection')];
    return this.#db
      .prepare<[StoredValue | undefined], number>('SELECT station FROM inspections WHERE number = ?')
      .pluck()
      .get(inspection ?? null);
  }

  #makeUp(parent: string, key: number, station: number | undefined): void {
    const name = `lost-${key}`;
    if (parent === 'stations') this.#db.prepare('INSERT INTO stations (station, name) VALUES (?, ?)').run(key, name);
    else if (parent === 'models') {
      this.#db
        .prepare("INSERT INTO models (model, name, version, sha256) VALUES (?, ?, '0.0.0', ?)")
        .run(key, name, name);
    } else this.#db.prepare('INSERT INTO sensors (sensor, station, name) VALUES (?, ?, ?)').run(key, station, name);
    this.#madeUp.set(parent, (this.#madeUp.get(parent) ?? 0) + 1);
    this.#count(parent);
  }

  #count(table: string): void {
    this.#restored.set(table, (this.#restored.get(table) ?? 0) + 1);
  }
}

const MOST_PLAUSIBLE_KEY = 1_000_000n;
