import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { silentLogger } from '#jidoka/base/logger.js';
import { SqliteLedger } from '#jidoka/store/sqlite-ledger.js';
import { type Block, fillOutbox } from './fill-outbox.js';

// How the outbox behaves with a backlog of a million: npx tsx scripts/bench/outbox.ts [--rows N] [--directory FOLDER]
// The figures go to bench/results/outbox.json.

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    block: { type: 'string', default: '50000' },
    'in-flight': { type: 'string', default: '256' },
    directory: { type: 'string', default: tmpdir() },
  },
});
const results = join(import.meta.dirname, '..', '..', 'bench', 'results');

const directory = mkdtempSync(join(values.directory, 'jidoka-bench-'));
try {
  await run();
} finally {
  rmSync(directory, { recursive: true, force: true });
}

async function run(): Promise<void> {
  const ledger = new SqliteLedger({
    directory,
    imageQuotaBytes: 1_048_576,
    destinations: [{ name: 'mqtt' }],
    outboxQuotaBytes: Number.MAX_SAFE_INTEGER,
    retention: { inspectionDays: 730, inspectionQuotaBytes: Number.MAX_SAFE_INTEGER },
    pid: process.pid,
    logger: silentLogger,
  });
  await ledger.start();
  const residentBefore = process.memoryUsage.rss();
  const commitsBefore = ledger.statistics().commits;
  print(['rows', 'rows/s', 'CPU µs/row', 'RSS MB', 'file MB', 'WAL MB']);
  const blocks = await fillOutbox({
    ledger,
    directory,
    rows: Number(values.rows),
    blockRows: Number(values.block),
    inFlight: Number(values['in-flight']),
    onBlock: (block) => print(cellsOf(block)),
  });
  const { outboxRows, outboxBytes, commits } = ledger.statistics();
  await ledger.stop();
  const [first, last] = [blocks[0], blocks.at(-1)];
  if (first === undefined || last === undefined) throw new Error('nothing was recorded');
  const figures = {
    rows: outboxRows,
    outboxBytes,
    rowsPerCommit: outboxRows / (commits - commitsBefore),
    first: first.rowsPerSecond,
    last: last.rowsPerSecond,
    ratio: last.rowsPerSecond / first.rowsPerSecond,
    cpuRatio: first.cpuMicroseconds / last.cpuMicroseconds,
    residentBefore,
    residentAfterFirst: first.residentBytes,
    residentAfterLast: last.residentBytes,
    fileBytes: last.fileBytes,
  };
  mkdirSync(results, { recursive: true });
  const machine = { cpu: cpus()[0]?.model, cores: cpus().length, node: process.version };
  writeFileSync(
    join(results, 'outbox.json'),
    `${JSON.stringify({ machine, inserts: { ...figures, blocks } }, null, 2)}\n`,
  );
  console.log(
    `last against first ${values.block}: ${figures.ratio.toFixed(2)} by time, ${figures.cpuRatio.toFixed(2)} by CPU`,
  );
  console.log(
    `resident: ${mega(residentBefore)} MB before, ${mega(first.residentBytes)} after the first block, ${mega(last.residentBytes)} at the end`,
  );
}

function cellsOf(block: Block): string[] {
  const { rows, rowsPerSecond, cpuMicroseconds, residentBytes, fileBytes, walBytes } = block;
  return [
    `${rows}`,
    rowsPerSecond.toFixed(0),
    cpuMicroseconds.toFixed(0),
    mega(residentBytes),
    mega(fileBytes),
    mega(walBytes),
  ];
}

function mega(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}

function print(cells: readonly string[]): void {
  console.log(cells.map((cell) => cell.padStart(12)).join(''));
}
