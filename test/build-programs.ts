import { basename, join } from 'node:path';
import { build } from 'esbuild';
import { PROGRAMS, programFolder } from './simulators/program.js';

// A program with all its libraries in one file starts in half the time, and the OPC UA servers are started often.
const COMMONJS = `import jidokaModule from 'node:module';
const require = jidokaModule.createRequire(import.meta.url);
const { filename: __filename, dirname: __dirname } = import.meta;`;

export default async function buildPrograms(): Promise<void> {
  await build({
    entryPoints: PROGRAMS.map((program) => ({
      in: join(import.meta.dirname, program),
      out: basename(program, '.ts'),
    })),
    outdir: programFolder,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    banner: { js: COMMONJS },
    // Files beside the code, the agent itself, and a library that is asked for and not there.
    external: ['node-opcua-nodesets', '#jidoka/*', 'proper-lockfile'],
    logLevel: 'error',
  });
}
