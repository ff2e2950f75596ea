import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Manifest } from '#jidoka/vision/manifest.js';
import { parseManifest } from '#jidoka/vision/manifest-problems.js';

const root = join(import.meta.dirname, '..', '..', '..');
const trainer = join(root, 'scripts', 'train');
const python = process.env['JIDOKA_TRAIN_PYTHON'] ?? join(trainer, '.venv', 'bin', 'python');

/** Why training cannot run here, or undefined. */
function missing(): string | undefined {
  if (!existsSync(python)) return `no ${python}; see scripts/train/README.md, or name a Python in JIDOKA_TRAIN_PYTHON`;
  const names = ['tensorflow', 'keras', 'tf2onnx', 'onnx', 'onnxruntime', 'matplotlib', 'PIL', 'cv2', 'yaml'];
  const look = `import importlib.util as u; print(*[n for n in ${JSON.stringify(names)} if u.find_spec(n) is None])`;
  const absent = spawnSync(python, ['-c', look], { encoding: 'utf8' }).stdout.trim();
  return absent === '' ? undefined : `${python} lacks ${absent}; install scripts/train/requirements.txt`;
}

const reason = missing();

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

function run(command: string, parameters: readonly string[]): Promise<Ended> {
  const environment = { ...process.env, JIDOKA_TRAIN_THREADS: '1' };
  const child = spawn(command, parameters, { cwd: root, env: environment });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output += chunk;
  });
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, output })));
}

/** Under a minute alone; a test run beside others may take longer. */
const TIMEOUT_MS = 400_000;

describe.skipIf(reason !== undefined)(`scripts/train${reason ? ` (skipped: ${reason})` : ''}`, () => {
  let home: string;
  let places: string[];
  let trained: Ended;
  let tested: Ended;
  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'jidoka-train-'));
    places = ['--runs', join(home, 'runs'), '--models', join(home, 'models')];
    [trained, tested] = await Promise.all([
      run(python, [trainer, 'all', 'smoke', ...places]),
      run(python, [trainer, 'selftest']),
    ]);
  }, TIMEOUT_MS);
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  const folder = () => join(home, 'models', 'smoke', '0.0.1');
  const manifest = (): Manifest => parseManifest(readFileSync(join(folder(), 'model.json'), 'utf8'), 'model.json');

  it('passes its own tests', () => {
    expect(tested.code, tested.output).toBe(0);
    expect(tested.output).toMatch(/Ran \d+ tests/);
  });

  it('goes through all steps to a package that the agent accepts', () => {
    expect(trained.code, trained.output).toBe(0);
    expect(Object.keys(manifest().variants)).toEqual(['fp32', 'int8', 'sparse', 'slim', 'slim-int8']);
    expect(manifest().golden?.samples).toHaveLength(4);
    expect(readdirSync(folder()).sort()).toEqual([
      'CARD.md',
      'golden',
      'model-int8.onnx',
      'model-slim-int8.onnx',
      'model-slim.onnx',
      'model-sparse.onnx',
      'model.json',
      'model.onnx',
    ]);
  });

  it('finds everything up to date the second time', { timeout: TIMEOUT_MS }, async () => {
    const { code, output } = await run(python, [trainer, 'status', 'smoke', ...places]);
    expect(code, output).toBe(0);
    expect(output.trim().split('\n')).toEqual([
      expect.stringMatching(/^preprocess +up to date$/),
      expect.stringMatching(/^build +up to date$/),
      expect.stringMatching(/^train +up to date$/),
      expect.stringMatching(/^evaluate +up to date$/),
      expect.stringMatching(/^compress +up to date$/),
      expect.stringMatching(/^package +up to date$/),
    ]);
  });

  it('writes figures that the agent, on the same pictures, comes to as well', { timeout: TIMEOUT_MS }, async () => {
    const pictures = join(home, 'pictures');
    const copied = await run(python, [trainer, 'preprocess', 'smoke', ...places, '--out', pictures]);
    expect(copied.code, copied.output).toBe(0);
    for (const [name, { metrics }] of Object.entries(manifest().variants)) {
      const judge = [join(root, 'dist', 'cli', 'main.js'), 'eval', folder(), pictures, '--variant', name, '--json'];
      const { stdout, stderr } = spawnSync(process.execPath, judge, { encoding: 'utf8', cwd: home });
      const { accuracy, escapeRate, falseRejectRate } = JSON.parse(stdout || stderr) as Record<string, number>;
      // INT8 may round a picture or two to the other side elsewhere.
      const close = name.includes('int8') ? 0.05 : 0.001;
      expect(Math.abs((accuracy ?? 0) - (metrics?.accuracy ?? 1)), name).toBeLessThan(close);
      expect(Math.abs((escapeRate ?? 0) - (metrics?.escapeRate ?? 1)), name).toBeLessThan(close);
      expect(Math.abs((falseRejectRate ?? 0) - (metrics?.falseRejectRate ?? 1)), name).toBeLessThan(close);
    }
  });
});
