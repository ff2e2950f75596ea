import type { Command } from 'commander';
import { ledgerSettings } from '../app/ledger-settings.js';
import { silentLogger } from '../base/logger.js';
import { SqliteLedger } from '../store/sqlite-ledger.js';
import { storageFolder } from './db-options.js';
import { configToRun } from './load-config.js';
import { guardOutput, print } from './open-model.js';

interface Options {
  readonly config: string;
}

export function registerDbDropDestination(db: Command): void {
  db.command('drop-destination')
    .description('give up what waits for a destination that is no longer configured; the daemon must be stopped')
    .argument('<name>', 'its name as it stood below `destinations`')
    .requiredOption('-c, --config <file>', 'the configuration, without that destination')
    .addHelpText(
      'after',
      `
Example:
  systemctl stop jidoka
  jidoka db drop-destination cloud --config /etc/jidoka/jidoka.yaml
  systemctl start jidoka`,
    )
    .action(dropDestination);
}

async function dropDestination(name: string, options: Options): Promise<void> {
  guardOutput();
  const directory = await storageFolder(options);
  const settings = ledgerSettings(await configToRun(options.config));
  const ledger = new SqliteLedger({ ...settings, directory, pid: process.pid, logger: silentLogger });
  await ledger.start();
  try {
    const messages = await ledger.dropDestination(name);
    await print(`${messages} messages that waited for ${name} were given up; the inspections themselves are kept.\n`);
  } finally {
    await ledger.stop();
  }
}
