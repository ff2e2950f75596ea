#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { JidokaError } from '../base/errors.js';
import { packageVersion, registerVersion } from './version.js';

/** Exit code for a wrong call or an invalid configuration; systemd's unit does not restart on it (EX_CONFIG). */
const EXIT_CONFIG = 78;

const program = new Command('jidoka')
  .description('Edge quality inspection: camera and OPC UA in, verdicts on MQTT out.')
  .version(packageVersion(), '-V, --version')
  .showHelpAfterError('(jidoka --help lists the commands)')
  .exitOverride();

type Register = (program: Command) => void;

/** In the order of the help. Each is loaded where it is called: what `run` needs would cost `check` most of its time. */
const COMMANDS: Readonly<Record<string, () => Promise<Register>>> = {
  run: async () => (await import('./run.js')).registerRun,
  check: async () => (await import('./check.js')).registerCheck,
  demo: async () => (await import('./demo.js')).registerDemo,
  classify: async () => (await import('./classify.js')).registerClassify,
  eval: async () => (await import('./eval.js')).registerEval,
  model: async () => (await import('./model.js')).registerModel,
  camera: async () => (await import('./camera.js')).registerCamera,
  opcua: async () => (await import('./opcua.js')).registerOpcua,
  db: async () => (await import('./db.js')).registerDb,
  version: async () => registerVersion,
};

async function register(name = ''): Promise<void> {
  const wanted = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  // Help and the hint after a misspelt name want them all.
  for (const load of wanted === undefined ? Object.values(COMMANDS) : [wanted]) (await load())(program);
}

try {
  await register(process.argv[2]);
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT_CONFIG;
  else if (error instanceof JidokaError) {
    process.stderr.write(`jidoka: ${error.message}\n`);
    process.exitCode = error.consequence === 'config' ? EXIT_CONFIG : 1;
  } else throw error;
}
