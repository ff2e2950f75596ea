import { mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database as Db } from 'better-sqlite3';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CommitQueue, type CommitQueueOptions } from '#jidoka/store/commit-queue.js';
import { storeErrors } from '#jidoka/store/errors.js';

let folder: string;
let db: Db;
let queue: CommitQueue;
let attempts: number;
let meetTrouble: CommitQueueOptions['meetTrouble'];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jidoka-queue-'));
  open();
  db.exec('CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT');
});

afterEach(() => {
  queue.close();
  db.close();
  rmSync(folder, { recursive: true });
});

function open(): void {
  db = new Database(join(folder, 'notes.sqlite'), { timeout: 0 });
  db.pragma('journal_mode = WAL');
  attempts = 0;
  meetTrouble = undefined;
  queue = new CommitQueue(db, {
    afterAttempt: () => {
      attempts += 1;
    },
    meetTrouble: (error) => meetTrouble?.(error) ?? { error, tryNow: false },
    retryInitialMs: 5,
    retryMaxMs: 20,
  });
}

function note(text: string): Promise<unknown> {
  return queue.write(() => db.prepare('INSERT INTO notes (text) VALUES (?)').run(text).lastInsertRowid);
}

const notes = (): unknown[] => db.prepare('SELECT text FROM notes ORDER BY id').pluck().all();

describe('CommitQueue', () => {
  it('puts all that came together into one transaction, in order', async () => {
    const texts = Array.from({ length: 100 }, (_, index) => `note ${index}`);
    await Promise.all(texts.map(note));
    expect(queue.commits).toBe(1);
    expect(notes()).toEqual(texts);
  });

  it('bounds one transaction', async () => {
    await Promise.all(Array.from({ length: 1100 }, (_, index) => note(`note ${index}`)));
    expect(queue.commits).toBe(3);
  });

  it('leaves out the one change that cannot be made', async () => {
    const results = await Promise.allSettled([note('a'), note('a'), note('b')]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: { code: 'STORE_RECORD_REFUSED', consequence: 'degraded' } });
    expect(notes()).toEqual(['a', 'b']);
    expect(queue.trouble).toBeUndefined();
  });

  it('undoes a change that fails half-way', async () => {
    const half = queue.write(() => {
      db.prepare('INSERT INTO notes (text) VALUES (?)').run('half');
      throw new RangeError('no more');
    });
    const whole = note('whole');
    await expect(half).rejects.toMatchObject({ code: 'STORE_RECORD_REFUSED' });
    await whole;
    expect(notes()).toEqual(['whole']);
  });

  it('keeps everything while the disk is full, and writes it in order once there is room', async () => {
    const pages = Number(db.pragma('page_count', { simple: true }));
    db.pragma(`max_page_count = ${pages}`);
    const long = 'x'.repeat(10_000);
    const calls = [1, 2, 3].map((index) => note(`${index}${long}`));
    await vi.waitFor(() => expect(queue.trouble).toMatchObject({ code: 'STORE_DISK_FULL', consequence: 'transient' }));
    const later = note('later');
    await vi.waitFor(() => expect(attempts).toBeGreaterThan(3));
    expect(notes()).toEqual([]);
    expect(queue.commits).toBe(0);
    db.pragma('max_page_count = 1000000');
    expect(await Promise.all([...calls, later])).toEqual([1, 2, 3, 4]);
    expect(queue.trouble).toBeUndefined();
  });

  it('tries again at once where something was done against the trouble, and that goes first', async () => {
    db.pragma(`max_page_count = ${db.pragma('page_count', { simple: true })}`);
    let rooms = 0;
    meetTrouble = (error) => {
      rooms += 1;
      const text = `room ${rooms}`;
      queue.submitFirst({
        run: () => db.prepare('INSERT INTO notes (text) VALUES (?)').run(text),
        committed: () => undefined,
        rejected: () => undefined,
      });
      if (rooms === 3) db.pragma('max_page_count = 1000000');
      return { error, tryNow: true };
    };
    await note('x'.repeat(10_000));
    expect(attempts).toBe(4);
    expect(notes()).toEqual(['room 3', 'room 2', 'room 1', 'x'.repeat(10_000)]);
  });

  it('goes by the more exact name of the trouble', async () => {
    db.pragma('query_only = ON');
    meetTrouble = () => ({ error: storeErrors.STORE_DISK_FULL(), tryNow: false });
    const call = note('a');
    await vi.waitFor(() => expect(queue.trouble?.code).toBe('STORE_DISK_FULL'));
    db.pragma('query_only = OFF');
    expect(await call).toBe(1);
  });

  it('on close, uses the room that is made', async () => {
    db.pragma(`max_page_count = ${db.pragma('page_count', { simple: true })}`);
    const call = note('x'.repeat(10_000));
    meetTrouble = (error) => {
      db.pragma('max_page_count = 1000000');
      return { error, tryNow: true };
    };
    queue.close();
    expect(await call).toBe(1);
  });

  it('measures how long the commit took that succeeded', async () => {
    expect(queue.lastCommitMs).toBe(0);
    await note('a');
    expect(queue.lastCommitMs).toBeGreaterThan(0);
  });

  it('waits for another program that holds the lock', async () => {
    const other = new Database(db.name);
    other.exec('BEGIN IMMEDIATE');
    const call = note('a');
    await vi.waitFor(() => expect(queue.trouble).toMatchObject({ code: 'STORE_DATABASE_BUSY' }));
    other.exec('COMMIT');
    other.close();
    await call;
    expect(queue.trouble).toBeUndefined();
  });

  it('rejects on close what the disk does not take', async () => {
    db.pragma('query_only = ON');
    const call = note('a');
    queue.close();
    await expect(call).rejects.toMatchObject({ code: 'STORE_STOPPED_UNWRITTEN', consequence: 'fatal' });
    await expect(note('b')).rejects.toMatchObject({ code: 'STORE_CLOSED' });
    db.pragma('query_only = OFF');
  });

  it('commits on close what waits', async () => {
    const call = note('a');
    queue.close();
    expect(await call).toBe(1);
  });

  it('gives up at once on a damaged database', async () => {
    await Promise.all(Array.from({ length: 500 }, (_, index) => note(`note ${index} ${'x'.repeat(200)}`)));
    queue.close();
    db.close();
    const path = join(folder, 'notes.sqlite');
    const file = openSync(path, 'r+');
    writeSync(file, Buffer.alloc(statSync(path).size - 4096, 0xa5), 0, undefined, 4096);
    open();
    await expect(note('a')).rejects.toMatchObject({ code: 'STORE_DATABASE_CORRUPT' });
    await expect(note('b')).rejects.toMatchObject({ code: 'STORE_DATABASE_CORRUPT' });
  });
});
