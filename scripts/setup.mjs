// Brings a fresh clone to a built one with nothing but Node and npm, and does nothing where nothing changed.
// Plain JavaScript, because it runs before there is a compiler.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const stampFile = join(root, 'node_modules', '.jidoka-lock-hash');
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `jidoka needs Node 20.19 or newer; this is ${process.versions.node}. Install a newer Node and try again.`,
  );
  process.exit(1);
}

/** @param {string} title @param {string[]} args */
function npm(title, args) {
  console.log(`${title} …`);
  // The CUDA files that onnxruntime-node's install script fetches serve few gateways and fail offline; docs/models.md
  // tells how to ask for them (ONNXRUNTIME_NODE_INSTALL=cuda12).
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: process.env['ONNXRUNTIME_NODE_INSTALL'] ?? 'skip' };
  const result = spawnSync('npm', args, { cwd: root, env, stdio: 'inherit', shell: process.platform === 'win32' });
  if (result.status !== 0) {
    console.error(`${title}: failed (npm ${args.join(' ')}). The lines above say why.`);
    process.exit(result.status ?? 1);
  }
}

const lockHash = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');
if (!existsSync(stampFile) || readFileSync(stampFile, 'utf8') !== lockHash) {
  npm('Installing packages (once; the SQLite driver is compiled where no prebuilt file can be fetched)', [
    'ci',
    '--no-progress',
    '--loglevel=error',
  ]);
  writeFileSync(stampFile, lockHash);
}
// tsc is incremental: it returns at once where no source changed.
npm('Building', ['run', '--silent', 'build']);
