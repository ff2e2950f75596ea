import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { imagePath } from '#jidoka/store/image-files.js';
import type { SqliteLedger } from '#jidoka/store/sqlite-ledger.js';
import { anInspection, CAPTURED_AT_MS, idOf } from '../../contract/inspections.js';
import { ledgerIn, removeFolder, temporaryFolder } from './place.js';

let directory: string;
let ledger: SqliteLedger;

beforeEach(async () => {
  directory = await temporaryFolder();
  ledger = ledgerIn(directory, { imageQuotaBytes: 100_000 });
  await ledger.start();
});

afterEach(async () => {
  await ledger.stop();
  await removeFolder(directory);
});

const pathOf = (index: number): string => join(directory, imagePath('s1', idOf(index), CAPTURED_AT_MS + index));

describe('group commit', () => {
  it('lets many records share few transactions', async () => {
    await Promise.all(Array.from({ length: 500 }, (_, index) => ledger.record(anInspection(index))));
    const { records, commits } = ledger.statistics();
    expect(records).toBe(500);
    expect(commits).toBeLessThan(50);
  });

  it('lets settling share them too', async () => {
    await Promise.all(Array.from({ length: 200 }, (_, index) => ledger.record(anInspection(index))));
    const before = ledger.statistics().commits;
    const rows = await ledger.read('mqtt', { after: 0 }, 200);
    await Promise.all(rows.map(({ position }) => ledger.settle('mqtt', [position])));
    expect(ledger.statistics().commits - before).toBeLessThan(20);
    expect(ledger.status().outboxRows).toBe(0);
  });
});

describe('kept images', () => {
  it('moves the bytes to the thread and keeps them by day, station and id', async () => {
    const jpeg = new Uint8Array(1000).fill(7);
    await ledger.record(anInspection(1), jpeg);
    expect(jpeg.byteLength).toBe(0);
    await ledger.stop();
    expect(pathOf(1)).toBe(join(directory, 'images/2026/03/14/s1', `${idOf(1)}.jpg`));
    expect(readFileSync(pathOf(1))).toEqual(Buffer.alloc(1000, 7));
    expect(ledger.status()).toMatchObject({ imageBytes: 1000, imagesEvicted: 0 });
  });

  it('copies bytes that are part of a larger buffer, and leaves that whole', async () => {
    const large = new Uint8Array(3000).map((_, index) => index / 1000);
    await ledger.record(anInspection(1), large.subarray(1000, 2000));
    await ledger.stop();
    expect(large.byteLength).toBe(3000);
    expect(readFileSync(pathOf(1))).toEqual(Buffer.alloc(1000, 1));
  });

  it('keeps within the quota, the oldest going first, over restarts', async () => {
    for (const index of [0, 1, 2, 3, 4]) await ledger.record(anInspection(index), new Uint8Array(30_000));
    await vi.waitFor(() => expect(ledger.status()).toMatchObject({ imageBytes: 90_000, imagesEvicted: 2 }));
    await ledger.stop();
    ledger = ledgerIn(directory, { imageQuotaBytes: 100_000 });
    await ledger.start();
    expect(ledger.status().imageBytes).toBe(90_000);
    await ledger.record(anInspection(5), new Uint8Array(60_000));
    await ledger.stop();
    expect([0, 1, 2, 3, 4, 5].filter((index) => existsSync(pathOf(index)))).toEqual([4, 5]);
    expect(ledger.status()).toMatchObject({ imageBytes: 90_000, imagesEvicted: 2 });
  });

  it('sweeps files away at the start that no record knows', async () => {
    await ledger.record(anInspection(1), new Uint8Array(10));
    await ledger.stop();
    await mkdir(dirname(pathOf(2)), { recursive: true });
    await writeFile(pathOf(2), 'left by a crash');
    ledger = ledgerIn(directory);
    await ledger.start();
    await vi.waitFor(() => expect(existsSync(pathOf(2))).toBe(false));
    expect(existsSync(pathOf(1))).toBe(true);
  });
});
