import { mkdir, mkdtemp, realpath, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findModelPackage, loadModelPackage } from '#jidoka/vision/model-package.js';
import {
  changeManifest,
  goldenPicture,
  type TinyModel,
  tinyModel,
  tinyVariant,
  writeTinyPackage,
} from '../../simulators/onnx.js';

let folder: string;
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'jidoka-package-')));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('loadModelPackage', () => {
  it('reads a package and fills in what the manifest leaves out', async () => {
    const path = await writeTinyPackage(folder);
    const model = await loadModelPackage(path);
    expect(model.modelFile).toBe(join(path, 'model.onnx'));
    const { sha256 } = model.variant;
    expect(model.identity).toEqual({ name: 'tiny', version: '1.0.0', sha256 });
    expect(model.variant).toMatchObject({ name: 'fp32', temperature: 1, goodThreshold: 0.5, thresholds: [] });
    expect(model.golden).toEqual([]);
    expect(model.manifest.preprocessing).toMatchObject({ fill: 0, scale: 1, mean: [0], std: [1] });
  });

  it('refuses an ONNX file that is not the one that was described, and shows both hashes', async () => {
    const expected = 'a'.repeat(64);
    const path = await writeTinyPackage(folder, {}, (manifest) => ({
      ...manifest,
      variants: { fp32: tinyVariant(tinyModel(), { sha256: expected }) },
    }));
    await expect(loadModelPackage(path)).rejects.toMatchObject({
      code: 'MODEL_HASH_MISMATCH',
      consequence: 'config',
      where: join(path, 'model.onnx'),
      got: expect.stringMatching(/^SHA-256 [0-9a-f]{64}$/),
      expected: `SHA-256 ${expected}`,
      hint: expect.stringContaining('Copy the model package again'),
    });
  });

  it('refuses a link that leads out of the package', async () => {
    const path = await writeTinyPackage(folder);
    const outside = join(folder, 'elsewhere.onnx');
    await rename(join(path, 'model.onnx'), outside);
    await symlink(outside, join(path, 'model.onnx'));
    await expect(loadModelPackage(path)).rejects.toMatchObject({ code: 'MODEL_FILE_OUTSIDE', got: outside });
  });

  it('refuses a file name with folders in it', async () => {
    const path = await writeTinyPackage(folder, {}, (manifest) => ({
      ...manifest,
      variants: { fp32: tinyVariant(tinyModel(), { file: '../model.onnx' }) },
    }));
    await expect(loadModelPackage(path)).rejects.toMatchObject({
      code: 'MODEL_MANIFEST_INVALID',
      got: expect.stringContaining('variants.fp32.file: "../model.onnx", write a file name ending in .onnx'),
    });
  });

  it('says which file is missing', async () => {
    const path = await writeTinyPackage(folder);
    await rm(join(path, 'model.onnx'));
    await expect(loadModelPackage(path)).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
      where: join(path, 'model.onnx'),
    });
    await expect(loadModelPackage(join(folder, 'nowhere'))).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
  });

  it('refuses files that are empty or far too large without reading them', async () => {
    const path = await writeTinyPackage(folder);
    await truncate(join(path, 'model.onnx'), 2 ** 31);
    await expect(loadModelPackage(path)).rejects.toMatchObject({ code: 'MODEL_FILE_SIZE', got: '2147483648 bytes' });
    await truncate(join(path, 'model.onnx'), 0);
    await expect(loadModelPackage(path)).rejects.toMatchObject({ code: 'MODEL_FILE_SIZE', got: '0 bytes' });
  });

  it('refuses a folder where a file should be', async () => {
    const path = await writeTinyPackage(folder);
    await rm(join(path, 'model.onnx'));
    await mkdir(join(path, 'model.onnx'));
    await expect(loadModelPackage(path)).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND', expected: 'a file' });
  });

  it('refuses a version that is not the one of its folder', async () => {
    const path = await writeTinyPackage(folder, {}, (manifest) => ({ ...manifest, version: '1.0.1' }));
    await expect(loadModelPackage(path)).rejects.toMatchObject({
      code: 'MODEL_MANIFEST_INVALID',
      got: '"1.0.1" in a folder named 1.0.0',
    });
  });
});

describe('the variants of a package', () => {
  const inverse: TinyModel = { weights: [-10, 10], biases: [5, -5] };

  /** A package with the variants fp32 and int8, of which the second calls dark pictures good. */
  async function twoVariants(): Promise<string> {
    const path = await writeTinyPackage(folder, {}, (manifest) => ({
      ...manifest,
      output: { name: 'scores', activation: 'logits' },
      variants: {
        fp32: tinyVariant(tinyModel()),
        int8: tinyVariant(tinyModel(inverse), { file: 'int8.onnx', temperature: 2, goodThreshold: 0.7 }),
      },
    }));
    await writeFile(join(path, 'int8.onnx'), tinyModel(inverse));
    return path;
  }

  it('take the default where none is named, and the one that is named', async () => {
    const path = await twoVariants();
    expect((await loadModelPackage(path)).variant.name).toBe('fp32');
    const int8 = await loadModelPackage(path, 'int8');
    expect(int8.modelFile).toBe(join(path, 'int8.onnx'));
    expect(int8.variant).toMatchObject({ name: 'int8', temperature: 2, goodThreshold: 0.7 });
    expect(int8.identity.sha256).toBe(int8.variant.sha256);
  });

  it.each(['fp16', 'constructor', '__proto__', ''])('are named where "%s" is none of them', async (name) => {
    await expect(loadModelPackage(await twoVariants(), name)).rejects.toMatchObject({
      code: 'MODEL_VARIANT_UNKNOWN',
      consequence: 'config',
      got: `"${name}"`,
      expected: 'one of "fp32", "int8"',
    });
  });

  it('do not need the files of the others', async () => {
    const path = await twoVariants();
    await rm(join(path, 'int8.onnx'));
    expect((await loadModelPackage(path, 'fp32')).variant.name).toBe('fp32');
    await expect(loadModelPackage(path, 'int8')).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
  });
});

describe('the golden pictures of a package', () => {
  async function withGolden(): Promise<string> {
    const path = await writeTinyPackage(folder);
    const samples = [
      await goldenPicture(path, 'bright', 255, { fp32: [1, 0] }),
      await goldenPicture(path, 'dark', 0, { fp32: [0, 1] }),
    ];
    await changeManifest(path, (manifest) => ({ ...manifest, golden: { tolerance: 0.01, samples } }));
    return path;
  }

  it('come with the scores of the chosen variant', async () => {
    const path = await withGolden();
    const { golden } = await loadModelPackage(path);
    expect(golden).toMatchObject([
      { path: join(path, 'golden', 'bright.png'), scores: [1, 0] },
      { path: join(path, 'golden', 'dark.png'), scores: [0, 1] },
    ]);
  });

  it('must be the ones that were described', async () => {
    const path = await withGolden();
    await writeFile(join(path, 'golden', 'dark.png'), 'another picture');
    const where = join(path, 'golden', 'dark.png');
    await expect(loadModelPackage(path)).rejects.toMatchObject({ code: 'MODEL_HASH_MISMATCH', where });
  });

  it('must lie in the package, be they linked one by one or as a folder', async () => {
    const path = await withGolden();
    const outside = join(folder, 'elsewhere');
    await rename(join(path, 'golden'), outside);
    await symlink(outside, join(path, 'golden'));
    await expect(loadModelPackage(path)).rejects.toMatchObject({
      code: 'MODEL_FILES_UNUSABLE',
      got: expect.stringMatching(/^MODEL_FILE_OUTSIDE: .*bright.*; MODEL_FILE_OUTSIDE: .*dark/),
    });
    await rm(join(path, 'golden'));
    await mkdir(join(path, 'golden'));
    await rename(join(outside, 'bright.png'), join(path, 'golden', 'bright.png'));
    await symlink(join(outside, 'dark.png'), join(path, 'golden', 'dark.png'));
    await expect(loadModelPackage(path)).rejects.toMatchObject({ code: 'MODEL_FILE_OUTSIDE' });
  });

  it('are refused unread where they are far too large', async () => {
    const path = await withGolden();
    await truncate(join(path, 'golden', 'dark.png'), 2 ** 26);
    await expect(loadModelPackage(path)).rejects.toMatchObject({ code: 'MODEL_FILE_SIZE', got: '67108864 bytes' });
  });

  it('are told of together with a model file that is at fault', async () => {
    const path = await withGolden();
    await rm(join(path, 'model.onnx'));
    await writeFile(join(path, 'golden', 'bright.png'), '');
    await writeFile(join(path, 'golden', 'dark.png'), 'x');
    await expect(loadModelPackage(path)).rejects.toMatchObject({
      code: 'MODEL_FILES_UNUSABLE',
      consequence: 'config',
      where: path,
      got: expect.stringMatching(
        /MODEL_NOT_FOUND: .*model\.onnx.*MODEL_FILE_SIZE: .*bright.*MODEL_HASH_MISMATCH: .*dark/,
      ),
    });
  });
});

describe('findModelPackage', () => {
  it('takes a package folder as it is', async () => {
    const path = await writeTinyPackage(folder);
    expect(await findModelPackage(path)).toBe(path);
  });

  it('takes the highest version by number, not by text', async () => {
    await writeTinyPackage(folder);
    await mkdir(join(folder, 'tiny', '1.10.0'));
    await mkdir(join(folder, 'tiny', '1.9.3'));
    await mkdir(join(folder, 'tiny', 'notes'));
    expect(await findModelPackage(join(folder, 'tiny'))).toBe(join(folder, 'tiny', '1.10.0'));
  });

  it('says what it found where there is no package', async () => {
    await writeFile(join(folder, 'readme.txt'), '');
    await expect(findModelPackage(folder)).rejects.toMatchObject({
      code: 'MODEL_NOT_FOUND',
      got: 'a folder with readme.txt',
    });
    await expect(findModelPackage(join(folder, 'nowhere'))).rejects.toMatchObject({ code: 'MODEL_NOT_FOUND' });
  });
});
