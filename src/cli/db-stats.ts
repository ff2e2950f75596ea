import type { Command } from 'commander';
import { isoUtc } from '../base/clock.js';
import { openReader } from '../store/tools/open-reader.js';
import { type DatabaseStatistics, databaseStatistics } from '../store/tools/statistics.js';
import { addFolderOptions, bytesText, type FolderOptions, storageFolder } from './db-options.js';
import { guardOutput, print } from './open-model.js';
import { table } from './table.js';

interface Options extends FolderOptions {
  readonly json?: true;
}

export function registerDbStats(db: Command): void {
  addFolderOptions(db.command('stats'))
    .description('what the database holds: rows, bytes, age, what waits')
    .option('--json', 'one JSON object')
    .addHelpText(
      'after',
      `
Example:
  jidoka db stats --config /etc/jidoka/jidoka.yaml`,
    )
    .action(stats);
}

async function stats(options: Options): Promise<void> {
  guardOutput();
  const database = openReader(await storageFolder(options));
  try {
    const figures = databaseStatistics(database);
    await print(options.json === true ? `${JSON.stringify(figures)}\n` : report(figures));
  } finally {
    database.close();
  }
}

function report(figures: DatabaseStatistics): string {
  const { file, schema, bytes, walBytes, freeBytes, tables, oldestMs, newestMs, stations, waiting, images } = figures;
  const at = (ms: number | null): string => (ms === null ? '-' : isoUtc(ms));
  const facts = [
    ['file', `${file} (schema ${schema})`],
    ['size', `${bytesText(bytes)}, of which ${bytesText(freeBytes)} free; write-ahead log ${bytesText(walBytes)}`],
    ['inspections', `from ${at(oldestMs)} to ${at(newestMs)}`],
    ['images', `${images.files}, ${bytesText(images.bytes)}`],
    ['outbox', `${figures.outboxRows} messages`],
    ...Object.entries(waiting).map(([destination, rows]) => [`  for ${destination}`, `${rows} messages wait`]),
  ];
  const width = Math.max(...facts.map(([name]) => name?.length ?? 0));
  return [
    ...facts.map(([name = '', value = '']) => `${name.padEnd(width)}  ${value}`),
    '',
    ...table(
      ['table', 'rows'],
      tables.map((entry) => [entry.table, String(entry.rows)]),
    ),
    '',
    ...table(
      ['station', 'last seq', 'pass', 'fail', 'review'],
      stations.map(({ station, ...counts }) => [station, ...Object.values(counts).map(String)]),
    ),
    '',
  ].join('\n');
}
