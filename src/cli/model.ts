import type { Command } from 'commander';
import { registerModelImport } from './model-import.js';
import { registerModelShow } from './model-show.js';

export function registerModel(program: Command): void {
  const model = program.command('model').description('make a model package of an ONNX file, or look at one');
  registerModelImport(model);
  registerModelShow(model);
}
