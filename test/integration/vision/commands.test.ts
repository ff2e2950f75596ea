import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Ended, runScript } from '../../simulators/child.js';
import {
  changeManifest,
  goldenPicture,
  type TinyModel,
  tinyModel,
  tinyVariant,
  writeTinyPackage,
} from '../../simulators/onnx.js';

let home: string;
let model: string;
let pictures: string;

async function picture(path: string, level: number): Promise<void> {
  const pixels = Buffer.alloc(256, level);
  await sharp(pixels, { raw: { width: 16, height: 16, channels: 1 } }).toFile(path);
}

function jidoka(...parameters: string[]): Promise<Ended> {
  return runScript('model-commands.mjs', parameters);
}

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'jidoka-commands-'));
  await writeTinyPackage(join(home, 'models'));
  model = join(home, 'models', 'tiny');
  pictures = join(home, 'pictures');
  await mkdir(join(pictures, 'good', 'later'), { recursive: true });
  await mkdir(join(pictures, 'defect1'), { recursive: true });
  await picture(join(pictures, 'good', 'bright.png'), 255);
  await picture(join(pictures, 'good', 'later', 'dim.JPG'), 100);
  await picture(join(pictures, 'defect1', 'dark.tiff'), 0);
  await picture(join(pictures, 'defect1', 'grey.webp'), 160);
  await writeFile(join(pictures, 'good', 'notes.txt'), 'not a picture');
});
afterAll(() => rm(home, { recursive: true, force: true }));

describe('jidoka classify', { timeout: 120_000 }, () => {
  it('gives one JSON object a picture, folders with their sub-folders in the order of names', async () => {
    const ended = await jidoka('classify', model, pictures, '--json');
    expect(ended).toMatchObject({ code: 0, stderr: '1 file that is not a picture was left alone\n' });
    const lines = ended.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.map(({ file, label }) => [file, label])).toEqual([
      [join(pictures, 'defect1', 'dark.tiff'), 'defect1'],
      [join(pictures, 'defect1', 'grey.webp'), 'good'],
      [join(pictures, 'good', 'bright.png'), 'good'],
      [join(pictures, 'good', 'later', 'dim.JPG'), 'defect1'],
    ]);
    for (const { score, scores } of lines) {
      expect(Object.keys(scores)).toEqual(['good', 'defect1']);
      expect(score).toBe(Math.max(...Object.values<number>(scores)));
    }
  });

  it('shows a table with the license and the data of the model', async () => {
    const { code, stdout } = await jidoka('classify', join(model, '1.0.0'), join(pictures, 'good', 'bright.png'));
    expect(code).toBe(0);
    expect(stdout).toContain('model    tiny 1.0.0 (fp32) on cpu\nlicense  Apache-2.0\ndata     none: the weights');
    expect(stdout).toMatch(/good {5}1\.0000 {2}.*bright\.png\n\n1 judged, 0 failed\n$/);
  });

  it('goes on after files that fail, names each, and exits 1', async () => {
    const broken = join(home, 'broken.png');
    await writeFile(broken, 'no picture at all');
    const missing = join(home, 'missing.jpg');
    const ended = await jidoka('classify', model, broken, missing, join(pictures, 'defect1', 'dark.tiff'), '--json');
    expect(ended.code).toBe(1);
    expect(ended.stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(ended.stderr).toContain(`${broken}: IMAGE_FORMAT_UNSUPPORTED: `);
    expect(ended.stderr).toContain(`${missing}: IMAGE_FILE_UNREADABLE: `);
  });

  it('ends in a folder that links to itself', async () => {
    const loop = join(home, 'loop');
    await mkdir(loop);
    await picture(join(loop, 'one.png'), 255);
    await symlink(loop, join(loop, 'again'));
    const { code, stdout } = await jidoka('classify', model, loop, '--json');
    expect(code).toBe(0);
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
  });

  it('says so where there is no picture, no model, or no such provider', async () => {
    const empty = await mkdtemp(join(home, 'empty-'));
    expect(await jidoka('classify', model, empty)).toMatchObject({ code: 1, stderr: `no pictures in ${empty}\n` });
    const nowhere = await jidoka('classify', join(home, 'nowhere'), pictures);
    expect(nowhere).toMatchObject({ code: 78, stderr: expect.stringContaining('MODEL_NOT_FOUND') });
    const provider = await jidoka('classify', model, pictures, '--provider', 'abacus');
    expect(provider.code).toBe(1);
    expect(provider.stderr).toContain("'abacus' is invalid. Allowed choices are cpu, webgpu, cuda");
  });

  it('falls back to the CPU and says why on standard error', async () => {
    const ended = await jidoka('classify', model, join(pictures, 'good', 'bright.png'), '--provider', 'cuda', '--json');
    expect(ended.code).toBe(0);
    expect(ended.stderr).toContain('Execution provider cuda is not used: ');
  });
});

describe('the variants and golden samples of a model', { timeout: 120_000 }, () => {
  let dark: string;
  const bright = () => join(pictures, 'good', 'bright.png');
  /** Calls dark pictures good. */
  const inverse: TinyModel = { weights: [-10, 10], biases: [5, -5] };

  beforeAll(async () => {
    dark = await writeTinyPackage(join(home, 'variants'), {}, (manifest) => ({
      ...manifest,
      variants: {
        ...(manifest['variants'] as object),
        inverse: tinyVariant(tinyModel(inverse), { file: 'inverse.onnx', goodThreshold: 0.25 }),
      },
    }));
    await writeFile(join(dark, 'inverse.onnx'), tinyModel(inverse));
  });

  it('are chosen with --variant by classify', async () => {
    const ended = await jidoka('classify', dark, bright(), '--variant', 'inverse');
    expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining('model    tiny 1.0.0 (inverse) on cpu\n') });
    expect(ended.stdout).toMatch(/defect1 {2}1\.0000 {2}.*bright\.png/);
    expect((await jidoka('classify', dark, bright())).stdout).toMatch(/good {5}1\.0000 {2}.*bright\.png/);
  });

  it('are chosen with --variant by eval, with its threshold', async () => {
    const { code, stdout } = await jidoka('eval', dark, pictures, '--variant', 'inverse');
    expect(code).toBe(0);
    expect(stdout).toContain('(good score of 0.25 or more on a defective part)');
  });

  it('are named where there is no such variant', async () => {
    const { code, stderr } = await jidoka('classify', dark, bright(), '--variant', 'int8');
    expect(code).toBe(78);
    expect(stderr).toContain('MODEL_VARIANT_UNKNOWN');
    expect(stderr).toContain('Got: "int8". Expected: one of "fp32", "inverse".');
  });

  it('keep both commands from giving figures of a model that computes other scores', async () => {
    const path = await writeTinyPackage(join(home, 'golden'));
    const samples = [await goldenPicture(path, 'bright', 255, { fp32: [0, 1] })];
    await changeManifest(path, (manifest) => ({ ...manifest, golden: { tolerance: 0.01, samples } }));
    const mismatch = { code: 78, stdout: '', stderr: expect.stringContaining('MODEL_GOLDEN_MISMATCH') };
    expect(await jidoka('classify', path, bright())).toMatchObject(mismatch);
    expect(await jidoka('eval', path, pictures)).toMatchObject(mismatch);
  });
});

describe('jidoka eval', { timeout: 120_000 }, () => {
  it('gives all figures as one JSON line', async () => {
    const ended = await jidoka('eval', model, pictures, '--json');
    expect(ended.code).toBe(0);
    expect(ended.stdout.trimEnd().split('\n')).toHaveLength(1);
    // bright is good and called so, dim is good and called defective; dark is defective and called so, grey escapes.
    expect(JSON.parse(ended.stdout)).toEqual({
      n: 4,
      accuracy: 0.5,
      balancedAccuracy: 0.5,
      confusion: { good: { good: 1, defect1: 1 }, defect1: { good: 1, defect1: 1 } },
      perClass: {
        good: { precision: 0.5, recall: 0.5, f1: 0.5, support: 2 },
        defect1: { precision: 0.5, recall: 0.5, f1: 0.5, support: 2 },
      },
      escapeRate: 0.5,
      falseRejectRate: 0.5,
      failed: 0,
    });
  });

  it('shows a table that a person can read', async () => {
    const { code, stdout } = await jidoka('eval', model, pictures);
    expect(code).toBe(0);
    expect(stdout).toContain('accuracy           50.0 %\n');
    expect(stdout).toMatch(/escape rate +50\.0 % +\(good score of 0\.5 or more on a defective part\)/);
    expect(stdout).toMatch(/defect1 +1 +1\n/);
  });

  it('names the class folders that the model does not know, and those it knows', async () => {
    const folder = await mkdtemp(join(home, 'unknown-'));
    await mkdir(join(folder, 'good'));
    await mkdir(join(folder, 'scratch'));
    const { code, stderr } = await jidoka('eval', model, folder);
    expect(code).toBe(78);
    expect(stderr).toContain('Got: folder scratch. Expected: folders named good, defect1.');
  });

  it('counts unreadable files as failed, names them, and exits 1', async () => {
    const folder = await mkdtemp(join(home, 'failing-'));
    await mkdir(join(folder, 'good'));
    await picture(join(folder, 'good', 'bright.png'), 255);
    await writeFile(join(folder, 'good', 'torn.jpg'), '');
    const { code, stdout, stderr } = await jidoka('eval', model, folder, '--json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ n: 1, failed: 1, accuracy: 1, escapeRate: null, falseRejectRate: 0 });
    expect(stderr).toContain(`${join(folder, 'good', 'torn.jpg')}: IMAGE_EMPTY: `);
  });

  it('refuses a folder without pictures', async () => {
    const folder = await mkdtemp(join(home, 'nothing-'));
    expect(await jidoka('eval', model, folder)).toMatchObject({
      code: 78,
      stderr: expect.stringContaining('no pictures'),
    });
  });
});
