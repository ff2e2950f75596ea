import { resolve } from 'node:path';
import { SingleBar } from 'cli-progress';
import type { Command } from 'commander';
import { configToRun } from './load-config.js';

export interface FolderOptions {
  readonly config?: string;
  readonly directory?: string;
}

/** `--config` or `--directory`, as every command of `jidoka db` has them. */
export function addFolderOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'the configuration, which names the storage folder')
    .option('-d, --directory <folder>', 'the storage folder itself (default: $STATE_DIRECTORY, else ./state)');
}

/** The storage folder, found as the daemon finds it. */
export async function storageFolder({ config, directory }: FolderOptions): Promise<string> {
  if (directory !== undefined) return resolve(directory);
  const configured = config === undefined ? undefined : (await configToRun(config)).storage.directory;
  return configured ?? process.env['STATE_DIRECTORY'] ?? resolve('state');
}

/** A progress bar on standard error; nothing where that is no terminal. */
export class Progress {
  readonly #bar: SingleBar | undefined;

  constructor(unit: string, total: number) {
    if (process.stderr.isTTY !== true) return;
    const format = `{bar} {percentage} %  {value}/{total} ${unit}  {eta_formatted} left  {what}`;
    this.#bar = new SingleBar({ stream: process.stderr, format, hideCursor: true });
    this.#bar.start(total, 0, { what: '' });
  }

  update(done: number, what = ''): void {
    this.#bar?.update(done, { what });
  }

  total(total: number): void {
    this.#bar?.setTotal(total);
  }

  stop(): void {
    this.#bar?.stop();
  }
}

/** `1.2 GB`, in powers of a thousand. */
export function bytesText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = Math.min(units.length - 1, bytes < 1000 ? 0 : Math.floor(Math.log10(bytes) / 3));
  return `${power === 0 ? bytes : (bytes / 1000 ** power).toFixed(1)} ${units[power]}`;
}
