import type { Command } from 'commander';
import { JidokaError } from '../base/errors.js';
import { type CheckResult, checkDatabase } from '../store/tools/check-database.js';
import { openReader } from '../store/tools/open-reader.js';
import { addFolderOptions, type FolderOptions, Progress, storageFolder } from './db-options.js';
import { guardOutput, print } from './open-model.js';

interface Options extends FolderOptions {
  readonly json?: true;
}

export function registerDbCheck(db: Command): void {
  addFolderOptions(db.command('check'))
    .description('check the whole database: its pages and indexes, references, sequence numbers')
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      `
Reads everything, which takes about a second for each 100 MB. Gaps in the sequence numbers are named and are no damage:
a rescue skips numbers, so that none is given twice.
Exit codes: 0 sound, 1 damaged, 78 no database there.

Example:
  jidoka db check --config /etc/jidoka/jidoka.yaml`,
    )
    .action(check);
}

async function check(options: Options): Promise<void> {
  guardOutput();
  const directory = await storageFolder(options);
  const progress = new Progress('%', 100);
  const result = checked(directory, progress);
  progress.stop();
  const sound = isSound(result);
  if (!sound) process.exitCode = 1;
  await print(options.json === true ? `${JSON.stringify({ sound, ...result })}\n` : report(result));
}

/** A file that SQLite refuses to open has been checked as well. */
function checked(directory: string, progress: Progress): CheckResult {
  try {
    const database = openReader(directory);
    try {
      return checkDatabase(database, (what, done) => progress.update(Math.round(100 * done), what));
    } finally {
      database.close();
    }
  } catch (error) {
    if (!(error instanceof JidokaError) || error.code !== 'STORE_DATABASE_CORRUPT') throw error;
    return { damage: [error.got ?? error.message], dangling: {}, gaps: [], behind: [] };
  }
}

function isSound({ damage, dangling, behind }: CheckResult): boolean {
  return damage.length + Object.keys(dangling).length + behind.length === 0;
}

function report(result: CheckResult): string {
  const { damage, dangling, gaps, behind } = result;
  const lines = [
    ...damage.map((text) => `damaged: ${text}`),
    ...Object.entries(dangling).map(([table, rows]) => `damaged: ${rows} rows of ${table} refer to rows that are gone`),
    ...behind.map((station) => `damaged: station ${station} would give a sequence number again`),
    ...gaps.map(({ station, after, before }) => `gap: station ${station} has nothing between ${after} and ${before}`),
  ];
  const end = isSound(result)
    ? 'The database is sound.'
    : 'The database is damaged. The daemon carries over what can be read when it is started the next time.';
  return `${[...lines, end].join('\n')}\n`;
}
