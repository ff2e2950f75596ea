import { type Command, Option } from 'commander';
import { type ExportFormat, exportFile } from '../store/tools/export-file.js';
import { countSelected, type ExportSelection } from '../store/tools/export-rows.js';
import { openReader } from '../store/tools/open-reader.js';
import { addFolderOptions, type FolderOptions, Progress, storageFolder } from './db-options.js';
import { cliErrors } from './errors.js';
import { guardOutput, print } from './open-model.js';

interface Options extends FolderOptions {
  readonly format?: ExportFormat;
  readonly what: ExportSelection['what'];
  readonly from?: string;
  readonly to?: string;
  readonly station?: string;
}

export function registerDbExport(db: Command): void {
  addFolderOptions(db.command('export'))
    .description('write inspections or readings to a CSV or Parquet file')
    .argument('<file>', 'the file; refused where it exists')
    .addOption(
      new Option('--format <format>', "default: by the file's ending").choices([
        'csv',
        'parquet',
      ] satisfies ExportFormat[]),
    )
    .addOption(
      new Option('--what <rows>', 'a row an inspection, or a row a reading')
        .choices(['inspections', 'readings'])
        .default('inspections'),
    )
    .option('--from <time>', 'captured at or after: 2026-03-14, or 2026-03-14T06:00:00Z')
    .option('--to <time>', 'captured before')
    .option('--station <name>', 'of one station')
    .addHelpText(
      'after',
      `
Times without a zone are UTC. Rows come in the order in which they were recorded.

Examples:
  jidoka db export --config /etc/jidoka/jidoka.yaml --from 2026-03-01 --to 2026-04-01 march.parquet
  jidoka db export --config /etc/jidoka/jidoka.yaml --what readings --station press-1 readings.csv`,
    )
    .action(exportRows);
}

async function exportRows(file: string, options: Options): Promise<void> {
  guardOutput();
  const selection: ExportSelection = {
    what: options.what,
    fromMs: timeOf('--from', options.from),
    toMs: timeOf('--to', options.to),
    station: options.station,
  };
  const format = options.format ?? formatOf(file);
  const database = openReader(await storageFolder(options));
  const progress = new Progress('inspections', 1);
  try {
    progress.total(countSelected(database, selection));
    const rows = await exportFile(database, selection, format, file, (done) => progress.update(done));
    progress.stop();
    await print(`${file}: ${rows} rows.\n`);
  } finally {
    progress.stop();
    database.close();
  }
}

function formatOf(file: string): ExportFormat {
  if (/\.csv$/i.test(file)) return 'csv';
  if (/\.parquet$/i.test(file)) return 'parquet';
  throw cliErrors.CLI_BAD_OPTION({ where: file, expected: 'a file that ends in .csv or .parquet, or --format' });
}

/** A date alone is its midnight; JavaScript takes a time without zone for local, here it is UTC. */
function timeOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const form = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?)?(Z|[+-]\d\d:\d\d)?$/.exec(text);
  const zoned = form?.[1] !== undefined && form[4] === undefined ? `${text}Z` : text;
  const ms = form === null ? Number.NaN : Date.parse(zoned);
  if (Number.isNaN(ms)) {
    throw cliErrors.CLI_BAD_OPTION({ where: option, got: `"${text}"`, expected: '2026-03-14 or 2026-03-14T06:00:00Z' });
  }
  return ms;
}
