import type { Database, Statement } from 'better-sqlite3';
import type { OutboxRecord, ShedCount } from '../domain/outbox.js';
import type { Decision } from '../domain/verdict.js';
import type { OutboxSelection } from '../ports/ledger.js';
import type { DestinationTable } from './destination-table.js';

/** `pending.rank` of each verdict: the order in which messages are given up. */
const RANKS: Readonly<Record<Decision, number>> = { pass: 0, review: 1, fail: 2 };
const ALL_RANKS = Object.values(RANKS);

/** A message that waits for a destination, as far as it takes to decide whether it is given up. */
export interface WaitingMessage {
  readonly destination: number;
  readonly rank: number;
  readonly position: number;
  readonly bytes: number;
  readonly station: number;
  readonly seq: number;
  readonly verdict: Decision;
  readonly decidedAtMs: number;
}

type Key = [destination: number, rank: number];

/**
 * Messages on their way out, each kept once, and which of them wait for which destination. Station, seq and id are
 * taken from the inspection, not kept twice. Every question is answered in a number of steps that grows with its
 * limit, not with the backlog. Writing runs inside the caller's transaction.
 */
export class OutboxTable {
  readonly #destinations: DestinationTable;
  readonly #addMessage: Statement<[number, Uint8Array]>;
  readonly #addPending: Statement<[...Key, position: number, bytes: number]>;
  readonly #positions: Statement<[...Key, after: number, upTo: number, limit: number], number>;
  readonly #message: Statement<[number], OutboxRecord>;
  readonly #settle: Statement<[number, string]>;
  readonly #newest: Statement<[], number>;
  readonly #bytes: Statement<[], number>;
  readonly #oldest: Statement<[...Key, limit: number], WaitingMessage>;
  readonly #leave: Statement<[...Key, position: number]>;
  readonly #count: Statement<[Record<string, unknown>]>;
  readonly #shed: Statement<[], ShedCount>;

  constructor(db: Database, destinations: DestinationTable) {
    this.#destinations = destinations;
    this.#addMessage = db.prepare('INSERT INTO outbox (inspection, payload) VALUES (?, ?)');
    this.#addPending = db.prepare('INSERT INTO pending (destination, rank, position, bytes) VALUES (?, ?, ?, ?)');
    this.#positions = db
      .prepare<[...Key, number, number, number], number>(`
        SELECT position FROM pending WHERE destination = ? AND rank = ? AND position > ? AND position <= ?
        ORDER BY position LIMIT ?`)
      .pluck();
    this.#message = db.prepare(`
      SELECT outbox.position, inspections.id AS inspectionId, stations.name AS station, inspections.seq,
        inspections.verdict, inspections.decided_at AS decidedAtMs, outbox.payload
      FROM outbox
      JOIN inspections ON inspections.number = outbox.inspection
      JOIN stations ON stations.station = inspections.station
      WHERE outbox.position = ?`);
    this.#settle = db.prepare(`
      DELETE FROM pending
      WHERE destination = ? AND rank IN (0, 1, 2) AND position IN (SELECT value FROM json_each(?))`);
    this.#newest = db.prepare<[], number>("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'").pluck();
    this.#bytes = db.prepare<[], number>('SELECT outbox_bytes FROM tallies').pluck();
    this.#oldest = db.prepare(`
      SELECT pending.destination, pending.rank, pending.position, pending.bytes, inspections.station, inspections.seq,
        inspections.verdict, inspections.decided_at AS decidedAtMs
      FROM pending
      CROSS JOIN outbox ON outbox.position = pending.position
      CROSS JOIN inspections ON inspections.number = outbox.inspection
      WHERE pending.destination = ? AND pending.rank = ? ORDER BY pending.position LIMIT ?`);
    this.#leave = db.prepare('DELETE FROM pending WHERE destination = ? AND rank = ? AND position = ?');
    this.#count = db.prepare(`
      INSERT INTO shed (destination, station, verdict, reason, count, first_seq, last_seq, last_at)
      VALUES (@destination, @station, @verdict, @reason, 1, @seq, @seq, @atMs)
      ON CONFLICT DO UPDATE SET count = count + 1, last_seq = excluded.last_seq, last_at = excluded.last_at`);
    this.#shed = db.prepare(`
      SELECT destinations.name AS destination, stations.name AS station, verdict, reason, count
      FROM shed JOIN destinations USING (destination) JOIN stations USING (station)
      ORDER BY shed.destination, shed.station, verdict, reason`);
  }

  /** A message for every configured destination. */
  add(inspection: number, verdict: Decision, payload: Uint8Array): void {
    const { configured } = this.#destinations;
    if (configured.size === 0) return;
    const position = Number(this.#addMessage.run(inspection, payload).lastInsertRowid);
    for (const destination of configured.keys()) {
      this.#addPending.run(destination, RANKS[verdict], position, payload.byteLength);
    }
  }

  read(destination: string, { after, upTo, verdict }: OutboxSelection, limit: number): OutboxRecord[] {
    const number = this.#destinations.find(destination);
    if (number === undefined) return [];
    const ranks = verdict === undefined ? ALL_RANKS : [RANKS[verdict]];
    const last = upTo ?? Number.MAX_SAFE_INTEGER;
    return ranks
      .flatMap((rank) => this.#positions.all(number, rank, after, last, limit))
      .sort((a, b) => a - b)
      .slice(0, limit)
      .flatMap((position) => this.#message.get(position) ?? []);
  }

  settle(destination: string, positions: readonly number[]): void {
    const number = this.#destinations.find(destination);
    if (number !== undefined) this.#settle.run(number, JSON.stringify(positions));
  }

  newest(): number {
    return this.#newest.get() ?? 0;
  }

  /** Size of all messages together. */
  get bytes(): number {
    return this.#bytes.get() ?? 0;
  }

  /** The destination's oldest messages that are the first to be given up: passes, without any reviews, then fails. */
  firstToGo(destination: number, limit: number): WaitingMessage[] {
    for (const rank of ALL_RANKS) {
      const messages = this.#oldest.all(destination, rank, limit);
      if (messages.length > 0) return messages;
    }
    return [];
  }

  /** The destination's oldest messages of each verdict. */
  oldest(destination: number, limit: number): WaitingMessage[] {
    return ALL_RANKS.flatMap((rank) => this.#oldest.all(destination, rank, limit));
  }

  /** Takes the message off the destination's account for good and counts it; false where it was settled meanwhile. */
  giveUp(message: WaitingMessage, reason: ShedCount['reason'], atMs: number): boolean {
    const { destination, rank, position, station, seq, verdict } = message;
    if (this.#leave.run(destination, rank, position).changes === 0) return false;
    this.#count.run({ destination, station, verdict, reason, seq, atMs });
    return true;
  }

  shed(): ShedCount[] {
    return this.#shed.all();
  }
}
