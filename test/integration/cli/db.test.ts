import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { SqliteLedger } from '#jidoka/store/sqlite-ledger.js';
import { anInspection, CAPTURED_AT_MS, idOf } from '../../contract/inspections.js';
import { overwritePage, pagesOf, randomFrom } from '../store/damage.js';
import { ledgerIn, removeFolder, temporaryFolder } from '../store/place.js';

const main = join(import.meta.dirname, '..', '..', '..', 'dist', 'cli', 'main.js');
const PARTS = 40;

let directory: string;
let out: string;
/** Open all the time, as the daemon has it. */
let ledger: SqliteLedger;

beforeAll(async () => {
  directory = await temporaryFolder();
  out = await temporaryFolder();
  ledger = ledgerIn(directory);
  await ledger.start();
  for (let index = 0; index < PARTS; index += 1) {
    const part = anInspection(index, {
      station: index % 4 === 0 ? 'left' : 'right',
      decision: index % 5 === 0 ? 'fail' : 'pass',
    });
    await ledger.record({ ...part, partId: `lot "7", part\n${index}` }, index === 0 ? new Uint8Array(1000) : undefined);
  }
});

afterAll(async () => {
  await ledger.stop();
  await removeFolder(directory);
  await removeFolder(out);
});

/** Beside a running event loop: the ledger above goes on. */
async function db(...args: string[]): Promise<{ status: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [main, 'db', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data) => {
    stdout += String(data);
  });
  child.stderr.on('data', (data) => {
    stderr += String(data);
  });
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stdout, stderr };
}

const target = (name: string): string => join(out, name);

describe('jidoka db check', () => {
  it('says that a database in use is sound', async () => {
    expect(await db('check', '--directory', directory)).toEqual({
      status: 0,
      stdout: 'The database is sound.\n',
      stderr: '',
    });
  });

  it('exits with 1 and names what is wrong: damage, dangling rows, gaps, a station that would repeat numbers', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'jidoka.sqlite');
    expect((await db('backup', '--directory', directory, path)).status).toBe(0);
    const copy = new Database(path);
    copy.pragma('foreign_keys = OFF');
    copy.exec(
      'DELETE FROM readings WHERE inspection = 9; DELETE FROM outbox WHERE inspection = 9; DELETE FROM inspections WHERE number = 9',
    );
    copy.exec("UPDATE stations SET last_seq = 3 WHERE name = 'left'; DELETE FROM models");
    copy.close();
    const loose = await db('check', '--directory', folder, '--json');
    expect(loose.status).toBe(1);
    expect(JSON.parse(loose.stdout)).toEqual({
      sound: false,
      damage: [],
      dangling: { inspections: PARTS - 1 },
      gaps: [{ station: 'left', after: 2, before: 4 }],
      behind: ['left'],
    });
    overwritePage(path, pagesOf(path, 'outbox', 'leaf')[0] ?? 0, randomFrom(1));
    const damaged = await db('check', '--directory', folder);
    expect(damaged.status).toBe(1);
    expect(damaged.stdout).toMatch(/^damaged: /);
    writeFileSync(path, 'x'.repeat(10_000));
    expect((await db('check', '--directory', folder)).stdout).toMatch(/^damaged: file is not a database/);
    rmSync(path);
    expect(await db('check', '--directory', folder)).toMatchObject({
      status: 78,
      stderr: expect.stringContaining('STORE_DATABASE_MISSING'),
    });
    await removeFolder(folder);
  });
});

describe('jidoka db stats', () => {
  it('gives rows, age, stations and images', async () => {
    const { status, stdout } = await db('stats', '--directory', directory, '--json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      oldestMs: CAPTURED_AT_MS,
      newestMs: CAPTURED_AT_MS + PARTS - 1,
      outboxRows: PARTS,
      images: { files: 1, bytes: 1000 },
      stations: [
        { station: 'left', lastSeq: 10, pass: 8, fail: 2, review: 0 },
        { station: 'right', lastSeq: 30, pass: 24, fail: 6, review: 0 },
      ],
      tables: expect.arrayContaining([{ table: 'inspections', rows: PARTS }]),
    });
    const text = (await db('stats', '--directory', directory)).stdout;
    expect(text).toMatch(/outbox +40 messages\n/);
    expect(text).toMatch(/right +30 +24 +6 +0\n/);
  });
});

describe('jidoka db backup', () => {
  it('makes a whole copy and refuses to overwrite it', async () => {
    const first = await db('backup', '--directory', directory, target('copy.sqlite'));
    expect(first).toMatchObject({ status: 0, stdout: expect.stringMatching(/copy\.sqlite: [\d.]+ kB, checked\.\n$/) });
    const copy = new Database(target('copy.sqlite'), { readonly: true });
    expect(copy.prepare('SELECT COUNT(*) FROM inspections').pluck().get()).toBe(PARTS);
    expect(copy.pragma('integrity_check', { simple: true })).toBe('ok');
    copy.close();
    expect(statSync(target('copy.sqlite')).mode & 0o777).toBe(0o640);
    expect(await db('backup', '--directory', directory, target('copy.sqlite'))).toMatchObject({
      status: 78,
      stderr: expect.stringContaining('STORE_TARGET_EXISTS'),
    });
    expect(readdirSync(out).filter((name) => name.startsWith('copy.sqlite'))).toEqual(['copy.sqlite']);
  });

  it('leaves nothing behind where the folder is not there', async () => {
    expect(await db('backup', '--directory', directory, target('nowhere/copy.sqlite'))).toMatchObject({
      status: 1,
      stderr: expect.stringContaining('STORE_TARGET_UNWRITABLE'),
    });
  });
});

describe('jidoka db export', () => {
  it('writes CSV that another program reads as it was', async () => {
    const file = target('parts.csv');
    expect((await db('export', '--directory', directory, file)).stdout).toBe(`${file}: ${PARTS} rows.\n`);
    const reading = 'import csv,json,sys; print(json.dumps(list(csv.DictReader(open(sys.argv[1], newline="")))))';
    const { stdout } = spawnSync('python3', ['-c', reading, file], { encoding: 'utf8', maxBuffer: 10_000_000 });
    const rows = JSON.parse(stdout) as Record<string, string>[];
    expect(rows).toHaveLength(PARTS);
    expect(rows[3]).toMatchObject({
      id: idOf(3),
      station: 'right',
      seq: '3',
      part_id: 'lot "7", part\n3',
      source: '',
      captured_at: '2026-03-14T23:59:58.003Z',
      verdict: 'pass',
      score: '0.98765',
      model: 'castings',
    });
    expect(JSON.parse(rows[3]?.['scores'] ?? '')).toEqual({ good: 0.98765, crack: 0.01235 });
  });

  it('writes Parquet with types, the chosen station and time alone', async () => {
    const file = target('readings.parquet');
    const selection = [
      '--what',
      'readings',
      '--station',
      'left',
      '--from',
      '2026-03-14T23:59:58.004Z',
      '--to',
      '2026-03-14T23:59:58.012',
    ];
    expect(await db('export', '--directory', directory, ...selection, file)).toMatchObject({
      status: 0,
      stdout: `${file}: 8 rows.\n`,
    });
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(file) });
    expect(rows).toHaveLength(8);
    expect(rows[0]).toEqual({
      inspection: idOf(4),
      station: 'left',
      seq: 2n,
      captured_at: new Date(CAPTURED_AT_MS + 4),
      verdict: 'pass',
      position: 0n,
      sensor: 'temperature',
      unit: '°C',
      number: 181.5,
      boolean: null,
      text: null,
      quality: 'good',
      status: 'Good',
      source_time: new Date(CAPTURED_AT_MS + 4 - 120),
      age_ms: 120n,
      stale: false,
    });
    expect(rows.slice(1, 4).map((row) => [row['number'], row['boolean'], row['text']])).toEqual([
      [null, true, null],
      [null, null, 'A-17'],
      [null, null, null],
    ]);
  });

  it('writes a file also where nothing is selected', async () => {
    for (const format of ['csv', 'parquet']) {
      const file = target(`nothing.${format}`);
      expect((await db('export', '--directory', directory, '--from', '2030-01-01', file)).stdout).toBe(
        `${file}: 0 rows.\n`,
      );
    }
    expect(readFileSync(target('nothing.csv'), 'utf8')).toMatch(
      /^number,id,station,.*total_ms,recipe,late_ms,regions\r\n$/,
    );
    const metadata = await parquetMetadataAsync(await asyncBufferFromFile(target('nothing.parquet')));
    expect(metadata.num_rows).toBe(0n);
  });

  it('refuses a time, an ending and an existing file', async () => {
    writeFileSync(target('there.csv'), 'mine');
    const refused = await Promise.all([
      db('export', '--directory', directory, '--from', 'yesterday', target('a.csv')),
      db('export', '--directory', directory, target('a.xlsx')),
      db('export', '--directory', directory, target('there.csv')),
    ]);
    expect(refused.map(({ status }) => status)).toEqual([78, 78, 78]);
    expect(refused.map(({ stderr }) => /[A-Z]{3,}_[A-Z_]+/.exec(stderr)?.[0])).toEqual([
      'CLI_BAD_OPTION',
      'CLI_BAD_OPTION',
      'STORE_TARGET_EXISTS',
    ]);
    expect(readFileSync(target('there.csv'), 'utf8')).toBe('mine');
    expect(existsSync(target('a.csv'))).toBe(false);
  });
});

describe('jidoka db drop-destination', () => {
  it('gives up what waits for one that is no longer configured, and nothing else', async () => {
    const folder = await temporaryFolder();
    const config = join(folder, 'jidoka.yaml');
    writeFileSync(
      config,
      `version: 1
gateway: { name: line4 }
storage: { directory: ${folder} }
mqtt: { url: 'mqtt://127.0.0.1:1' }
stations:
  - name: left
    camera: { kind: directory, path: ${folder} }
    model: { package: rendered-tile }
`,
    );
    const before = ledgerIn(folder, { destinations: [{ name: 'mqtt' }, { name: 'cloud' }] });
    await before.start();
    for (let index = 0; index < 5; index += 1) await before.record(anInspection(index));
    expect(await db('drop-destination', 'cloud', '--config', config)).toMatchObject({ status: 78 });
    await before.stop();
    expect(await db('drop-destination', 'cloud', '--config', config)).toEqual({
      status: 0,
      stdout: '5 messages that waited for cloud were given up; the inspections themselves are kept.\n',
      stderr: '',
    });
    expect((await db('drop-destination', 'mqtt', '--config', config)).stderr).toContain('STORE_DESTINATION_IN_USE');
    expect((await db('drop-destination', 'cloud', '--config', config)).stderr).toContain('STORE_DESTINATION_UNKNOWN');
    const after = ledgerIn(folder);
    await after.start();
    expect(await after.read('mqtt', { after: 0 }, 10)).toHaveLength(5);
    await after.stop();
    await removeFolder(folder);
  });
});
