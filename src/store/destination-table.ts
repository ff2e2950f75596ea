import type { Database, Statement } from 'better-sqlite3';
import { storeErrors } from './errors.js';

/** A place that is to get every message. */
export interface DestinationSettings {
  readonly name: string;
  /** Messages that waited longer than this are given up; absent: never. */
  readonly expireAfterSeconds?: number;
}

/** How much waits for one destination. */
export interface Account {
  readonly destination: string;
  /** Where false the account gets nothing new; it is kept until it is dropped. */
  readonly configured: boolean;
  readonly rows: number;
  readonly bytes: number;
}

interface Row {
  readonly destination: number;
  readonly name: string;
  readonly rows: number;
  readonly bytes: number;
}

/** Rows taken off an account in one transaction where it is dropped. */
export const DROP_STEP = 500;

/**
 * The destinations and their accounts. Those that are configured are found or made once, at the opening: a new one
 * starts with what is committed from then on.
 */
export class DestinationTable {
  readonly #configured: ReadonlyMap<number, DestinationSettings>;
  readonly #find: Statement<[string], number>;
  readonly #all: Statement<[], Row>;
  readonly #take: Statement<[number, number]>;
  readonly #remove: Statement<[number]>;

  constructor(db: Database, configured: readonly DestinationSettings[]) {
    this.#find = db.prepare<[string], number>('SELECT destination FROM destinations WHERE name = ?').pluck();
    this.#all = db.prepare(`
      SELECT destination, name, waiting_rows AS rows, waiting_bytes AS bytes FROM destinations ORDER BY destination`);
    this.#take = db.prepare(`
      DELETE FROM pending WHERE (destination, rank, position) IN (
        SELECT destination, rank, position FROM pending WHERE destination = ? ORDER BY rank, position LIMIT ?)`);
    this.#remove = db.prepare('DELETE FROM destinations WHERE destination = ?');
    const add = db.prepare<[string]>('INSERT INTO destinations (name) VALUES (?)');
    const known = db.transaction(() =>
      configured.map((settings) => {
        const number = this.#find.get(settings.name) ?? Number(add.run(settings.name).lastInsertRowid);
        return [number, settings] as const;
      }),
    );
    this.#configured = new Map(known.immediate());
  }

  /** The configured ones by number. */
  get configured(): ReadonlyMap<number, DestinationSettings> {
    return this.#configured;
  }

  find(name: string): number | undefined {
    return this.#find.get(name);
  }

  accounts(): Account[] {
    return this.#all.all().map(({ destination, name, rows, bytes }) => ({
      destination: name,
      configured: this.#configured.has(destination),
      rows,
      bytes,
    }));
  }

  /** The destination that has the most waiting; undefined where nothing waits. */
  largest(): number | undefined {
    const largest = this.#all
      .all()
      .reduce<Row | undefined>((a, b) => (a === undefined || b.bytes > a.bytes ? b : a), undefined);
    return largest === undefined || largest.rows === 0 ? undefined : largest.destination;
  }

  /**
   * Takes a step towards forgetting a destination that is no longer configured; its last step forgets what was given
   * up for it too. Runs inside the caller's transaction.
   *
   * @returns messages given up by this step; undefined where the destination is gone
   * @throws STORE_DESTINATION_IN_USE
   */
  drop(name: string): number | undefined {
    const number = this.#find.get(name);
    if (number === undefined) return undefined;
    if (this.#configured.has(number)) throw storeErrors.STORE_DESTINATION_IN_USE({ where: name });
    const taken = this.#take.run(number, DROP_STEP).changes;
    if (taken === 0) this.#remove.run(number);
    return taken;
  }
}
