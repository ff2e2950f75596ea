import { closeSync, fstatSync, openSync, readSync, statSync, truncateSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { expect } from 'vitest';
import type { Inspection } from '#jidoka/domain/inspection.js';
import { auditEntry } from '../../contract/audit-log.js';
import { anInspection } from '../../contract/inspections.js';
import { ledgerIn } from './place.js';

export const PAGE_BYTES = 4096;

export const databaseIn = (directory: string): string => join(directory, 'jidoka.sqlite');

/** Random numbers that are the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A part of one of two stations; every second from a file, some with a long text that spills over pages. */
export function partOf(index: number): Inspection {
  const part = anInspection(index, {
    station: index % 3 === 0 ? 'left' : 'right',
    decision: index % 7 === 0 ? 'fail' : 'pass',
  });
  const [first] = part.snapshot.readings;
  if (first === undefined) throw new Error('a part has readings');
  const long = { ...first, sensor: 'recipe-text', value: `${index}-`.repeat(2500) };
  return {
    ...part,
    ...(index % 2 === 0 && { origin: { key: `file-${index}-${'0'.repeat(40)}`, name: `${index}.jpg` } }),
    ...(index % 50 === 0 && { snapshot: { ...part.snapshot, readings: [...part.snapshot.readings, long] } }),
  };
}

/** A database with `parts` inspections, as a clean stop leaves it. */
export async function recordParts(directory: string, parts: number, from = 0): Promise<void> {
  const ledger = ledgerIn(directory, { destinations: [{ name: 'mqtt' }, { name: 'cloud' }] });
  await ledger.start();
  await Promise.all(
    Array.from({ length: parts }, (_, index) =>
      ledger.record(partOf(from + index), index % 20 === 0 ? new Uint8Array(500).fill(index) : undefined),
    ),
  );
  await ledger.audit(auditEntry(`command-${from}`));
  await ledger.settle('mqtt', [from + 1]);
  await ledger.stop();
  const db = new Database(databaseIn(directory));
  db.exec(`
    INSERT OR IGNORE INTO shed (destination, station, verdict, reason, count, first_seq, last_seq, last_at)
    SELECT destination, station, 'pass', 'full', 3, 1, 5, 0 FROM destinations CROSS JOIN stations`);
  db.close();
}

export interface Content {
  readonly [table: string]: ReadonlyMap<string, string>;
}

/** All rows of all tables by their key. */
export function contentOf(path: string): Content {
  const db = new Database(path, { readonly: true });
  try {
    const tables = db
      .prepare<[], string>(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_stat%' ESCAPE '\\'",
      )
      .pluck()
      .all();
    return Object.fromEntries(
      tables.map((table) => {
        const key = (db.pragma(`table_info(${table})`) as { name: string; pk: number }[])
          .filter(({ pk }) => pk > 0)
          .map(({ name }) => name);
        const rows = db.prepare<[], Record<string, unknown>>(`SELECT * FROM ${table}`).all();
        return [
          table,
          new Map(
            rows.map((row) => {
              const keyed = key.length === 0 ? [row['name']] : key.map((name) => row[name]);
              return [JSON.stringify(keyed), JSON.stringify(Object.values(row).map(asText))];
            }),
          ),
        ];
      }),
    );
  } finally {
    db.close();
  }
}

function asText(value: unknown): unknown {
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value;
}

/** The pages of a table or an index, by SQLite's own account. */
export function pagesOf(path: string, name: string, type?: 'leaf' | 'internal' | 'overflow'): number[] {
  const db = new Database(path, { readonly: true });
  try {
    return db
      .prepare<[string, string | null], number>(
        'SELECT pageno FROM dbstat WHERE name = ? AND pagetype = COALESCE(?, pagetype)',
      )
      .pluck()
      .all(name, type ?? null);
  } finally {
    db.close();
  }
}

export function overwritePage(path: string, page: number, random: () => number): void {
  const noise = Buffer.from(Array.from({ length: PAGE_BYTES }, () => Math.floor(random() * 256)));
  overwrite(path, (page - 1) * PAGE_BYTES, noise);
}

export function overwrite(path: string, offset: number, bytes: Uint8Array): void {
  const file = openSync(path, 'r+');
  writeSync(file, bytes, 0, bytes.length, offset);
  closeSync(file);
}

export function pageCount(path: string): number {
  return Math.floor(statSync(path).size / PAGE_BYTES);
}

export function truncateTo(path: string, share: number): void {
  truncateSync(path, Math.floor(statSync(path).size * share));
}

export function readBytes(path: string): Buffer {
  const file = openSync(path, 'r');
  const bytes = Buffer.alloc(fstatSync(file).size);
  readSync(file, bytes, 0, bytes.length, 0);
  closeSync(file);
  return bytes;
}

/** Opens the store as the agent does, records a part of each station, and says the numbers that these were given. */
export async function goesOn(directory: string, index: number): Promise<{ left: number; right: number; text: string }> {
  const ledger = ledgerIn(directory);
  await ledger.start();
  const { text, notice } = ledger.status();
  const first = Math.ceil(index / 3) * 3;
  const left = await ledger.record(partOf(first));
  const right = await ledger.record(partOf(first + 1));
  await ledger.stop();
  expectSound(databaseIn(directory));
  return { left: left.seq, right: right.seq, text: `${text} ${notice ?? ''}` };
}

export function expectSound(path: string): void {
  const db = new Database(path, { readonly: true });
  try {
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(db.pragma('foreign_key_check')).toEqual([]);
    expect(db.prepare('SELECT outbox_rows FROM tallies').pluck().get()).toBe(
      db.prepare('SELECT COUNT(*) FROM outbox').pluck().get(),
    );
  } finally {
    db.close();
  }
}
