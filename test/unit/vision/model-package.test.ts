import { mkdir, mkdtemp, realpath, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findModelPackage, loadModelPackage } from '#jidoka/vision/model-package.js';
import { writeTinyPackage } from '../../simulators/onnx.js';

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
    expect(model.identity).toEqual({ name: 'tiny', version: '1.0.0', sha256: model.manifest.sha256 });
    expect(model.manifest.goodThreshold).toBe(0.5);
    expect(model.manifest.preprocessing).toMatchObject({ fill: 0, scale: 1, mean: [0], std: [1] });
  });

  it('refuses an ONNX file that is not the one that was described, and shows both hashes', async () => {
    const expected = 'a'.repeat(64);
    const path = await writeTinyPackage(folder, {}, (manifest) => ({ ...manifest, sha256: expected }));
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
    const path = await writeTinyPackage(folder, {}, (manifest) => ({ ...manifest, file: '../model.onnx' }));
    await expect(loadModelPackage(path)).rejects.toMatchObject({
      code: 'MODEL_MANIFEST_INVALID',
      got: expect.stringContaining('file: "../model.onnx", write a file name ending in .onnx'),
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
