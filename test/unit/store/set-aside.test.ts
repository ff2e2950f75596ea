import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  buildingPath,
  declareBuilt,
  finishExchange,
  listSetAside,
  pruneSetAside,
  setAsideName,
  stampOf,
} from '#jidoka/store/rescue/set-aside.js';

const STAMP = '20260314T235958Z';
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'jidoka-aside-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

const put = (name: string, content: string): void => writeFileSync(join(directory, name), content);
const read = (name: string): string => readFileSync(join(directory, name), 'utf8');

const FINISHED = {
  'jidoka.sqlite': 'new',
  [`jidoka.sqlite.damaged-${STAMP}`]: 'old',
  [`jidoka.sqlite.damaged-${STAMP}-wal`]: 'old log',
};

describe('the exchange of a damaged database', () => {
  it('names the old one by the time', () => {
    expect(setAsideName(stampOf(Date.UTC(2026, 2, 14, 23, 59, 58, 700)))).toBe(`jidoka.sqlite.damaged-${STAMP}`);
  });

  it.each([
    ['before the first step', { 'jidoka.sqlite': 'old', 'jidoka.sqlite-wal': 'old log' }],
    ['after the log', { 'jidoka.sqlite': 'old', [`jidoka.sqlite.damaged-${STAMP}-wal`]: 'old log' }],
    [
      'before the last step',
      { [`jidoka.sqlite.damaged-${STAMP}`]: 'old', [`jidoka.sqlite.damaged-${STAMP}-wal`]: 'old log' },
    ],
  ])('is finished after a crash %s', (_, files) => {
    for (const [name, content] of Object.entries(files)) put(name, content);
    put(`jidoka.sqlite.rescued-${STAMP}`, 'new');
    finishExchange(directory);
    expect(Object.fromEntries(readdirSync(directory).map((name) => [name, read(name)]))).toEqual(FINISHED);
    finishExchange(directory);
    expect(Object.fromEntries(readdirSync(directory).map((name) => [name, read(name)]))).toEqual(FINISHED);
  });

  it('throws away what was not finished, and keeps the damaged one', () => {
    put('jidoka.sqlite', 'old');
    put('jidoka.sqlite-wal', 'old log');
    put('jidoka.sqlite.rescue', 'half');
    finishExchange(directory);
    expect(readdirSync(directory).sort()).toEqual(['jidoka.sqlite', 'jidoka.sqlite-wal']);
  });

  it('goes through once the new one is declared', () => {
    put('jidoka.sqlite', 'old');
    put('jidoka.sqlite-wal', 'old log');
    writeFileSync(buildingPath(directory), 'new');
    declareBuilt(directory, STAMP);
    expect(read('jidoka.sqlite')).toBe('old');
    finishExchange(directory);
    expect(Object.fromEntries(readdirSync(directory).map((name) => [name, read(name)]))).toEqual(FINISHED);
  });
});

describe('databases that were set aside', () => {
  const old = (day: number, bytes: number): void => {
    put(`jidoka.sqlite.damaged-2026010${day}T000000Z`, 'x'.repeat(bytes));
    put(`jidoka.sqlite.damaged-2026010${day}T000000Z-wal`, 'x'.repeat(bytes));
  };

  it('are removed with their logs, the oldest first, so that three stay', () => {
    for (const day of [1, 2, 3, 4, 5]) old(day, 10);
    expect(pruneSetAside(directory).sort()).toEqual([1, 2].map((day) => `jidoka.sqlite.damaged-2026010${day}T000000Z`));
    expect(listSetAside(directory).map(({ name, bytes }) => [name, bytes])).toEqual(
      [3, 4, 5].map((day) => [`jidoka.sqlite.damaged-2026010${day}T000000Z`, 20]),
    );
    expect(readdirSync(directory)).toHaveLength(6);
  });

  it('keep within the bytes, but the newest always stays', () => {
    for (const day of [1, 2, 3]) old(day, 100);
    expect(pruneSetAside(directory, 3, 450)).toEqual(['jidoka.sqlite.damaged-20260101T000000Z']);
    expect(pruneSetAside(directory, 3, 1)).toEqual(['jidoka.sqlite.damaged-20260102T000000Z']);
    expect(listSetAside(directory)).toHaveLength(1);
  });
});
