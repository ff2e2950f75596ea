import type { OutboxRecord } from '../domain/outbox.js';

export interface SentRow {
  readonly position: number;
  readonly station: string;
  readonly seq: number;
  acknowledged: boolean;
}

/**
 * Keeps account of the rows of one lane that were sent and are not free to be settled yet, so that a station's order survives failures: a row
 * may be settled only when every earlier row of its station has been acknowledged. Rows behind a lost or refused one are
 * forgotten, acknowledged or not, and go out again after it: consumers see a duplicate with the same id, never a gap.
 */
export class DeliveryOrder {
  /** Sent and not yet free to be settled, by station, oldest first. */
  readonly #stations = new Map<string, SentRow[]>();
  readonly #sent = new Map<number, SentRow>();
  #underWay = 0;

  /** Rows sent and not acknowledged. */
  get underWay(): number {
    return this.#underWay;
  }

  /** Rows acknowledged that wait for an earlier one of their station. */
  get blocked(): number {
    return this.#sent.size - this.#underWay;
  }

  has(position: number): boolean {
    return this.#sent.has(position);
  }

  /** Whether this very sending of the row still counts. */
  isOpen(row: SentRow): boolean {
    return this.#sent.get(row.position) === row;
  }

  sent({ position, station, seq }: OutboxRecord): SentRow {
    const row: SentRow = { position, station, seq, acknowledged: false };
    const rows = this.#stations.get(station);
    if (rows === undefined) this.#stations.set(station, [row]);
    else rows.push(row);
    this.#sent.set(position, row);
    this.#underWay += 1;
    return row;
  }

  /** Takes note of an acknowledgement; gives the positions that may be settled now. */
  acknowledged(row: SentRow): number[] {
    if (!this.isOpen(row)) return [];
    row.acknowledged = true;
    this.#underWay -= 1;
    const rows = this.#stations.get(row.station) ?? [];
    const firstOpen = rows.findIndex((entry) => !entry.acknowledged);
    const free = rows.splice(0, firstOpen === -1 ? rows.length : firstOpen);
    if (rows.length === 0) this.#stations.delete(row.station);
    for (const { position } of free) this.#sent.delete(position);
    return free.map(({ position }) => position);
  }

  /** The broker refused the row: it and what was sent behind it at its station will be sent again. Gives their number. */
  refused(row: SentRow): number {
    if (!this.isOpen(row)) return 0;
    const rows = this.#stations.get(row.station) ?? [];
    const dropped = rows.splice(rows.indexOf(row));
    if (rows.length === 0) this.#stations.delete(row.station);
    this.#forget(dropped);
    return dropped.length;
  }

  /** The connection is gone: all that is not free to be settled will be sent again. Gives those rows. */
  lost(): readonly SentRow[] {
    const dropped = [...this.#sent.values()];
    this.#stations.clear();
    this.#forget(dropped);
    return dropped;
  }

  #forget(rows: readonly SentRow[]): void {
    for (const row of rows) {
      this.#sent.delete(row.position);
      if (!row.acknowledged) this.#underWay -= 1;
    }
  }
}
