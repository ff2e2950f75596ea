import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { silentLogger } from '#jidoka/base/logger.js';
import { SqliteLedger } from '#jidoka/store/sqlite-ledger.js';
import { anInspection } from '../../contract/inspections.js';
import {
  contentOf,
  databaseIn,
  goesOn,
  overwrite,
  overwritePage,
  pageCount,
  pagesOf,
  randomFrom,
  recordParts,
  truncateTo,
} from './damage.js';
import { ledgerIn, QUOTA_BYTES, removeFolder, temporaryFolder } from './place.js';

const PARTS = 600;
const LEFT = PARTS / 3;
const RIGHT = PARTS - LEFT;
let recorded: string;
let directory: string;

beforeAll(async () => {
  recorded = await temporaryFolder();
  await recordParts(recorded, PARTS);
});

afterAll(() => removeFolder(recorded));

beforeEach(async () => {
  directory = await temporaryFolder();
  await cp(recorded, directory, { recursive: true });
});

afterEach(() => removeFolder(directory));

const setAside = (): string[] => readdirSync(directory).filter((name) => /\.damaged-\d{8}T\d{6}Z$/.test(name));

const rowCount = (path: string, table: string): number => contentOf(path)[table]?.size ?? 0;

describe('a damaged database', () => {
  it('that is garbage is set aside, and the stations go on from the copy of the names', async () => {
    writeFileSync(databaseIn(directory), 'this is not a database, and never was one '.repeat(200));
    const { left, right, text } = await goesOn(directory, PARTS);
    expect([left > LEFT, right > RIGHT]).toEqual([true, true]);
    expect(setAside()).toHaveLength(1);
    expect(readFileSync(join(directory, setAside()[0] ?? ''), 'utf8')).toMatch(/^this is not a database/);
    expect(text).toMatch(/The database was damaged \(file is not a database\).*No row could be carried over/);
    expect(text).toMatch(/Sequence numbers were skipped.*left goes on at \d+ after 200/);
  });

  it.each([
    ['empty', 0],
    ['gone', undefined],
  ])('that is %s gives no number again', async (_, size) => {
    if (size === undefined) rmSync(databaseIn(directory));
    else truncateTo(databaseIn(directory), size);
    const { left, right } = await goesOn(directory, PARTS);
    expect([left > LEFT, right > RIGHT]).toEqual([true, true]);
  });

  it('without its first page keeps every row of the others', async () => {
    const before = contentOf(databaseIn(directory));
    overwritePage(databaseIn(directory), 1, randomFrom(7));
    expect(await goesOn(directory, PARTS)).toMatchObject({ left: LEFT + 1, right: RIGHT + 1 });
    const after = contentOf(databaseIn(directory));
    for (const table of ['inspections', 'readings', 'outbox', 'images', 'models', 'sensors']) {
      for (const [key, row] of before[table] ?? []) expect(after[table]?.get(key)).toBe(row);
    }
  });

  it('without its first page and without the copy of the names keeps them as well', async () => {
    const before = rowCount(databaseIn(directory), 'inspections');
    overwritePage(databaseIn(directory), 1, randomFrom(8));
    rmSync(join(directory, 'jidoka.names.json'));
    await goesOn(directory, PARTS);
    expect(rowCount(databaseIn(directory), 'inspections')).toBe(before + 2);
  });

  it('of which an index alone is damaged loses nothing', async () => {
    const before = contentOf(databaseIn(directory));
    for (const page of pagesOf(databaseIn(directory), 'inspections_by_verdict')) {
      overwritePage(databaseIn(directory), page, randomFrom(page));
    }
    const { left, right, text } = await goesOn(directory, PARTS);
    expect([left, right]).toEqual([LEFT + 1, RIGHT + 1]);
    expect(text).toMatch(/No row is known to be lost/);
    expect(rowCount(databaseIn(directory), 'readings')).toBe((before['readings']?.size ?? 0) + 9);
  });

  it('that is cut short keeps what is left', async () => {
    truncateTo(databaseIn(directory), 0.6);
    const { left, right, text } = await goesOn(directory, PARTS);
    expect([left > LEFT, right > RIGHT].includes(false)).toBe(left === LEFT && right === RIGHT);
    expect(rowCount(databaseIn(directory), 'inspections')).toBeGreaterThan(PARTS / 4);
    expect(text).toMatch(/Lost: .*unreadable pages, about \d+ rows/);
  });

  it('of which a table is missing from the schema gets it again', async () => {
    const db = new Database(databaseIn(directory));
    db.exec('DROP TRIGGER image_added; DROP TABLE images');
    db.close();
    const images = rowCountOfImages();
    const { text } = await goesOn(directory, PARTS);
    expect(text).toMatch(/missing from the schema: .*images/);
    expect(images).toBeGreaterThan(0);
    expect(rowCount(databaseIn(directory), 'inspections')).toBe(PARTS + 2);
  });

  it.each(Array.from({ length: 15 }, (_, seed) => seed))(
    'opens with random pages damaged, and gives no number twice (seed %i)',
    async (seed) => {
      const random = randomFrom(seed);
      const path = databaseIn(directory);
      const count = 1 + Math.floor(random() * 6);
      const pages = Array.from({ length: count }, () => 1 + Math.floor(random() * pageCount(path)));
      for (const page of pages) overwritePage(path, page, random);
      const before = statSync(path).size;
      const { left, right } = await goesOn(directory, PARTS);
      expect([left > LEFT, right > RIGHT]).toEqual([true, true]);
      expect(before).toBeGreaterThan(0);
      const inspections = rowCount(path, 'inspections');
      expect(inspections).toBeGreaterThan(PARTS / 2);
    },
  );

  it('tells of the rescue in the status after the next start too, and keeps three old files at most', async () => {
    for (let time = 0; time < 5; time += 1) {
      await writeFile(join(directory, `jidoka.sqlite.damaged-2020010${time}T000000Z`), 'old');
    }
    writeFileSync(databaseIn(directory), 'garbage'.repeat(1000));
    await goesOn(directory, PARTS);
    const { text } = await goesOn(directory, PARTS + 3);
    expect(text).toMatch(/has been begun anew/);
    expect(setAside()).toHaveLength(3);
    expect(setAside()).toContain('jidoka.sqlite.damaged-20200104T000000Z');
  });
});

/** Images on disk of the parts that were recorded. */
function rowCountOfImages(): number {
  return readdirSync(join(directory, 'images'), { recursive: true }).filter((name) => String(name).endsWith('.jpg'))
    .length;
}

describe('a damaged write-ahead log', () => {
  const wal = (): string => `${databaseIn(directory)}-wal`;
  const FRAME = 24 + 4096;

  /** Commits that stay in the log: copied away while the store is open, as a kill leaves it. */
  async function inTheLog(parts: number): Promise<void> {
    const source = await temporaryFolder();
    await cp(directory, source, { recursive: true });
    const ledger = ledgerIn(source);
    await ledger.start();
    for (let index = 0; index < parts; index += 1)
      await ledger.record(anInspection(PARTS + index, { station: 'left' }));
    await removeFolder(directory);
    await cp(source, directory, { recursive: true });
    await ledger.stop();
    await removeFolder(source);
    rmSync(join(directory, 'jidoka.lock'), { force: true });
  }

  it('loses no number and hardly a row where a page in it is damaged', async () => {
    await inTheLog(20);
    const frames = Math.floor((statSync(wal()).size - 32) / FRAME);
    overwrite(wal(), 32 + Math.floor(frames / 3) * FRAME + 500, Buffer.alloc(200, 0xa5));
    const { left, right, text } = await goesOn(directory, PARTS + 30);
    expect(left).toBeGreaterThan(LEFT + 20);
    expect(right).toBeGreaterThan(RIGHT);
    expect(text).toMatch(/its write-ahead log is damaged: \d+ committed transactions lie behind/);
    expect(rowCount(databaseIn(directory), 'inspections')).toBeGreaterThan(PARTS + 15);
    expect(readdirSync(directory).some((name) => /\.damaged-\d{8}T\d{6}Z-wal$/.test(name))).toBe(true);
  });

  it('loses no number where its head is damaged', async () => {
    await inTheLog(20);
    overwrite(wal(), 0, Buffer.alloc(32, 0x5a));
    const { left } = await goesOn(directory, PARTS + 30);
    expect(left).toBeGreaterThan(LEFT + 20);
    expect(rowCount(databaseIn(directory), 'inspections')).toBeGreaterThan(PARTS + 15);
  });

  it('is used where the database is empty', async () => {
    await inTheLog(20);
    truncateTo(databaseIn(directory), 0);
    const { left } = await goesOn(directory, PARTS + 30);
    expect(left).toBeGreaterThan(LEFT + 20);
    expect(setAside()).toHaveLength(1);
  });

  it('that only lacks the end of the last transaction is as a power cut leaves it', async () => {
    await inTheLog(20);
    const size = statSync(wal()).size;
    overwrite(wal(), size - 4000, Buffer.alloc(4000));
    const { text } = await goesOn(directory, PARTS + 30);
    expect(text).not.toMatch(/damaged/);
    expect(setAside()).toEqual([]);
  });
});

describe('damage found while the store runs', () => {
  it('is found by reading a large database through beside the agent', async () => {
    const pages = pagesOf(databaseIn(directory), 'readings', 'leaf');
    overwritePage(databaseIn(directory), pages[Math.floor(pages.length / 2)] ?? 0, randomFrom(1));
    const ledger = ledgerIn(directory, { checkedAtStartBytes: 1 });
    await ledger.start();
    expect((await ledger.record(anInspection(5000, { station: 'left' }))).seq).toBe(LEFT + 1);
    expect(await ledger.brokenDown()).toMatchObject({ code: 'STORE_DATABASE_CORRUPT', consequence: 'fatal' });
    expect(existsSync(join(directory, 'jidoka.sqlite.suspect'))).toBe(true);
    expect((await ledger.record(anInspection(5001, { station: 'left' }))).seq).toBe(LEFT + 2);
    await ledger.stop();
    expect((await goesOn(directory, PARTS)).left).toBe(LEFT + 3);
    expect(setAside()).toHaveLength(1);
  });

  it('is not found in a large database that is sound, and says so', async () => {
    const infos: string[] = [];
    const logger = { ...silentLogger, info: (_: object, message: string) => void infos.push(message) };
    const ledger = new SqliteLedger({
      directory,
      imageQuotaBytes: QUOTA_BYTES,
      destinations: [{ name: 'mqtt' }],
      outboxQuotaBytes: QUOTA_BYTES,
      retention: {},
      pid: process.pid,
      logger,
      checkedAtStartBytes: 1,
    });
    await ledger.start();
    await vi.waitFor(() => expect(infos).toContain('The database has been read through and is sound.'), {
      timeout: 20_000,
    });
    await ledger.stop();
  });

  it('is believed at once when a suspicion comes again after a check that found nothing', async () => {
    const mark = join(directory, 'jidoka.sqlite.suspect');
    writeFileSync(mark, 'first time\n');
    await goesOn(directory, PARTS);
    expect(setAside()).toEqual([]);
    writeFileSync(mark, 'second time\n');
    const { text } = await goesOn(directory, PARTS + 3);
    expect(text).toMatch(/The database was damaged \(second time\).*No row is known to be lost/);
    expect(setAside()).toHaveLength(1);
  });
});
