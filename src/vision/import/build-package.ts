import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { silentLogger } from '../../base/logger.js';
import { OnnxClassifier } from '../classifier.js';
import type { Manifest } from '../manifest.js';
import { loadModelPackage } from '../model-package.js';
import { modelCard } from './card.js';
import { chooseGolden, writeGolden } from './golden.js';
import { IMPORTED_VARIANT } from './imported-manifest.js';
import type { Sample } from './samples.js';
import { MODEL_FILE, publishPackage, type Target, writeManifest } from './write-package.js';

/**
 * Writes the package and proves it: the agent's own classifier scores the golden samples of the unfinished package, and
 * then loads the finished one, golden samples included, before it goes to its place.
 * @param bytes the ONNX file, the very bytes that were inspected
 * @param samples those to choose golden samples of; none for a package without
 * @returns the folder of the package
 * @throws IMPORT_EXISTS, or what is wrong with the package
 */
export async function buildPackage(
  target: Target,
  bytes: Uint8Array,
  manifest: Manifest,
  samples: readonly Sample[],
  force: boolean,
  maxImagePixels: number,
): Promise<string> {
  return publishPackage(target, force, async (folder) => {
    await writeFile(join(folder, MODEL_FILE), bytes);
    await writeManifest(folder, manifest);
    const { width, height, channels } = manifest.input;
    const chosen = chooseGolden(samples, width * height * channels);
    if (chosen.length > 0) {
      const golden = await running(folder, maxImagePixels, (classifier) =>
        writeGolden(folder, chosen, classifier, IMPORTED_VARIANT),
      );
      await writeManifest(folder, { ...manifest, golden });
    }
    await writeFile(join(folder, 'CARD.md'), modelCard(manifest, bytes.byteLength));
    await running(folder, maxImagePixels, async () => undefined);
  });
}

async function running<T>(
  folder: string,
  maxImagePixels: number,
  use: (classifier: OnnxClassifier) => Promise<T>,
): Promise<T> {
  const model = await loadModelPackage(folder);
  const classifier = new OnnxClassifier({
    model,
    providers: ['cpu'],
    workers: 1,
    maxImagePixels,
    logger: silentLogger,
  });
  await classifier.start();
  try {
    return await use(classifier);
  } finally {
    await classifier.stop();
  }
}
