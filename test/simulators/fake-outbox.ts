import type { OutboxRecord } from '#jidoka/domain/outbox.js';
import type { Outbox } from '#jidoka/ports/ledger.js';

/** An outbox in memory: same order, same deletion; it counts what it hands out and can be made to fail. */
export class FakeOutbox implements Outbox {
  readonly rows = new Map<number, OutboxRecord>();
  readonly settled: number[] = [];
  readonly settleCalls: number[] = [];
  largestRead = 0;
  /** Makes the payloads larger. */
  padding: string | undefined;
  /** The next calls reject with this. */
  failure: Error | undefined;
  readonly #listeners = new Set<() => void>();
  readonly #lastSeq = new Map<string, number>();
  #position = 0;

  /** Commits one message for each station named, in this order. */
  commit(...stations: readonly string[]): OutboxRecord[] {
    const added = stations.map((station) => this.#add(station));
    for (const listener of this.#listeners) listener();
    return added;
  }

  read(after: number, limit: number): Promise<readonly OutboxRecord[]> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    const rows: OutboxRecord[] = [];
    for (const row of this.rows.values()) {
      if (rows.length === limit) break;
      if (row.position > after) rows.push(row);
    }
    this.largestRead = Math.max(this.largestRead, rows.length);
    return Promise.resolve(rows);
  }

  settle(positions: readonly number[]): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    this.settleCalls.push(positions.length);
    for (const position of positions) {
      this.rows.delete(position);
      this.settled.push(position);
    }
    return Promise.resolve();
  }

  onCommitted(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  lastSeq(station: string): number {
    return this.#lastSeq.get(station) ?? 0;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  #add(station: string): OutboxRecord {
    this.#position += 1;
    const seq = (this.#lastSeq.get(station) ?? 0) + 1;
    this.#lastSeq.set(station, seq);
    const inspectionId = `${station}-${seq}`;
    const payload = new TextEncoder().encode(JSON.stringify({ id: inspectionId, station, seq, padding: this.padding }));
    const record = { position: this.#position, inspectionId, station, seq, payload };
    this.rows.set(record.position, record);
    return record;
  }
}
