import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MIGRATIONS } from '#jidoka/store/migrations/index.js';
import { anInspection } from '../../contract/inspections.js';
import { type OldRow, writeVersion1, writeVersion2 } from './old-databases.js';
import { ledgerIn, removeFolder, temporaryFolder } from './place.js';

let directory: string;

beforeEach(async () => {
  directory = await temporaryFolder();
});

afterEach(() => removeFolder(directory));

/** A builder for each version that was ever released; the next one is added with the next migration. */
const OLD_VERSIONS = [writeVersion1, writeVersion2];

function asked<T>(ask: (db: Database.Database) => T): T {
  const db = new Database(join(directory, 'jidoka.sqlite'));
  try {
    return ask(db);
  } finally {
    db.close();
  }
}

const schemaOf = (db: Database.Database): unknown[] =>
  db.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY name').all();

/** Opens it as the agent does and compares with what the old version had written. */
async function expectCarriedOver(waiting: readonly OldRow[], inspections: number): Promise<void> {
  const ledger = ledgerIn(directory, { destinations: [{ name: 'mqtt' }, { name: 'cloud' }] });
  await ledger.start();
  const rows = await ledger.read('mqtt', { after: 0 }, inspections);
  expect(
    rows.map(({ seq, inspectionId, verdict, payload }) => ({
      seq,
      inspectionId,
      verdict,
      payload: Buffer.from(payload).toString(),
    })),
  ).toEqual(waiting);
  const fails = await ledger.read('mqtt', { after: 0, verdict: 'fail' }, inspections);
  expect(fails.map(({ seq }) => seq)).toEqual(
    waiting.filter(({ verdict }) => verdict === 'fail').map(({ seq }) => seq),
  );
  expect(await ledger.read('cloud', { after: 0 }, 10)).toEqual([]);
  const bytes = waiting.reduce((sum, { payload }) => sum + payload.length, 0);
  expect(ledger.statistics()).toMatchObject({ outboxRows: waiting.length, outboxBytes: bytes, imageBytes: 1000 });
  expect(ledger.statistics().accounts).toEqual([
    { destination: 'mqtt', configured: true, rows: waiting.length, bytes },
    { destination: 'cloud', configured: true, rows: 0, bytes: 0 },
  ]);
  expect(await ledger.quarantined('s1', 1)).toMatchObject([{ reason: 'not an image' }]);
  expect(await ledger.record(anInspection(99_999))).toEqual({ seq: inspections + 1 });
  expect((await ledger.read('cloud', { after: 0 }, 10)).map(({ seq }) => seq)).toEqual([inspections + 1]);
  await ledger.settle(
    'mqtt',
    rows.map(({ position }) => position),
  );
  expect(ledger.statistics()).toMatchObject({ outboxRows: 1 });
  await ledger.stop();
  asked((db) => {
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    expect(db.pragma('foreign_key_check')).toEqual([]);
    expect(db.prepare('SELECT COUNT(*) FROM readings JOIN inspections ON inspection = number').pluck().get()).toBe(
      inspections + 4,
    );
  });
}

describe.each(OLD_VERSIONS.map((write, index) => ({ version: index + 1, write })))(
  'a database of version $version',
  ({ version, write }) => {
    it('is brought to the newest with all that is in it', async () => {
      const waiting = write(directory, 103);
      expect(asked((db) => db.pragma('user_version', { simple: true }))).toBe(version);
      await expectCarriedOver(waiting, 103);
      expect(asked((db) => db.pragma('user_version', { simple: true }))).toBe(MIGRATIONS.length);
    });

    it('ends with the schema of a new one', async () => {
      write(directory, 1);
      const opened = ledgerIn(directory);
      await opened.start();
      await opened.stop();
      const migrated = asked(schemaOf);
      await removeFolder(directory);
      const fresh = ledgerIn(directory);
      await fresh.start();
      await fresh.stop();
      expect(migrated).toEqual(asked(schemaOf));
    });

    it('is as it was after a kill in the middle of a step, and the next start takes it', async () => {
      const waiting = write(directory, 103);
      const child = join(import.meta.dirname, 'migration-child.mjs');
      const { signal, stderr } = spawnSync(process.execPath, [child, join(directory, 'jidoka.sqlite')]);
      expect({ signal, stderr: stderr.toString() }).toEqual({ signal: 'SIGKILL', stderr: '' });
      expect(asked((db) => db.pragma('user_version', { simple: true }))).toBe(MIGRATIONS.length - 1);
      await expectCarriedOver(waiting, 103);
    });
  },
);
