import type { Database, Statement } from 'better-sqlite3';
import type { ModelIdentity } from '../domain/model.js';

/**
 * Numbers for names that repeat in every row. Nothing is cached in memory: a number given in a transaction that is
 * rolled back would stay behind in the cache.
 */
export class NameTables {
  readonly #stations: NumberOf<[name: string]>;
  readonly #models: NumberOf<[name: string, version: string, sha256: string]>;
  readonly #sensors: NumberOf<[station: number, name: string, unit: string]>;

  constructor(db: Database) {
    this.#stations = new NumberOf(db, 'stations', 'station', ['name']);
    this.#models = new NumberOf(db, 'models', 'model', ['name', 'version', 'sha256']);
    this.#sensors = new NumberOf(db, 'sensors', 'sensor', ['station', 'name', 'unit']);
  }

  /** The station's number, where it has one already. */
  findStation(name: string): number | undefined {
    return this.#stations.find(name);
  }

  station(name: string): number {
    return this.#stations.findOrAdd(name);
  }

  model(model: ModelIdentity): number {
    return this.#models.findOrAdd(model.name, model.version, model.sha256);
  }

  sensor(station: number, name: string, unit: string | undefined): number {
    return this.#sensors.findOrAdd(station, name, unit ?? '');
  }
}

/** Number of the row with these values in a table of names. Table and columns are our own literals. */
class NumberOf<K extends readonly (string | number)[]> {
  readonly #find: Statement<unknown[], number>;
  readonly #add: Statement<unknown[]>;

  constructor(db: Database, table: string, number: string, columns: readonly string[]) {
    const matches = columns.map((column) => `${column} = ?`).join(' AND ');
    const places = columns.map(() => '?').join(', ');
    this.#find = db.prepare<unknown[], number>(`SELECT ${number} FROM ${table} WHERE ${matches}`).pluck();
    this.#add = db.prepare(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${places})`);
  }

  find(...key: K): number | undefined {
    return this.#find.get(...key);
  }

  findOrAdd(...key: K): number {
    return this.#find.get(...key) ?? Number(this.#add.run(...key).lastInsertRowid);
  }
}
