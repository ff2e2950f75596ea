import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BALLAST_BYTES } from '#jidoka/store/ballast.js';
import { HOLD_LIMITS } from '#jidoka/store/record-hold.js';
import type { SqliteLedger, SqliteLedgerOptions } from '#jidoka/store/sqlite-ledger.js';
import { anInspection } from '../../contract/inspections.js';
import { FileDisk, fileDiskAbsent, MemoryDisk, memoryDiskAbsent, type SmallDisk } from '../../simulators/small-disk.js';
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
    expect(ledger.status().text).toMatch(/Another program holds a lock on the database.* wait in memory: 3\./);
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

const withoutMemoryDisk = memoryDiskAbsent === undefined ? '' : ` (skipped: ${memoryDiskAbsent})`;
const withoutFileDisk = fileDiskAbsent === undefined ? '' : ` (skipped: ${fileDiskAbsent})`;

/** A store on a disk of its own. */
async function on<D extends SmallDisk>(
  disk: D,
  options: Partial<SqliteLedgerOptions>,
  use: (store: SqliteLedger, disk: D) => Promise<void>,
): Promise<void> {
  const store = ledgerIn(disk.path, options);
  try {
    await store.start();
    await use(store, disk);
  } finally {
    if (disk instanceof FileDisk) disk.thaw();
    await store.stop();
    disk.remove();
  }
}

const numbers = (from: number, count: number): number[] => Array.from({ length: count }, (_, index) => from + index);
const keptImages = (directory: string): string[] =>
  readdirSync(directory, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.jpg'));
const failing = (store: SqliteLedger) =>
  vi.waitFor(() => expect(store.status().state).toBe('failing'), { timeout: 20_000 });

describe.skipIf(memoryDiskAbsent !== undefined)(`a disk that is full${withoutMemoryDisk}`, () => {
  it('keeps what comes, says what is wrong and since when, and writes it in order when there is room', () =>
    on(new MemoryDisk(3), {}, async (store, disk) => {
      expect(await store.record(anInspection(0))).toEqual({ seq: 1 });
      const before = Date.now();
      disk.fill();
      const calls = numbers(1, 200).map((index) => store.record(anInspection(index), new Uint8Array(1000)));
      await failing(store);
      const { text, pendingWrites } = store.status();
      expect(text).toMatch(/^Since \S+Z: STORE_DISK_FULL: .*Free space.* Inspections that wait in memory: \d+\./);
      expect(text).toMatch(/Images that could not be kept: [1-9]/);
      expect(Date.parse(text.split(' ')[1]?.slice(0, -1) ?? '')).toBeGreaterThanOrEqual(before);
      expect(pendingWrites).toBeGreaterThan(0);
      disk.free();
      expect(await seqs(calls)).toEqual(numbers(2, 200));
      expect(store.status()).toMatchObject({ state: 'open', pendingWrites: 0, recordsGivenUp: 0, outboxRows: 201 });
    }));

  it('gives up passes first, then reviews, never a fail for them, and nothing that was committed', () =>
    on(new MemoryDisk(3), { hold: { ...HOLD_LIMITS, records: 60, handedOn: 20 } }, async (store, disk) => {
      await store.record(anInspection(0));
      disk.fill();
      const firstCalls = numbers(1, 60).map((index) => store.record(anInspection(index)));
      const first = Promise.allSettled(firstCalls);
      await failing(store);
      const stuck = store.status().pendingWrites;
      const decisions = ['review', 'fail'] as const;
      const later = Promise.allSettled(
        numbers(100, 100).map((index) => {
          const decision = decisions[index % 2] ?? 'fail';
          return store.record(anInspection(index, { decision }));
        }),
      );
      expect(store.status().pendingWrites).toBeLessThanOrEqual(60);
      expect(store.status().recordsGivenUp).toBe(stuck + 100 - 60);
      disk.free();
      const outcomes = [...(await first), ...(await later)];
      const refused = outcomes.filter(({ status }) => status === 'rejected');
      expect(refused).toHaveLength(store.status().recordsGivenUp);
      for (const outcome of refused) {
        expect(outcome).toMatchObject({ reason: { code: 'STORE_MEMORY_FULL', consequence: 'degraded' } });
      }
      const committed = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value.seq] : []));
      expect(committed.sort((one, other) => one - other)).toEqual(numbers(2, committed.length));
      const { counts, lastSeq } = await store.totals('s1');
      expect(lastSeq).toBe(committed.length + 1);
      // Every pass that still waited here has given way, so at least as many others were taken.
      expect(counts.fail + counts.review).toBeGreaterThanOrEqual(40);
      expect(counts.fail).toBeGreaterThanOrEqual(counts.review);
      expect(store.status().text).toContain(
        `Inspections given up since the start: ${refused.length} (${61 - counts.pass} pass, ${50 - counts.review} review, ${50 - counts.fail} fail)`,
      );
    }));

  it('lets go of kept images, the oldest first, so that records go on', () =>
    on(new MemoryDisk(8), {}, async (store, disk) => {
      for (const index of numbers(0, 40)) await store.record(anInspection(index), new Uint8Array(100_000));
      await vi.waitFor(() => expect(store.statistics().imagesWaiting).toBe(0));
      const kept = keptImages(disk.path);
      expect(kept).toHaveLength(40);
      disk.fill();
      // More than fits into the room that was left: without images to give up, this would have to wait.
      expect(await seqs(numbers(100, 500).map((index) => store.record(anInspection(index))))).toEqual(numbers(41, 500));
      await vi.waitFor(() => expect(store.status().state).not.toBe('failing'));
      const left = keptImages(disk.path);
      expect(left.length).toBeLessThan(40);
      expect(store.status()).toMatchObject({ imageBytes: left.length * 100_000, imagesEvicted: 40 - left.length });
      expect([...left].sort()).toEqual([...kept].sort().slice(40 - left.length));
    }));

  it(
    'has a ballast to let go of first, and makes it again when there is room',
    () =>
      on(new MemoryDisk(16), {}, async (store, disk) => {
        const ballast = join(disk.path, 'jidoka.ballast');
        await vi.waitFor(() => expect(statSync(ballast).size).toBe(BALLAST_BYTES));
        await store.record(anInspection(0), new Uint8Array(100_000));
        await vi.waitFor(() => expect(store.statistics().imagesWaiting).toBe(0));
        disk.fill();
        expect(await seqs(numbers(1, 500).map((index) => store.record(anInspection(index))))).toEqual(numbers(2, 500));
        expect(existsSync(ballast)).toBe(false);
        expect(keptImages(disk.path)).toHaveLength(1);
        disk.free();
        await vi.waitFor(() => expect(statSync(ballast).size).toBe(BALLAST_BYTES), { timeout: 20_000 });
      }),
    40_000,
  );

  it('opens on a full disk where there is a ballast', async () => {
    const disk = new MemoryDisk(16);
    const ballast = join(disk.path, 'jidoka.ballast');
    try {
      const first = ledgerIn(disk.path);
      await first.start();
      await vi.waitFor(() => expect(statSync(ballast).size).toBe(BALLAST_BYTES));
      await first.record(anInspection(0));
      await first.stop();
      disk.fill();
      const second = ledgerIn(disk.path);
      await second.start();
      expect(await second.record(anInspection(1))).toEqual({ seq: 2 });
      await second.stop();
    } finally {
      disk.remove();
    }
  });

  it(
    'keeps no images where little room is left, says so, and records on',
    () =>
      on(new MemoryDisk(16), {}, async (store, disk) => {
        await vi.waitFor(() => expect(existsSync(join(disk.path, 'jidoka.ballast'))).toBe(true));
        disk.fill(300_000);
        expect(await store.record(anInspection(1), new Uint8Array(100_000))).toEqual({ seq: 1 });
        await vi.waitFor(() => expect(store.statistics().imagesLost).toBe(1));
        expect(store.status().text).toMatch(
          /Images that could not be kept: 1, the last because less would be free on the disk/,
        );
        disk.fill(100_000);
        await vi.waitFor(() => expect(store.status().state).toBe('degraded'), { timeout: 20_000 });
        expect(store.status().text).toMatch(/^Since \S+Z: STORE_SPACE_LOW: /);
        expect(await store.record(anInspection(2))).toEqual({ seq: 2 });
        disk.free();
        await vi.waitFor(() => expect(store.status().state).toBe('open'), { timeout: 20_000 });
      }),
    60_000,
  );
});

describe.skipIf(fileDiskAbsent !== undefined)(`a disk that fails${withoutFileDisk}`, () => {
  it(
    'that hangs: is named, costs bounded memory, gets its records when it answers again',
    () =>
      on(new FileDisk(16), { hold: { ...HOLD_LIMITS, records: 60, handedOn: 20 } }, async (store, disk) => {
        await store.record(anInspection(0));
        disk.freeze();
        const calls = Promise.allSettled(
          numbers(1, 100).map((index) => store.record(anInspection(index), new Uint8Array(1000))),
        );
        await failing(store);
        expect(store.status()).toMatchObject({ pendingWrites: 60, recordsGivenUp: 40 });
        expect(store.status().text).toMatch(/STORE_DISK_STALLED: .*no answer for \d+ s/);
        await expect(store.quarantine('s1', { name: 'a', key: 'a' }, 'b')).rejects.toMatchObject({
          consequence: 'transient',
        });
        disk.thaw();
        const outcomes = await calls;
        expect(outcomes.map(({ status }) => status)).toEqual([
          ...numbers(0, 60).map(() => 'fulfilled'),
          ...numbers(0, 40).map(() => 'rejected'),
        ]);
        expect(await store.totals('s1')).toMatchObject({ lastSeq: 61 });
        await vi.waitFor(() => expect(store.status().state).not.toBe('failing'));
      }),
    40_000,
  );

  it(
    'that is slow: is named with the figure, and everything is recorded',
    () =>
      on(new FileDisk(16), {}, async (store, disk) => {
        await store.record(anInspection(0));
        for (const index of numbers(1, 6)) {
          disk.freeze();
          const call = store.record(anInspection(index));
          await sleep(600);
          disk.thaw();
          expect(await call).toEqual({ seq: index + 1 });
        }
        expect(store.status().state).toBe('degraded');
        expect(store.status().text).toMatch(/^Since \S+Z: STORE_DISK_SLOW: .* 95 of 100 took up to \d{3,} ms/);
      }),
    40_000,
  );

  it('that has become read-only: is named, and what waits is lost only at a stop, which says so', async () => {
    const disk = new FileDisk(16);
    const store = ledgerIn(disk.path);
    try {
      await store.start();
      await store.record(anInspection(0));
      disk.fail();
      const call = store.record(anInspection(1));
      await failing(store);
      expect(store.status().text).toMatch(/STORE_READ_ONLY: .* Inspections that wait in memory: 1\./);
      const refusal = expect(call).rejects.toMatchObject({ code: 'STORE_STOPPED_UNWRITTEN' });
      await store.stop();
      await refusal;
    } finally {
      disk.remove();
    }
  }, 40_000);

  it('that reports errors: is named, and recovers by itself', async () => {
    const limit = (bytes: string): void => {
      execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${bytes}:unlimited`]);
    };
    const store = ledgerIn(directory);
    try {
      await store.start();
      await store.record(anInspection(0));
      limit('4096');
      const calls = numbers(1, 50).map((index) => store.record(anInspection(index)));
      await failing(store);
      expect(store.status().text).toMatch(/STORE_IO_FAILED: /);
      limit('unlimited');
      expect(await seqs(calls)).toEqual(numbers(2, 50));
      expect(store.status().state).not.toBe('failing');
    } finally {
      limit('unlimited');
      await store.stop();
    }
  }, 40_000);
});
