import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { anInspection } from '../../contract/inspections.js';
import { asOrdinaryUser } from '../../simulators/ordinary-user.js';
import { ledgerIn, removeFolder, temporaryFolder } from './place.js';

let directory: string;

beforeEach(async () => {
  directory = await temporaryFolder();
});

afterEach(() => removeFolder(directory));

async function opened(folder = directory): Promise<void> {
  const ledger = ledgerIn(folder);
  await ledger.start();
  await ledger.stop();
}

/** The mode of every entry under a folder that is in use: one that is renamed between listing and looking is left out. */
async function modesIn(folder: string): Promise<Map<string, number>> {
  const modes = new Map<string, number>();
  for (const entry of await readdir(folder, { recursive: true })) {
    const found = await stat(join(folder, entry)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    if (found !== undefined) modes.set(entry, found.mode);
  }
  return modes;
}

describe('opening the store', () => {
  it('creates the folder, for its own user and group alone', async () => {
    const folder = join(directory, 'var', 'jidoka');
    const ledger = ledgerIn(folder);
    await ledger.start();
    await ledger.record(anInspection(1), new Uint8Array(10));
    const whileOpen = await modesIn(folder);
    await ledger.stop();
    expect([...whileOpen.keys()]).toEqual(
      expect.arrayContaining(['jidoka.sqlite', 'jidoka.sqlite-wal', 'jidoka.lock']),
    );
    const modes = [...whileOpen, ...(await modesIn(folder))];
    expect(modes.filter(([, mode]) => (mode & 0o007) !== 0)).toEqual([]);
    expect((await stat(folder)).mode & 0o777).toBe(0o750);
    expect(await readdir(folder)).not.toContain('jidoka.sqlite-wal');
  });

  it('refuses a second store on the same folder, naming the process that has it', async () => {
    const first = ledgerIn(directory);
    await first.start();
    const second = ledgerIn(directory);
    await expect(second.start()).rejects.toMatchObject({
      code: 'STORE_FOLDER_IN_USE',
      consequence: 'config',
      message: expect.stringContaining(`process ${process.pid}`),
    });
    await second.stop();
    const lock = JSON.stringify(join(directory, 'jidoka.lock'));
    const taking = `new (require('better-sqlite3'))(${lock}, { timeout: 0 }).exec('BEGIN IMMEDIATE')`;
    expect(() => execFileSync(process.execPath, ['-e', taking], { stdio: 'pipe' })).toThrow(/database is locked/);
    expect(await first.record(anInspection(1))).toEqual({ seq: 1 });
    await first.stop();
    await opened();
  });

  it('refuses a folder that another process has, until that process is killed', async () => {
    const holder = fork(join(import.meta.dirname, 'burst-child.mjs'));
    holder.send({ directory, prefix: 'a', inspection: anInspection(1) });
    await once(holder, 'message');
    await expect(ledgerIn(directory).start()).rejects.toMatchObject({
      code: 'STORE_FOLDER_IN_USE',
      got: `process ${holder.pid}`,
    });
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    await opened();
  });

  it('refuses a database of a newer version and leaves it as it is', async () => {
    await opened();
    const db = new Database(join(directory, 'jidoka.sqlite'));
    db.pragma('user_version = 99');
    await expect(opened()).rejects.toMatchObject({ code: 'STORE_SCHEMA_NEWER', consequence: 'config' });
    expect(db.pragma('user_version', { simple: true })).toBe(99);
    db.close();
  });

  it('leaves the database of another program as it is', async () => {
    const theirs = new Database(join(directory, 'jidoka.sqlite'));
    theirs.exec('CREATE TABLE theirs (id INTEGER PRIMARY KEY)');
    theirs.close();
    await expect(opened()).rejects.toMatchObject({ code: 'STORE_DATABASE_FOREIGN', consequence: 'config' });
    expect((await readdir(directory)).filter((name) => name.startsWith('jidoka.sqlite.'))).toEqual([]);
  });

  it('refuses a folder that cannot be there', async () => {
    const file = join(directory, 'file');
    await writeFile(file, '');
    for (const folder of [file, join(file, 'below')]) {
      await expect(opened(folder)).rejects.toMatchObject({
        code: 'STORE_DIRECTORY_UNUSABLE',
        consequence: 'config',
        where: folder,
      });
    }
  });

  it('refuses a folder without the right to write', async () => {
    const folder = join(directory, 'locked');
    await mkdir(folder);
    await chmod(folder, 0o500);
    await asOrdinaryUser([directory, folder], async () => {
      await expect(opened(folder)).rejects.toMatchObject({ code: 'STORE_DIRECTORY_UNUSABLE' });
    });
  });

  it('can be stopped before, while and after it starts', async () => {
    const never = ledgerIn(directory);
    await never.stop();
    await expect(never.start()).rejects.toMatchObject({ code: 'STORE_CLOSED' });
    const early = ledgerIn(directory);
    const started = early.start();
    await early.stop();
    await started;
    expect(early.status().state).toBe('closed');
    await opened();
  });
});
