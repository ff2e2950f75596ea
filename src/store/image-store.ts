import { messageOf } from '../base/errors.js';
import type { CommitQueue } from './commit-queue.js';
import type { Space } from './disk-space.js';
import { type ImageFiles, imagePath } from './image-files.js';
import type { ImageRow, ImageTable } from './image-table.js';

/** An image whose inspection is committed. */
export interface ImageToKeep {
  /** Number of the inspection. */
  readonly inspection: number;
  readonly id: string;
  readonly station: string;
  readonly capturedAtMs: number;
  readonly jpeg: Uint8Array;
}

export interface ImageStoreOptions {
  readonly files: ImageFiles;
  readonly table: ImageTable;
  readonly queue: CommitQueue;
  readonly quotaBytes: number;
  /** Bytes of the images on the list at the start. */
  readonly keptBytes: number;
  readonly nowMs: () => number;
  /** Room on the disk of the images, where it can be told. */
  readonly space: () => Space | undefined;
  /** Called when any figure has changed. */
  readonly onChange: () => void;
}

/** Images that wait for the disk; those beyond are counted as lost. */
const MAX_WAITING = 64;
const MAX_WAITING_BYTES = 128 * 1024 * 1024;
/**
 * Written at once. A step of each waits for the thread between two commits, so that one alone would be slow. But each
 * also occupies a thread of the pool (four, by default) in which pictures are decoded for the models: with more than
 * this a slow disk would slow the verdicts.
 */
const MAX_WRITING = 2;
/** Rows taken off the list in one transaction. */
const EVICTION_STEP = 32;
/** Files deleted at most between two attempts to commit. */
const GIVE_WAY_STEP = 64;
/** Room made beyond what is needed, as a share of the quota, so that not every image evicts another. */
const EVICTION_MARGIN = 0.01;

/**
 * Writes images beside the commits and never in their way.
 *
 * A row is added when its file is complete, and removed before its file is: a row never points to half a file. A crash
 * in between leaves a file without a row, which the sweep at the next start removes. An image that cannot be kept is
 * counted and said, its inspection stands.
 */
export class ImageStore {
  readonly #options: ImageStoreOptions;
  readonly #waiting: ImageToKeep[] = [];
  readonly #writing = new Set<Promise<void>>();
  /** Files that are or will soon be complete on disk, whose rows are not committed yet. */
  readonly #unlisted = new Set<string>();
  #waitingBytes = 0;
  /** Images for which room is being made: one or none. */
  #beginning = 0;
  #working: Promise<void> | undefined;
  /** What is kept and what is being written. */
  #bytes: number;
  #evicted = 0;
  #lost = 0;
  /** The files up to this inspection have given way to records; their rows may still be there. */
  #gaveWayTo = 0;
  #trouble: string | undefined;

  constructor(options: ImageStoreOptions) {
    this.#options = options;
    this.#bytes = options.keptBytes;
  }

  get figures() {
    return {
      imageBytes: this.#bytes,
      imagesEvicted: this.#evicted,
      imagesLost: this.#lost,
      imageTrouble: this.#trouble,
      imagesWaiting: this.#waiting.length + this.#beginning + this.#unlisted.size,
    };
  }

  /** Cleans up and, where the quota has become smaller, makes room; images that come meanwhile wait. */
  start(): void {
    this.#working = this.#begin();
  }

  /** Takes the image over; returns at once. */
  keep(image: ImageToKeep): void {
    const { byteLength } = image.jpeg;
    if (this.#waiting.length >= MAX_WAITING || this.#waitingBytes + byteLength > MAX_WAITING_BYTES) {
      this.#lose('the disk is slower than the images come');
      return;
    }
    this.#waiting.push(image);
    this.#waitingBytes += byteLength;
    this.#working ??= this.#work();
  }

  /** Images that cannot be kept for a reason the store does not see itself. */
  giveUp(count: number, reason: string): void {
    if (count > 0) this.#lose(reason, count);
  }

  /** The disk is in trouble: gives up what waits for it. */
  giveUpWaiting(reason: string): void {
    const waiting = this.#waiting.splice(0);
    for (const { jpeg } of waiting) this.#waitingBytes -= jpeg.byteLength;
    this.giveUp(waiting.length, reason);
  }

  /**
   * Records go before images: deletes kept ones, the oldest first, until `bytes` are free or a step is done. The files
   * go at once, since the rows cannot be deleted before there is room; they go with the next commit that works. A crash
   * in between leaves rows without files, which the sweep at the next start removes.
   *
   * @returns whether any file was deleted
   */
  giveWay(bytes: number): boolean {
    const { files, queue, table } = this.#options;
    const gone: ImageRow[] = [];
    try {
      for (const row of table.oldest(this.#gaveWayTo, GIVE_WAY_STEP)) {
        if (sumBytes(gone) >= bytes) break;
        files.removeNow(row.path);
        gone.push(row);
        this.#gaveWayTo = row.inspection;
      }
    } catch (error) {
      this.#trouble = messageOf(error);
    }
    if (gone.length === 0) return false;
    this.#bytes -= sumBytes(gone);
    this.#evicted += gone.length;
    queue.submitFirst({ run: () => table.remove(gone), committed: () => undefined, rejected: () => undefined });
    void files.removeEmptyFolders(gone.map(({ path }) => path)).catch(() => undefined);
    return true;
  }

  /** Resolves when every image that was taken over is on disk or given up. */
  async drained(): Promise<void> {
    while (this.#working !== undefined) await this.#working;
  }

  /** A file that is on the list or just about to be. */
  isKept(id: string, path: string): boolean {
    return this.#unlisted.has(path) || this.#options.table.isKept(id, path);
  }

  /** Takes rows off the list whose files are gone. */
  async unlist(rows: readonly ImageRow[]): Promise<void> {
    this.#bytes -= sumBytes(await this.#options.queue.write(() => this.#options.table.remove(rows)));
    this.#options.onChange();
  }

  /** Images that others took off the list: their files go too. */
  async released(rows: readonly ImageRow[]): Promise<void> {
    if (rows.length === 0) return;
    const { files, onChange } = this.#options;
    this.#bytes -= sumBytes(rows);
    for (const { path } of rows) await files.remove(path);
    await files.removeEmptyFolders(rows.map(({ path }) => path));
    onChange();
  }

  async #begin(): Promise<void> {
    try {
      await this.#options.files.removeIncoming();
      await this.#makeRoom(0);
    } catch (error) {
      this.#trouble = messageOf(error);
      this.#options.onChange();
    }
    await this.#work();
  }

  async #work(): Promise<void> {
    while (this.#waiting.length + this.#writing.size > 0) {
      const image = this.#writing.size < MAX_WRITING ? this.#waiting.shift() : undefined;
      if (image === undefined) await Promise.race(this.#writing);
      else await this.#begun(image);
    }
    this.#working = undefined;
  }

  /** Resolves once there is room for the image and its writing has begun. */
  async #begun(image: ImageToKeep): Promise<void> {
    const bytes = image.jpeg.byteLength;
    this.#beginning = 1;
    try {
      if (bytes > this.#options.quotaBytes) throw new RangeError(`one of ${bytes} bytes is more than the whole quota`);
      await this.#makeRoom(bytes);
      this.#assertSpace(bytes);
    } catch (error) {
      this.#waitingBytes -= bytes;
      this.#beginning = 0;
      this.#lose(messageOf(error));
      return;
    }
    this.#beginning = 0;
    this.#bytes += bytes;
    const writing = this.#write(image).finally(() => {
      this.#waitingBytes -= bytes;
      this.#writing.delete(writing);
      this.#options.onChange();
    });
    this.#writing.add(writing);
  }

  async #write({ inspection, id, station, capturedAtMs, jpeg }: ImageToKeep): Promise<void> {
    const { files, queue, table, nowMs } = this.#options;
    const bytes = jpeg.byteLength;
    const path = imagePath(station, id, capturedAtMs);
    const fail = (error: unknown): void => {
      this.#unlisted.delete(path);
      this.#bytes -= bytes;
      this.#lose(messageOf(error));
    };
    try {
      this.#unlisted.add(path);
      await files.write(path, jpeg);
    } catch (error) {
      return fail(error);
    }
    this.#trouble = undefined;
    const atMs = nowMs();
    queue.submit({
      run: () => table.add({ inspection, path, bytes }, atMs),
      committed: () => {
        this.#unlisted.delete(path);
      },
      rejected: fail,
    });
  }

  async #makeRoom(bytes: number): Promise<void> {
    const { files, queue, table, quotaBytes } = this.#options;
    if (this.#bytes + bytes <= quotaBytes) return;
    // What is being written comes to the list first, so that the oldest of all goes.
    await Promise.all(this.#writing);
    const target = Math.max(bytes, Math.floor(quotaBytes * (1 - EVICTION_MARGIN)));
    while (this.#bytes + bytes > target) {
      const excess = this.#bytes + bytes - target;
      const rows = await queue.write(() => table.takeOldest(excess, EVICTION_STEP));
      if (rows.length === 0) return;
      for (const row of rows) await files.remove(row.path);
      await files.removeEmptyFolders(rows.map((row) => row.path));
      this.#bytes -= sumBytes(rows);
      this.#evicted += rows.length;
    }
  }

  #assertSpace(bytes: number): void {
    const space = this.#options.space();
    if (space === undefined || space.freeBytes - bytes >= space.reserveBytes) return;
    throw new Error(`less would be free on the disk than the ${space.reserveBytes} bytes that are kept for records`);
  }

  #lose(reason: string, count = 1): void {
    this.#lost += count;
    this.#trouble = reason;
    this.#options.onChange();
  }
}

function sumBytes(rows: readonly ImageRow[]): number {
  return rows.reduce((sum, row) => sum + row.bytes, 0);
}
