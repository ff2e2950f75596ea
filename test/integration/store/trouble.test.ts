import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SqliteLedger } from '#jidoka/store/sqlite-ledger.js';
import { anInspection } from '../../contract/inspections.js';
import { ledgerIn, removeFolder, temporaryFolder } from './place.js';

let directory: string;
let ledger: SqliteLedger;

beforeEach(async () => {
  directory = await temporaryFolder();
  ledger = ledgerIn(directory);
});

afterEach(async () => {
  await ledger.stop();
  await removeFolder(directory);
});

const seqs = async (calls: readonly Promise<{ seq: number }>[]): Promise<number[]> =>
  (await Promise.all(calls)).map(({ seq }) => seq);

describe('a database that another program has locked', () => {
  it('keeps what comes, says why, and writes it in order when the lock is gone', async () => {
    await ledger.start();
    const other = new Database(join(directory, 'jidoka.sqlite'));
    other.exec('BEGIN IMMEDIATE');
    const calls = [1, 2, 3].map((index) => ledger.record(anInspection(index)));
    await vi.waitFor(() => expect(ledger.status().state).toBe('failing'), { timeout: 10_000 });
    expect(ledger.status()).toMatchObject({ pendingWrites: 3, outboxRows: 0 });
    expect(ledger.status().text).toMatch(/wait in memory: 3\..*Another program holds a lock on the database/);
    expect(await ledger.alive(10_000)).toBe(false);
    calls.push(ledger.record(anInspection(4)));
    other.exec('COMMIT');
    other.close();
    expect(await seqs(calls)).toEqual([1, 2, 3, 4]);
    expect(ledger.status()).toMatchObject({ state: 'open', pendingWrites: 0, outboxRows: 4 });
    expect(await ledger.alive(10_000)).toBe(true);
  });

  it('rejects on stop what could not be written', async () => {
    await ledger.start();
    const other = new Database(join(directory, 'jidoka.sqlite'));
    other.exec('BEGIN IMMEDIATE');
    const call = ledger.record(anInspection(1));
    const refusal = expect(call).rejects.toMatchObject({ code: 'STORE_STOPPED_UNWRITTEN', consequence: 'fatal' });
    await ledger.stop();
    await refusal;
    other.close();
  });
});

describe('a thread that ends unexpectedly', () => {
  it('rejects what is pending and all that comes after, and says so', async () => {
    await ledger.start();
    const broken = ledger.read('mqtt', { after: 0 }, 'not a number' as unknown as number);
    const pending = ledger.quarantine('s1', { name: 'a', key: 'a' }, 'b');
    for (const call of [broken, pending]) {
      await expect(call).rejects.toMatchObject({ code: 'STORE_WORKER_FAILED', consequence: 'fatal' });
    }
    await expect(ledger.record(anInspection(1))).rejects.toMatchObject({ code: 'STORE_WORKER_FAILED' });
    expect(ledger.status()).toMatchObject({ state: 'failing', pendingWrites: 0 });
    expect(await ledger.alive(1000)).toBe(false);
    await ledger.stop();
  });
});

/** A file system of its own that can be filled. */
function smallDisk(): { readonly path: string; readonly remove: () => void } | undefined {
  const path = mkdtempSync(join(tmpdir(), 'jidoka-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'jidoka-test', path], { stdio: 'ignore' });
  } catch {
    rmdirSync(path);
    return undefined;
  }
  return {
    path,
    remove: () => {
      execFileSync('umount', [path]);
      rmdirSync(path);
    },
  };
}

const probe = smallDisk();
probe?.remove();

describe.skipIf(probe === undefined)('a disk that is full (needs the right to mount a tmpfs)', () => {
  it('keeps what comes, says what to do, and writes it in order when there is room', async () => {
    const disk = smallDisk();
    if (disk === undefined) throw new Error('the tmpfs could be mounted a moment ago');
    const full = ledgerIn(disk.path, { imageQuotaBytes: 1_048_576 });
    try {
      await full.start();
      expect(await full.record(anInspection(0))).toEqual({ seq: 1 });
      const ballast = join(disk.path, 'ballast');
      await expect(writeFile(ballast, new Uint8Array(8 * 1024 * 1024))).rejects.toMatchObject({ code: 'ENOSPC' });
      const calls = Array.from({ length: 200 }, (_, index) => full.record(anInspection(index + 1)));
      await vi.waitFor(() => expect(full.status().state).toBe('failing'), { timeout: 10_000 });
      expect(full.status().text).toMatch(/STORE_(DISK_FULL|IO_FAILED).*free/is);
      expect(full.status().pendingWrites).toBeGreaterThan(0);
      await rm(ballast);
      expect(await seqs(calls)).toEqual(Array.from({ length: 200 }, (_, index) => index + 2));
      expect(full.status()).toMatchObject({ state: 'open', pendingWrites: 0, outboxRows: 201 });
    } finally {
      await full.stop();
      disk.remove();
    }
  });

  it('records although the images find no room, and counts them', async () => {
    const disk = smallDisk();
    if (disk === undefined) throw new Error('the tmpfs could be mounted a moment ago');
    const full = ledgerIn(disk.path, { imageQuotaBytes: 64 * 1024 * 1024 });
    try {
      await full.start();
      const calls = [1, 2, 3].map((index) => full.record(anInspection(index), new Uint8Array(4 * 1024 * 1024)));
      expect(await seqs(calls)).toEqual([1, 2, 3]);
      await vi.waitFor(() => expect(full.statistics().imagesLost).toBe(3));
      expect(full.status()).toMatchObject({ state: 'open', imageBytes: 0 });
      expect(full.status().text).toMatch(/Images that could not be kept: 3, the last because ENOSPC/);
    } finally {
      await full.stop();
      disk.remove();
    }
  });
});
