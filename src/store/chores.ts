import type { Database } from 'better-sqlite3';
import type { CommitQueue } from './commit-queue.js';
import { HistoryTable } from './history-table.js';
import type { Chore } from './housekeeper.js';
import type { ImageStore } from './image-store.js';
import type { ImageRow } from './image-table.js';
import { ageLimitMs, fateOf, type RetentionSettings, retentionGoal } from './retention.js';
import { SHED_STEP, type Shedding } from './shedding.js';
import { type FileSize, VacuumPace } from './vacuum.js';

export interface ChoreDeps {
  readonly db: Database;
  readonly queue: CommitQueue;
  readonly images: ImageStore;
  readonly shedding: Shedding;
  readonly retention: RetentionSettings;
  readonly nowMs: () => number;
  readonly monotonicMs: () => number;
  /** Called when any figure has changed. */
  readonly onChange: () => void;
}

export interface ChoreFigures {
  /** Given up because the outbox was full. */
  readonly messagesShed: number;
  readonly messagesExpired: number;
  readonly inspectionsDeleted: number;
  readonly imagesExpired: number;
  readonly databaseBytes: number;
  /** Part of it that is free for what comes next. */
  readonly databaseFreeBytes: number;
}

/** One transaction is held no longer than this by deleting: the commits of that moment wait for it. */
const STEP_MS = 8;
const WINDOW = 200;
const IMAGES_A_STEP = 32;

/** Everything that is given up or deleted in the background, counted since the start. */
export class Chores {
  readonly #deps: ChoreDeps;
  readonly #history: HistoryTable;
  readonly #pace = new VacuumPace();
  readonly #pageBytes: number;
  #size: FileSize;
  #messagesShed = 0;
  #messagesExpired = 0;
  #inspectionsDeleted = 0;
  #imagesExpired = 0;
  #pruning = false;
  /** Every inspection up to here has been looked at in this round. */
  #cursor = 0;

  constructor(deps: ChoreDeps) {
    this.#deps = deps;
    this.#history = new HistoryTable(deps.db);
    this.#pageBytes = Number(deps.db.pragma('page_size', { simple: true }));
    this.#size = this.#measure();
  }

  get figures(): ChoreFigures {
    return {
      messagesShed: this.#messagesShed,
      messagesExpired: this.#messagesExpired,
      inspectionsDeleted: this.#inspectionsDeleted,
      imagesExpired: this.#imagesExpired,
      databaseBytes: this.#size.pages * this.#pageBytes,
      databaseFreeBytes: this.#size.freePages * this.#pageBytes,
    };
  }

  /** Counts messages given up beside a new one. */
  shedBesideRecord(messages: number): void {
    this.#messagesShed += messages;
  }

  /** In the order in which they follow from each other: messages hold inspections, these hold images and pages. */
  get list(): readonly Chore[] {
    const chores: readonly Chore[] = [
      { name: 'giving up messages whose time is over', step: () => this.#expire() },
      { name: 'giving up messages beyond the quota', step: () => this.#shed() },
      { name: 'deleting old inspections', step: () => this.#deleteInspections() },
      { name: 'deleting old images', step: () => this.#deleteImages() },
      { name: 'giving free space back', step: () => this.#vacuum() },
    ];
    return chores.map(({ name, step }) => ({ name, step: () => step().finally(this.#deps.onChange) }));
  }

  async #expire(): Promise<boolean> {
    const { queue, shedding, nowMs } = this.#deps;
    const expired = shedding.expired(nowMs());
    if (expired.length === 0) return false;
    this.#messagesExpired += await queue.write(() => shedding.giveUp(expired, nowMs()));
    return true;
  }

  /** What comes makes its own room; this is for a quota that has become smaller. */
  async #shed(): Promise<boolean> {
    const { queue, shedding, nowMs } = this.#deps;
    if (!shedding.isFull) return false;
    const given = await queue.write(() => shedding.makeRoom(nowMs(), SHED_STEP));
    this.#messagesShed += given;
    return given > 0;
  }

  async #deleteInspections(): Promise<boolean> {
    const { queue, images } = this.#deps;
    const { numbers, next } = this.#look();
    if (numbers.length > 0) {
      const { deleted, files } = await queue.write(() => this.#delete(numbers));
      this.#inspectionsDeleted += deleted;
      await images.released(files);
      if (deleted < numbers.length) return true;
    }
    this.#cursor = next;
    return next > 0;
  }

  /** Which inspections of the next window are to go, and where the look after that begins. */
  #look(): { readonly numbers: readonly number[]; readonly next: number } {
    const { retention, nowMs } = this.#deps;
    this.#size = this.#measure();
    const usedBytes = (this.#size.pages - this.#size.freePages) * this.#pageBytes;
    const goal = retentionGoal(retention, { nowMs: nowMs(), usedBytes, pruning: this.#pruning });
    this.#pruning = goal.overQuota;
    const window = this.#history.after(this.#cursor, WINDOW);
    const numbers: number[] = [];
    for (const inspection of window) {
      const fate = fateOf(inspection, goal);
      if (fate === 'end') return { numbers, next: 0 };
      if (fate === 'delete') numbers.push(inspection.number);
    }
    // A round ends with the newest: the next begins with the oldest again, whose messages may have left meanwhile.
    return { numbers, next: window.length < WINDOW ? 0 : (window.at(-1)?.number ?? 0) };
  }

  /** As many as the time allows, the oldest first. */
  #delete(numbers: readonly number[]): { readonly deleted: number; readonly files: readonly ImageRow[] } {
    const { monotonicMs } = this.#deps;
    const endMs = monotonicMs() + STEP_MS;
    const files: ImageRow[] = [];
    let deleted = 0;
    for (const number of numbers) {
      const image = this.#history.delete(number);
      if (image !== undefined) files.push(image);
      deleted += 1;
      if (monotonicMs() > endMs) break;
    }
    return { deleted, files };
  }

  async #deleteImages(): Promise<boolean> {
    const { queue, images, retention, nowMs } = this.#deps;
    const beforeMs = ageLimitMs(retention.imageDays, nowMs());
    if (!this.#history.hasImageBefore(beforeMs)) return false;
    const rows = await queue.write(() => this.#history.takeImagesBefore(beforeMs, IMAGES_A_STEP));
    this.#imagesExpired += rows.length;
    await images.released(rows);
    return true;
  }

  async #vacuum(): Promise<boolean> {
    const { db, queue, monotonicMs } = this.#deps;
    this.#size = this.#measure();
    const pages = this.#pace.next(this.#size);
    if (pages === 0) return false;
    const tookMs = await queue.write(() => {
      const beganMs = monotonicMs();
      db.pragma(`incremental_vacuum(${pages})`);
      return monotonicMs() - beganMs;
    });
    this.#pace.took(tookMs);
    this.#size = this.#measure();
    return true;
  }

  #measure(): FileSize {
    const { db } = this.#deps;
    return {
      pages: Number(db.pragma('page_count', { simple: true })),
      freePages: Number(db.pragma('freelist_count', { simple: true })),
    };
  }
}
