import { readFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { salvage } from '#jidoka/store/rescue/salvage.js';
import {
  type Content,
  contentOf,
  databaseIn,
  expectSound,
  overwritePage,
  pageCount,
  pagesOf,
  randomFrom,
  recordParts,
} from './damage.js';
import { removeFolder, temporaryFolder } from './place.js';

const PARTS = 900;
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

function salvaged() {
  const to = join(directory, 'new.sqlite');
  const report = salvage({ from: databaseIn(directory), to, directory, copy: undefined, onProgress: () => undefined });
  expectSound(to);
  return { report, content: contentOf(to) };
}

/** Rows that the old database did not have, or had otherwise. */
function invented(before: Content, after: Content, table: string): string[] {
  return [...(after[table] ?? [])].filter(([key, row]) => before[table]?.get(key) !== row).map(([key]) => key);
}

describe('salvage', () => {
  it('carries every row of every table over, none changed', () => {
    const before = contentOf(databaseIn(directory));
    const { report, content } = salvaged();
    for (const table of Object.keys(before)) {
      expect([table, [...(content[table] ?? [])].sort()]).toEqual([table, [...(before[table] ?? [])].sort()]);
    }
    expect(report.tables.filter(({ lost, damagedPages, restored }) => lost + damagedPages + restored > 0)).toEqual([]);
    expect(report.stations).toEqual([]);
    expect(Object.values(before).every(({ size }) => size > 0)).toBe(true);
  });

  it('reads what was deleted as deleted', () => {
    const db = new Database(databaseIn(directory));
    db.exec("DELETE FROM outbox WHERE position <= 800; DELETE FROM origins WHERE key < 'file-4'");
    db.pragma('incremental_vacuum(20)');
    db.close();
    const before = contentOf(databaseIn(directory));
    const { content } = salvaged();
    expect(content['outbox']).toEqual(before['outbox']);
    expect(content['origins']).toEqual(before['origins']);
  });

  it('leaves the damaged file as it was', () => {
    overwritePage(databaseIn(directory), pagesOf(databaseIn(directory), 'readings', 'internal')[0] ?? 0, randomFrom(1));
    const before = readFileSync(databaseIn(directory));
    salvaged();
    expect(readFileSync(databaseIn(directory)).equals(before)).toBe(true);
  });

  it.each(['inspections', 'readings', 'outbox', 'origins'])('loses no row of %s with the root of its tree', (table) => {
    const path = databaseIn(directory);
    const before = contentOf(path);
    const root = new Database(path, { readonly: true });
    const page = Number(root.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?').pluck().get(table));
    root.close();
    expect(pagesOf(path, table, 'internal')).toContain(page);
    overwritePage(path, page, randomFrom(2));
    const { report, content } = salvaged();
    // The inner pages of a table without rowid hold rows themselves.
    const held = ['readings', 'origins'].includes(table) ? 60 : 0;
    expect(content[table]?.size).toBeGreaterThanOrEqual((before[table]?.size ?? 0) - held);
    expect(report.tables.find((entry) => entry.table === table)?.damagedPages).toBe(1);
    expect(invented(before, content, table)).toEqual([]);
  });

  it('loses the rows of a damaged page and says how many that may be', () => {
    const path = databaseIn(directory);
    const before = contentOf(path);
    const leaves = pagesOf(path, 'inspections', 'leaf');
    overwritePage(path, leaves[3] ?? 0, randomFrom(3));
    const { report, content } = salvaged();
    const missing = (before['inspections']?.size ?? 0) - (content['inspections']?.size ?? 0);
    const told = report.tables.find(({ table }) => table === 'inspections');
    expect(missing).toBeGreaterThan(0);
    expect(told).toMatchObject({ carried: PARTS - missing, damagedPages: 1 });
    expect(Math.abs((told?.probablyLost ?? 0) - missing)).toBeLessThan(5);
    expect(content['readings']?.size).toBeLessThan(before['readings']?.size ?? 0);
    expect(report.tables.find(({ table }) => table === 'readings')?.lost).toBeGreaterThan(0);
  });

  it.each(['stations', 'models', 'sensors'])('keeps the inspections although all of %s is lost', (table) => {
    const path = databaseIn(directory);
    const before = contentOf(path);
    for (const page of pagesOf(path, table)) overwritePage(path, page, randomFrom(4));
    const { content, report } = salvaged();
    expect(content['inspections']?.size).toBe(before['inspections']?.size);
    expect(content['readings']?.size).toBe(before['readings']?.size);
    expect(report.tables.find((entry) => entry.table === table)?.restored).toBeGreaterThan(0);
  });

  it('gives messages whose accounts are lost to every destination', () => {
    const before = contentOf(databaseIn(directory));
    for (const page of pagesOf(databaseIn(directory), 'pending')) {
      overwritePage(databaseIn(directory), page, randomFrom(page));
    }
    const { content } = salvaged();
    expect([...(content['outbox'] ?? [])].sort()).toEqual([...(before['outbox'] ?? [])].sort());
    expect(content['destinations']?.size).toBe(2);
    expect(content['pending']?.size).toBe(2 * (before['outbox']?.size ?? 0));
  });

  it('finds the names of lost stations in what waits for the broker, and skips numbers', () => {
    const path = databaseIn(directory);
    for (const page of pagesOf(path, 'stations')) overwritePage(path, page, randomFrom(5));
    const { content, report } = salvaged();
    const rows = [...(content['stations']?.values() ?? [])].map((row): [number, string, number] => JSON.parse(row));
    expect(rows.map(([, name]) => name).sort()).toEqual(['left', 'right']);
    expect(report.stations.map(({ known }) => known).sort()).toEqual([PARTS / 3, (2 * PARTS) / 3]);
    for (const [, , lastSeq] of rows) expect(lastSeq).toBeGreaterThan((2 * PARTS) / 3);
  });

  it.each(Array.from({ length: 20 }, (_, seed) => seed))(
    'never invents a row, whatever pages are damaged (seed %i)',
    (seed) => {
      const path = databaseIn(directory);
      const before = contentOf(path);
      const random = randomFrom(1000 + seed);
      const damaged = 1 + Math.floor(random() * 12);
      for (let count = 0; count < damaged; count += 1) {
        overwritePage(path, 1 + Math.floor(random() * pageCount(path)), random);
      }
      const { content } = salvaged();
      for (const table of ['inspections', 'readings', 'outbox', 'origins', 'images']) {
        expect(invented(before, content, table)).toEqual([]);
      }
    },
  );
});
