import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database as Db } from 'better-sqlite3';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CommitQueue } from '#jidoka/store/commit-queue.js';
import type { Space } from '#jidoka/store/disk-space.js';
import { ImageFiles, imagePath } from '#jidoka/store/image-files.js';
import { ImageStore } from '#jidoka/store/image-store.js';
import { sweepImages } from '#jidoka/store/image-sweep.js';
import { ImageTable } from '#jidoka/store/image-table.js';
import { InspectionTable } from '#jidoka/store/inspection-table.js';
import { migrate } from '#jidoka/store/migrate.js';
import { MIGRATIONS } from '#jidoka/store/migrations/index.js';
import { NameTables } from '#jidoka/store/name-tables.js';
import { anInspection, CAPTURED_AT_MS, idOf } from '../../contract/inspections.js';

const DAY_MS = 86_400_000;

let folder: string;
let db: Db;
let queue: CommitQueue;
let table: ImageTable;
let files: ImageFiles;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jidoka-images-'));
  db = new Database(':memory:');
  migrate(db, MIGRATIONS);
  queue = new CommitQueue(db, { afterAttempt: () => undefined });
  table = new ImageTable(db);
  files = new ImageFiles(folder);
});

afterEach(() => {
  queue.close();
  db.close();
  rmSync(folder, { recursive: true });
});

function storeOf(quotaBytes: number, space: () => Space | undefined = () => undefined): ImageStore {
  const keptBytes = Number(db.prepare('SELECT image_bytes FROM tallies').pluck().get());
  return new ImageStore({
    files,
    table,
    queue,
    quotaBytes,
    keptBytes,
    nowMs: () => 0,
    space,
    onChange: () => undefined,
  });
}

/** Records the inspection of day `index` and hands its image over. */
function keep(store: ImageStore, index: number, jpeg: Uint8Array = new Uint8Array(100).fill(index)): string {
  const { number } = new InspectionTable(db, new NameTables(db)).insert(anInspection(index));
  const image = { id: idOf(index), station: 's1', capturedAtMs: CAPTURED_AT_MS + index * DAY_MS };
  store.keep({ inspection: number, ...image, jpeg });
  return imagePath(image.station, image.id, image.capturedAtMs);
}

async function settled(store: ImageStore): Promise<void> {
  await store.drained();
  queue.flush();
}

const rows = (): unknown[] => db.prepare('SELECT path FROM images ORDER BY inspection').pluck().all();
const isThere = (path: string): boolean => existsSync(join(folder, path));

describe('imagePath', () => {
  it('goes by the UTC day of capture', () => {
    expect(imagePath('press-3', 'abc', Date.UTC(2026, 0, 31, 23, 59, 59, 999))).toBe(
      'images/2026/01/31/press-3/abc.jpg',
    );
    expect(imagePath('press-3', 'abc', Date.UTC(2026, 1, 1))).toBe('images/2026/02/01/press-3/abc.jpg');
  });
});

describe('ImageStore', () => {
  it('writes the bytes and lists the file', async () => {
    const store = storeOf(10_000);
    const path = keep(store, 1);
    await settled(store);
    expect(readFileSync(join(folder, path))).toEqual(Buffer.alloc(100, 1));
    expect(rows()).toEqual([path]);
    expect(store.figures).toEqual({
      imageBytes: 100,
      imagesEvicted: 0,
      imagesLost: 0,
      imageTrouble: undefined,
      imagesWaiting: 0,
    });
  });

  it('gives up the oldest to keep the quota, with their empty folders', async () => {
    const store = storeOf(350);
    const paths = [0, 1, 2, 3, 4].map((index) => keep(store, index));
    await settled(store);
    expect(paths.map(isThere)).toEqual([false, false, true, true, true]);
    expect(rows()).toEqual(paths.slice(2));
    expect(store.figures).toMatchObject({ imageBytes: 300, imagesEvicted: 2, imagesLost: 0 });
    expect(isThere('images/2026/03/14')).toBe(false);
  });

  it('makes room at the start where the quota has become smaller', async () => {
    const large = storeOf(10_000);
    const paths = [0, 1, 2, 3].map((index) => keep(large, index));
    await settled(large);
    const small = storeOf(250);
    small.start();
    await settled(small);
    expect(rows()).toEqual(paths.slice(2));
    expect(small.figures).toMatchObject({ imageBytes: 200, imagesEvicted: 2 });
  });

  it('counts and explains an image that the disk refuses, and goes on', async () => {
    const store = storeOf(10_000);
    mkdirSync(join(folder, 'images/2026/03'), { recursive: true });
    writeFileSync(join(folder, 'images/2026/03/15'), 'a file where the folder of the day should be');
    keep(store, 0);
    await settled(store);
    const refused = keep(store, 1);
    await settled(store);
    expect(store.figures).toMatchObject({ imageBytes: 100, imagesLost: 1 });
    expect(store.figures.imageTrouble).toMatch(/EEXIST|ENOTDIR/);
    expect(rows()).toHaveLength(1);
    expect(rows()).not.toContain(refused);
    keep(store, 2);
    await settled(store);
    expect(store.figures).toMatchObject({ imageBytes: 200, imagesLost: 1, imageTrouble: undefined });
  });

  it('refuses an image larger than the whole quota without giving up others', async () => {
    const store = storeOf(350);
    keep(store, 0);
    keep(store, 1, new Uint8Array(351));
    await settled(store);
    expect(store.figures).toMatchObject({ imageBytes: 100, imagesEvicted: 0, imagesLost: 1 });
  });

  it('holds a bounded number and counts those beyond', async () => {
    const store = storeOf(1_000_000);
    for (let index = 0; index < 80; index += 1) keep(store, index);
    expect(store.figures.imagesLost).toBeGreaterThan(0);
    await settled(store);
    expect(rows().length + store.figures.imagesLost).toBe(80);
  });
});

describe('ImageStore on a disk that is full', () => {
  it('writes no image into the room that is reserved for records', async () => {
    let freeBytes = 1099;
    const store = storeOf(10_000, () => ({ freeBytes, reserveBytes: 1000 }));
    keep(store, 0);
    await settled(store);
    expect(store.figures).toMatchObject({ imageBytes: 0, imagesLost: 1 });
    expect(store.figures.imageTrouble).toMatch(
      /less would be free on the disk than the 1000 bytes that are kept for records/,
    );
    freeBytes = 1100;
    const path = keep(store, 1);
    await settled(store);
    expect(rows()).toEqual([path]);
  });

  it('gives way from the oldest on: files at once, rows with the next commit', async () => {
    const store = storeOf(10_000);
    const paths = [0, 1, 2, 3, 4].map((index) => keep(store, index));
    await settled(store);
    expect(store.giveWay(150)).toBe(true);
    expect(paths.map(isThere)).toEqual([false, false, true, true, true]);
    expect(store.figures).toMatchObject({ imageBytes: 300, imagesEvicted: 2 });
    expect(rows()).toHaveLength(5);
    // Before any commit the next step goes on where the last one ended.
    expect(store.giveWay(1)).toBe(true);
    expect(paths.map(isThere)).toEqual([false, false, false, true, true]);
    queue.flush();
    expect(rows()).toEqual(paths.slice(3));
    expect(store.giveWay(10_000)).toBe(true);
    expect(store.giveWay(10_000)).toBe(false);
    queue.flush();
    expect(rows()).toEqual([]);
    expect(store.figures.imageBytes).toBe(0);
  });

  it('gives up what waits, and counts it', async () => {
    const store = storeOf(10_000);
    for (const index of [0, 1, 2, 3, 4, 5]) keep(store, index);
    store.giveUpWaiting('the disk is full');
    await settled(store);
    expect(rows().length + store.figures.imagesLost).toBe(6);
    expect(store.figures.imagesLost).toBeGreaterThan(2);
    const path = keep(store, 7);
    await settled(store);
    expect(rows()).toContain(path);
  });
});

describe('sweepImages', () => {
  it('removes the rows of images that gave way before a crash, however many', async () => {
    const paths = Array.from({ length: 400 }, (_, index) => {
      const { number } = new InspectionTable(db, new NameTables(db)).insert(anInspection(index));
      const path = imagePath('s1', idOf(index), CAPTURED_AT_MS);
      table.add({ inspection: number, path, bytes: 1 }, 0);
      mkdirSync(join(folder, path, '..'), { recursive: true });
      writeFileSync(join(folder, path), 'x');
      return path;
    });
    for (const path of paths.slice(0, 100)) rmSync(join(folder, path));
    expect(await sweep(storeOf(1_000_000))).toEqual({ filesRemoved: 0, rowsRemoved: 100 });
    expect(rows()).toEqual(paths.slice(100));
  });

  const sweep = (store: ImageStore) => sweepImages(files, table, store, new AbortController().signal);

  it('removes files that no row knows and rows whose files are gone, and nothing else', async () => {
    const store = storeOf(10_000);
    const [kept, gone] = [keep(store, 1), keep(store, 2)];
    await settled(store);
    rmSync(join(folder, gone));
    const orphan = imagePath('s1', idOf(77), CAPTURED_AT_MS);
    const foreign = 'images/notes.txt';
    mkdirSync(join(folder, orphan, '..'), { recursive: true });
    for (const path of [orphan, foreign]) writeFileSync(join(folder, path), 'x');
    expect(await sweep(store)).toEqual({ filesRemoved: 1, rowsRemoved: 1 });
    expect([kept, gone, orphan, foreign].map(isThere)).toEqual([true, false, false, true]);
    expect(rows()).toEqual([kept]);
    expect(store.figures.imageBytes).toBe(100);
  });

  it('leaves alone a file whose row is about to be committed', async () => {
    const store = storeOf(10_000);
    const path = keep(store, 1);
    db.pragma('query_only = ON');
    await store.drained();
    expect(rows()).toEqual([]);
    expect(await sweep(store)).toEqual({ filesRemoved: 0, rowsRemoved: 0 });
    expect(isThere(path)).toBe(true);
    db.pragma('query_only = OFF');
    await vi.waitFor(() => expect(rows()).toEqual([path]));
  });

  it('has nothing to do in an empty folder', async () => {
    expect(await sweep(storeOf(10_000))).toEqual({ filesRemoved: 0, rowsRemoved: 0 });
  });

  it('clears what a crash left half-written, before the first image is written', async () => {
    mkdirSync(join(folder, 'images/incoming'), { recursive: true });
    writeFileSync(join(folder, 'images/incoming/half.jpg'), 'x');
    const store = storeOf(10_000);
    store.start();
    const path = keep(store, 1);
    await settled(store);
    expect(isThere('images/incoming/half.jpg')).toBe(false);
    expect(isThere(path)).toBe(true);
  });
});
