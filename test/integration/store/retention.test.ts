import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Inspection } from '#jidoka/domain/inspection.js';
import { imagePath } from '#jidoka/store/image-files.js';
import type { SqliteLedger, SqliteLedgerOptions } from '#jidoka/store/sqlite-ledger.js';
import { anInspection } from '../../contract/inspections.js';
import { ledgerIn, removeFolder, temporaryFolder } from './place.js';

const DAY_MS = 86_400_000;
const PATIENT = { timeout: 20_000 };

let directory: string;
let ledger: SqliteLedger;

beforeEach(async () => {
  directory = await temporaryFolder();
});

afterEach(async () => {
  await ledger.stop();
  await removeFolder(directory);
});

async function open(options: Partial<SqliteLedgerOptions> = {}): Promise<void> {
  ledger = ledgerIn(directory, options);
  await ledger.start();
}

async function reopen(options: Partial<SqliteLedgerOptions>): Promise<void> {
  await ledger.stop();
  await open(options);
}

function decidedDaysAgo(index: number, days: number): Inspection {
  const decidedAtMs = Date.now() - days * DAY_MS;
  return { ...anInspection(index), capturedAtMs: decidedAtMs - 40, decidedAtMs };
}

async function settleAllBut(...kept: readonly number[]): Promise<void> {
  const rows = await ledger.read('mqtt', { after: 0 }, 100_000);
  const positions = rows.filter(({ seq }) => !kept.includes(seq)).map(({ position }) => position);
  await ledger.settle('mqtt', positions);
}

function column(sql: string): unknown[] {
  const db = new Database(join(directory, 'jidoka.sqlite'), { readonly: true });
  try {
    return db.prepare(sql).pluck().all();
  } finally {
    db.close();
  }
}

const seqs = (): unknown[] => column('SELECT seq FROM inspections ORDER BY number');

describe('inspections that are too old', () => {
  it('go with readings and images, but never while a destination waits for them', async () => {
    await open();
    const inspections = [30, 30, 30, 30, 2, 1].map((days, index) => decidedDaysAgo(index + 1, days));
    for (const inspection of inspections) await ledger.record(inspection, new Uint8Array(100));
    await settleAllBut(2);
    await reopen({ retention: { inspectionDays: 10 } });
    await vi.waitFor(() => expect(seqs()).toEqual([2, 5, 6]), PATIENT);
    await vi.waitFor(() => expect(ledger.statistics()).toMatchObject({ inspectionsDeleted: 3, imageBytes: 300 }));
    expect(column('SELECT DISTINCT inspection FROM readings ORDER BY 1')).toEqual([2, 5, 6]);
    const there = inspections.map(({ station, id, capturedAtMs }) =>
      existsSync(join(directory, imagePath(station, id, capturedAtMs))),
    );
    expect(there).toEqual([false, true, false, false, true, true]);
    await settleAllBut();
    await reopen({ retention: { inspectionDays: 10 } });
    await vi.waitFor(() => expect(seqs()).toEqual([5, 6]), PATIENT);
    expect(await ledger.totals('s1')).toMatchObject({ lastSeq: 6, counts: { pass: 6 } });
    expect(await ledger.record(anInspection(7))).toEqual({ seq: 7 });
  });

  it('are found behind more that wait than one look takes in', async () => {
    await open();
    await Promise.all(Array.from({ length: 900 }, (_, index) => ledger.record(decidedDaysAgo(index, 30))));
    await settleAllBut(...Array.from({ length: 700 }, (_, index) => index + 1));
    await reopen({ retention: { inspectionDays: 10 } });
    await vi.waitFor(() => expect(ledger.statistics().inspectionsDeleted).toBe(200), PATIENT);
    expect(seqs()).toHaveLength(700);
  });
});

describe('a database that is too big', () => {
  it('deletes the oldest, and gives the space back to the disk', async () => {
    await open();
    const PARTS = 1500;
    const label = 'x'.repeat(4000);
    const big = (index: number): Inspection => ({
      ...anInspection(index),
      result: { label, score: 1, scores: { [label]: 1 } },
    });
    await Promise.all(Array.from({ length: PARTS }, (_, index) => ledger.record(big(index))));
    await settleAllBut();
    await reopen({ retention: { inspectionQuotaBytes: 4_000_000 } });
    const before = statSync(join(directory, 'jidoka.sqlite')).size;
    const used = (): number => {
      const { databaseBytes, databaseFreeBytes } = ledger.statistics();
      return databaseBytes - databaseFreeBytes;
    };
    await vi.waitFor(() => expect(used()).toBeLessThanOrEqual(4_000_000), PATIENT);
    await vi.waitFor(() => expect(ledger.statistics().databaseFreeBytes).toBeLessThanOrEqual(2048 * 4096), PATIENT);
    const left = seqs() as number[];
    expect(left.at(-1)).toBe(PARTS);
    expect(left).toEqual(left.map((_, index) => PARTS + 1 - left.length + index));
    expect(left.length).toBeGreaterThan(100);
    await ledger.stop();
    expect(before).toBeGreaterThan(22_000_000);
    expect(statSync(join(directory, 'jidoka.sqlite')).size).toBeLessThan(17_000_000);
  }, 60_000);

  it('keeps recording meanwhile', async () => {
    await open();
    await Promise.all(Array.from({ length: 400 }, (_, index) => ledger.record(anInspection(index))));
    await settleAllBut();
    await reopen({ retention: { inspectionQuotaBytes: 300_000 } });
    await Promise.all(Array.from({ length: 400 }, (_, index) => ledger.record(anInspection(10_000 + index))));
    await vi.waitFor(() => expect(ledger.statistics().inspectionsDeleted).toBe(400), PATIENT);
    expect(seqs()).toHaveLength(400);
    expect(ledger.status()).toMatchObject({ state: 'open', outboxRows: 400 });
  });
});

describe('images that are too old', () => {
  it('go, and their inspections stay', async () => {
    await open();
    for (const index of [1, 2, 3]) await ledger.record(anInspection(index), new Uint8Array(100));
    await ledger.stop();
    const db = new Database(join(directory, 'jidoka.sqlite'));
    db.prepare('UPDATE images SET created_at = ? WHERE inspection < 3').run(Date.now() - 8 * DAY_MS);
    db.close();
    await open({ retention: { imageDays: 7 } });
    await vi.waitFor(() => expect(ledger.statistics()).toMatchObject({ imagesExpired: 2, imageBytes: 100 }), PATIENT);
    expect(column('SELECT inspection FROM images')).toEqual([3]);
    const { station, id, capturedAtMs } = anInspection(1);
    expect(existsSync(join(directory, imagePath(station, id, capturedAtMs)))).toBe(false);
    expect(seqs()).toEqual([1, 2, 3]);
  });
});

describe('a destination that is no longer configured', () => {
  it('can be dropped with all that waits for it', async () => {
    await open({ destinations: [{ name: 'mqtt' }, { name: 'cloud' }] });
    await Promise.all(Array.from({ length: 1200 }, (_, index) => ledger.record(anInspection(index))));
    await settleAllBut(1200);
    await expect(ledger.dropDestination('cloud')).rejects.toMatchObject({ code: 'STORE_DESTINATION_IN_USE' });
    await reopen({});
    expect(ledger.status().outboxRows).toBe(1200);
    expect(await ledger.dropDestination('cloud')).toBe(1200);
    expect(ledger.status()).toMatchObject({ outboxRows: 1, text: 'Open.' });
    await expect(ledger.dropDestination('cloud')).rejects.toMatchObject({
      code: 'STORE_DESTINATION_UNKNOWN',
      got: '"cloud"',
    });
  });
});
