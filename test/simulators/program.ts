import { type ChildProcess, type ForkOptions, fork } from 'node:child_process';
import { basename, join } from 'node:path';
import { projectRoot } from './agent-process.js';

/** Programs of tests that are processes of their own, from the folder `test`. */
export const PROGRAMS = [
  'simulators/opcua-server-process.ts',
  'simulators/plc-process.ts',
  'integration/opcua/stop-process.ts',
] as const;

/** Where they are built before the tests run. */
export const programFolder = join(projectRoot, 'test', '.programs');

/** Starts one of them, with a channel for messages. */
export function forkProgram(
  program: (typeof PROGRAMS)[number],
  parameters: readonly string[],
  options: ForkOptions = {},
): ChildProcess {
  return fork(join(programFolder, basename(program, '.ts').concat('.mjs')), parameters, {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    ...options,
  });
}
