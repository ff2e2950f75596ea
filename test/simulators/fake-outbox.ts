import type { OutboxRecord, ShedCount } from '#jidoka/domain/outbox.js';
import type { Decision } from '#jidoka/domain/verdict.js';
import type { Outbox, OutboxSelection } from '#jidoka/ports/ledger.js';

/**
 * An outbox in memory: same order, same accounts; it counts what it hands out and can be made to fail. A row is gone
 * when every destination named has settled it.
 */
export class FakeOutbox implements Outbox {
  readonly rows = new Map<number, OutboxRecord>();
  /** Positions in the order they were settled, by all destinations. */
  readonly settled: number[] = [];
  readonly settleCalls: number[] = [];
  largestRead = 0;
  /** Makes the payloads larger. */
  padding: string | undefined;
  verdict: Decision = 'pass';
  shedCounts: ShedCount[] = [];
  /** The next calls reject with this. */
  failure: Error | undefined;
  readonly #accounts: ReadonlyMap<string, Set<number>>;
  readonly #listeners = new Set<() => void>();
  readonly #lastSeq = new Map<string, number>();
  #position = 0;

  constructor(destinations: readonly string[] = ['mqtt']) {
    this.#accounts = new Map(destinations.map((name) => [name, new Set<number>()]));
  }

  /** Commits one message for each station named, in this order. */
  commit(...stations: readonly string[]): OutboxRecord[] {
    const added = stations.map((station) => this.#add(station));
    for (const listener of this.#listeners) listener();
    return added;
  }

  read(destination: string, selection: OutboxSelection, limit: number): Promise<readonly OutboxRecord[]> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    const { after, upTo = Number.POSITIVE_INFINITY, verdict } = selection;
    const rows: OutboxRecord[] = [];
    for (const position of this.#account(destination)) {
      if (rows.length === limit || position > upTo) break;
      const row = this.rows.get(position);
      if (row === undefined || position <= after) continue;
      if (verdict === undefined || row.verdict === verdict) rows.push(row);
    }
    this.largestRead = Math.max(this.largestRead, rows.length);
    return Promise.resolve(rows);
  }

  settle(destination: string, positions: readonly number[]): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    this.settleCalls.push(positions.length);
    const account = this.#account(destination);
    for (const position of positions) {
      account.delete(position);
      this.settled.push(position);
      if ([...this.#accounts.values()].every((waiting) => !waiting.has(position))) this.rows.delete(position);
    }
    return Promise.resolve();
  }

  newest(): Promise<number> {
    return this.failure === undefined ? Promise.resolve(this.#position) : Promise.reject(this.failure);
  }

  shed(): Promise<readonly ShedCount[]> {
    return Promise.resolve(this.shedCounts);
  }

  onCommitted(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  lastSeq(station: string): number {
    return this.#lastSeq.get(station) ?? 0;
  }

  /** How many rows wait for a destination. */
  waiting(destination: string): number {
    return this.#account(destination).size;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  #account(destination: string): Set<number> {
    const account = this.#accounts.get(destination);
    if (account === undefined) throw new Error(`the outbox has no account ${destination}`);
    return account;
  }

  #add(station: string): OutboxRecord {
    this.#position += 1;
    const seq = (this.#lastSeq.get(station) ?? 0) + 1;
    this.#lastSeq.set(station, seq);
    const inspectionId = `${station}-${seq}`;
    const payload = new TextEncoder().encode(JSON.stringify({ id: inspectionId, station, seq, padding: this.padding }));
    const position = this.#position;
    const { verdict } = this;
    const record = { position, inspectionId, station, seq, verdict, decidedAtMs: 1_700_000_000_000 + seq, payload };
    this.rows.set(position, record);
    for (const waiting of this.#accounts.values()) waiting.add(position);
    return record;
  }
}
