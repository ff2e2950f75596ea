import { resolve } from 'node:path';
import type { Command } from 'commander';
import { composeAgent } from '../app/compose.js';
import { createLogger } from '../app/logger.js';
import { SystemdNotifier } from '../app/systemd.js';
import { verdictLine } from '../app/terminal.js';
import { systemClock } from '../base/clock.js';
import { configToRun } from './load-config.js';
import { serve } from './serve.js';
import { packageVersion } from './version.js';

export function registerRun(program: Command): void {
  program
    .command('run')
    .description('inspect parts as the configuration says, until SIGTERM or Ctrl-C')
    .requiredOption('-c, --config <file>', 'configuration (YAML)')
    .option('--verdicts', 'print one line a verdict on standard output')
    .addHelpText(
      'after',
      `
SIGHUP reads the file again and takes models into use that have changed; the line does not stop for it. Only where
standard input is no terminal: there the signal says that the terminal has gone, and ends the program.

Exit codes: 0 stopped by a signal, 1 cannot go on (restart it), 78 the configuration or a model must be corrected.

Examples:
  jidoka run --config /etc/jidoka/jidoka.yaml
  jidoka run --config config/folder-camera.yaml --verdicts`,
    )
    .action(run);
}

async function run(options: { readonly config: string; readonly verdicts?: true }): Promise<void> {
  const config = await configToRun(options.config);
  const logger = createLogger(config.log, process.stderr);
  const color = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
  const notifier = new SystemdNotifier({ logger });
  const agent = await composeAgent(
    {
      config,
      readConfig: () => configToRun(options.config),
      version: packageVersion(),
      stateDirectory: config.storage.directory ?? process.env['STATE_DIRECTORY'] ?? resolve('state'),
      environment: process.env,
      clock: systemClock,
      logger,
    },
    {
      onStarting: () => void notifier.starting(),
      ...(options.verdicts === true && {
        onInspected: (inspection, seq) => process.stdout.write(`${verdictLine(inspection, seq, color)}\n`),
      }),
    },
  );
  // On a terminal the signal says that the terminal has gone, and ends the process as it does without a listener.
  if (!process.stdin.isTTY) process.on('SIGHUP', () => agent.reloadModels());
  process.exitCode = await serve(agent, notifier, logger);
}
