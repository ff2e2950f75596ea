#!/usr/bin/env node
import { Command, CommanderError } from 'commander';
import { JidokaError } from '../base/errors.js';
import { registerCamera } from './camera.js';
import { registerCheck } from './check.js';
import { registerClassify } from './classify.js';
import { registerDb } from './db.js';
import { registerDemo } from './demo.js';
import { registerEval } from './eval.js';
import { registerModel } from './model.js';
import { registerRun } from './run.js';
import { packageVersion, registerVersion } from './version.js';

/** Exit code for a wrong call or an invalid configuration; systemd's unit does not restart on it (EX_CONFIG). */
const EXIT_CONFIG = 78;

const program = new Command('jidoka')
  .description('Edge quality inspection: camera and OPC UA in, verdicts on MQTT out.')
  .version(packageVersion(), '-V, --version')
  .showHelpAfterError('(jidoka --help lists the commands)')
  .exitOverride();

registerRun(program);
registerCheck(program);
registerDemo(program);
registerClassify(program);
registerEval(program);
registerModel(program);
registerCamera(program);
registerDb(program);
registerVersion(program);

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT_CONFIG;
  else if (error instanceof JidokaError) {
    process.stderr.write(`jidoka: ${error.message}\n`);
    process.exitCode = error.consequence === 'config' ? EXIT_CONFIG : 1;
  } else throw error;
}
