import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { visionErrors } from '../errors.js';
import type { Manifest } from '../manifest.js';

export const MODEL_FILE = 'model.onnx';

/** Where the package NAME/VERSION goes below a folder of models. */
export interface Target {
  readonly models: string;
  readonly name: string;
  readonly version: string;
}

/**
 * Refuses a version that exists, before anything is computed for it.
 * @throws IMPORT_EXISTS
 */
export async function expectFree({ models, name, version }: Target): Promise<void> {
  const folder = join(models, name, version);
  const exists = await stat(folder).then(
    () => true,
    () => false,
  );
  if (exists) throw visionErrors.IMPORT_EXISTS({ where: folder });
}

/**
 * Builds a package in a folder beside the others and moves it to its place in one step, so that no daemon ever reads
 * half a package. When building fails nothing stays.
 * @param force replaces a package of this version
 * @throws IMPORT_EXISTS, and whatever `build` throws
 */
export async function publishPackage(
  target: Target,
  force: boolean,
  build: (folder: string) => Promise<void>,
): Promise<string> {
  const { models, name, version } = target;
  const folder = join(models, name, version);
  const work = join(models, `.importing-${randomUUID()}`);
  await mkdir(work, { recursive: true });
  try {
    await build(work);
    await mkdir(join(models, name), { recursive: true });
    if (force) await replace(folder, work, `${work}-old`);
    else {
      // Someone may have made the same version meanwhile; an empty folder would be replaced silently.
      await expectFree(target);
      await rename(work, folder);
    }
    return folder;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

export async function writeManifest(folder: string, manifest: Manifest): Promise<void> {
  await writeFile(join(folder, 'model.json'), `${JSON.stringify(manifest, null, 2)}\n`);
}

async function replace(folder: string, work: string, old: string): Promise<void> {
  const replaced = await rename(folder, old).then(
    () => true,
    () => false,
  );
  try {
    await rename(work, folder);
  } catch (error) {
    if (replaced) await rename(old, folder);
    throw error;
  }
  await rm(old, { recursive: true, force: true });
}
