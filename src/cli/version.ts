import { readFileSync } from 'node:fs';
import type { Command } from 'commander';

/** The version in package.json, two folders above the built file. */
export function packageVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

export function registerVersion(program: Command): void {
  program
    .command('version')
    .description('print the version of jidoka and of Node')
    .action(() => {
      process.stdout.write(
        `jidoka ${packageVersion()} (Node ${process.versions.node}, ${process.platform} ${process.arch})\n`,
      );
    });
}
