import { createHash } from 'node:crypto';
import type { Database, Statement } from 'better-sqlite3';
import type { AuditEntry, CommandResult } from '../domain/command.js';

/** The newest are kept, whatever is sent. */
const MAX_ENTRIES = 100_000;
const MAX_BYTES = 64 * 1024 * 1024;
/** What is no command at all is written down too, so a sender can name it as they like: only so much is kept. */
const MAX_TEXT = 256;
const MAX_ARGUMENTS = 8192;

interface Row extends Omit<AuditEntry, 'arguments' | 'result'> {
  readonly arguments: string;
  readonly result: string;
}

/** The list of commands, bounded in number and size. Writing runs inside the caller's transaction. */
export class AuditTable {
  readonly #maxEntries: number;
  readonly #maxBytes: number;
  readonly #add: Statement<[Record<string, unknown>]>;
  readonly #forgetOld: Statement<[number]>;
  readonly #forgetOldest: Statement<[]>;
  readonly #bytes: Statement<[], number>;
  readonly #result: Statement<[{ readonly id: string }], string | null>;
  readonly #newest: Statement<[number], Row>;

  constructor(db: Database, { maxEntries = MAX_ENTRIES, maxBytes = MAX_BYTES } = {}) {
    this.#maxEntries = maxEntries;
    this.#maxBytes = maxBytes;
    this.#add = db.prepare(`
      INSERT INTO audit (at, id, name, station, destination, sender, arguments, result, bytes)
      VALUES (@atMs, @id, @name, @station, @destination, @sender, @arguments, @result, @bytes)`);
    this.#forgetOld = db.prepare('DELETE FROM audit WHERE number <= ?');
    this.#forgetOldest = db.prepare('DELETE FROM audit WHERE number = (SELECT MIN(number) FROM audit)');
    this.#bytes = db.prepare<[], number>('SELECT audit_bytes FROM tallies').pluck();
    this.#result = db
      .prepare<[{ readonly id: string }], string | null>(`
        SELECT COALESCE(
          (SELECT result FROM audit WHERE id = @id AND result ->> 'ok' ORDER BY number LIMIT 1),
          (SELECT result FROM audit WHERE id = @id ORDER BY number LIMIT 1))`)
      .pluck();
    this.#newest = db.prepare(`
      SELECT at AS atMs, id, name, station, destination, sender, arguments, result
      FROM audit ORDER BY number DESC LIMIT ?`);
  }

  add(entry: AuditEntry): void {
    const texts = {
      id: key(entry.id),
      name: clipped(entry.name),
      station: entry.station === null ? null : clipped(entry.station),
      destination: clipped(entry.destination),
      sender: entry.sender === null ? null : clipped(entry.sender),
      arguments: boundedJson(entry.arguments),
      result: JSON.stringify(entry.result),
    };
    const bytes = Object.values(texts).reduce((sum, text) => sum + Buffer.byteLength(text ?? ''), 0);
    const { lastInsertRowid } = this.#add.run({ atMs: Math.round(entry.atMs), ...texts, bytes });
    this.#forgetOld.run(Number(lastInsertRowid) - this.#maxEntries);
    while ((this.#bytes.get() ?? 0) > this.#maxBytes) this.#forgetOldest.run();
  }

  /** Of the entries with an id, the one that took effect; else the first. */
  result(id: string): CommandResult | undefined {
    const result = this.#result.get({ id: key(id) }) ?? undefined;
    return result === undefined ? undefined : (JSON.parse(result) as CommandResult);
  }

  newest(limit: number): AuditEntry[] {
    return this.#newest.all(limit).map((row) => ({
      ...row,
      arguments: JSON.parse(row.arguments) as AuditEntry['arguments'],
      result: JSON.parse(row.result) as CommandResult,
    }));
  }
}

/** Ids are compared, so a long one is not cut but replaced by its digest. */
function key(id: string): string {
  return id.length <= MAX_TEXT ? id : `sha256:${createHash('sha256').update(id).digest('hex')}`;
}

function clipped(text: string): string {
  return text.length <= MAX_TEXT ? text : `${text.slice(0, MAX_TEXT - 1)}…`;
}

function boundedJson(value: AuditEntry['arguments']): string {
  const json = JSON.stringify(value);
  return json.length <= MAX_ARGUMENTS ? json : JSON.stringify({ notKept: `arguments of ${json.length} characters` });
}
