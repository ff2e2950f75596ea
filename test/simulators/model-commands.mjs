// The commands that work on models, without the rest of the program: node model-commands.mjs classify …
import { Command } from 'commander';
import { registerClassify } from '#jidoka/cli/classify.js';
import { registerEval } from '#jidoka/cli/eval.js';
import { registerModel } from '#jidoka/cli/model.js';

const program = new Command('jidoka');
registerClassify(program);
registerEval(program);
registerModel(program);
try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 78;
}
