import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { anInspection } from '../../contract/inspections.js';
import { ledgerIn, removeFolder, temporaryFolder } from './place.js';

interface Acknowledged {
  readonly id: string;
  readonly seq: number;
}

let directory: string;
let child: ChildProcess | undefined;

beforeEach(async () => {
  directory = await temporaryFolder();
});

afterEach(async () => {
  child?.kill('SIGKILL');
  await removeFolder(directory);
});

/** Lets a child record until `enough`, and kills it in the middle of the burst. */
async function killedWhen(enough: (acknowledged: number) => boolean, prefix: string): Promise<readonly Acknowledged[]> {
  const acknowledged: Acknowledged[] = [];
  const burst = fork(join(import.meta.dirname, 'burst-child.mjs'));
  child = burst;
  burst.on('message', (message) => acknowledged.push(message as Acknowledged));
  burst.send({ directory, prefix, inspection: anInspection(1) });
  await vi.waitFor(() => expect(enough(acknowledged.length)).toBe(true), { timeout: 20_000 });
  burst.kill('SIGKILL');
  await once(burst, 'exit');
  return acknowledged;
}

const over =
  (count: number) =>
  (acknowledged: number): boolean =>
    acknowledged > count;

const database = (): string => join(directory, 'jidoka.sqlite');

function readFirst(sql: string): unknown {
  const db = new Database(database(), { readonly: true });
  try {
    return db.prepare(sql).pluck().get();
  } finally {
    db.close();
  }
}

function rowsOf<T>(sql: string): T[] {
  const db = new Database(database());
  try {
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(db.pragma('foreign_key_check')).toEqual([]);
    return db.prepare<[], T>(sql).all();
  } finally {
    db.close();
  }
}

describe('a process killed with kill -9 in the middle of a burst', () => {
  it('has every acknowledged inspection in the database, without gaps, and the outbox agrees', async () => {
    const acknowledged = [...(await killedWhen(over(200), 'a')), ...(await killedWhen(over(200), 'b'))];

    const stored = rowsOf<Acknowledged>('SELECT id, seq FROM inspections ORDER BY seq');
    const byId = new Map(stored.map(({ id, seq }) => [id, seq]));
    expect(acknowledged.filter(({ id, seq }) => byId.get(id) !== seq)).toEqual([]);
    expect(stored.map(({ seq }) => seq)).toEqual(stored.map((_, index) => index + 1));
    expect(rowsOf('SELECT id, seq FROM outbox JOIN inspections ON number = inspection ORDER BY position')).toEqual(
      stored,
    );

    const accounts = rowsOf(
      'SELECT name, waiting_rows, COUNT(*) AS n FROM destinations JOIN pending USING (destination) GROUP BY 1',
    );
    expect(accounts).toEqual(
      ['cloud', 'mqtt'].map((name) => ({ name, waiting_rows: stored.length, n: stored.length })),
    );

    const ledger = ledgerIn(directory);
    await ledger.start();
    expect(ledger.status().outboxRows).toBe(stored.length);
    expect(await ledger.totals('s1')).toMatchObject({ lastSeq: stored.length });
    expect(await ledger.record(anInspection(99))).toEqual({ seq: stored.length + 1 });
    await ledger.stop();
  });

  it('has only whole images on its list', async () => {
    const kept = (): number => Number(existsSync(database()) && readFirst('SELECT COUNT(*) FROM images'));
    await killedWhen(() => kept() > 20, 'a');
    const images = rowsOf<{ path: string; bytes: number }>('SELECT path, bytes FROM images');
    expect(images.length).toBeGreaterThan(20);
    for (const { path, bytes } of images) expect((await stat(join(directory, path))).size).toBe(bytes);

    const ledger = ledgerIn(directory);
    await ledger.start();
    await ledger.record(anInspection(99), new Uint8Array([0xff, 0xd8, 7]));
    await ledger.stop();
    const [newest] = rowsOf<{ path: string }>('SELECT path FROM images ORDER BY inspection DESC');
    expect(await readFile(join(directory, newest?.path ?? ''))).toEqual(Buffer.from([0xff, 0xd8, 7]));
  });
});
