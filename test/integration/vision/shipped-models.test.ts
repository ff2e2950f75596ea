import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { silentLogger } from '#jidoka/base/logger.js';
import { OnnxClassifier } from '#jidoka/vision/classifier.js';
import { loadModelPackage } from '#jidoka/vision/model-package.js';

const MODELS = fileURLToPath(new URL('../../../models', import.meta.url));
const folders = readdirSync(MODELS).flatMap((name) =>
  readdirSync(join(MODELS, name)).map((version) => join(MODELS, name, version)),
);
const variants = folders.flatMap((folder) => {
  const { variants: byName } = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8')) as { variants: object };
  return Object.keys(byName).map((variant) => ({ folder, variant, title: folder.slice(MODELS.length + 1) }));
});

describe('models that ship', { timeout: 120_000 }, () => {
  it.each(folders)('%s has golden samples, a map and a card with its hashes', async (folder) => {
    const { manifest } = await loadModelPackage(folder);
    expect(manifest.golden?.samples.length).toBeGreaterThan(0);
    expect(manifest.output.map).not.toBeNull();
    const card = readFileSync(join(folder, 'CARD.md'), 'utf8');
    for (const { sha256 } of Object.values(manifest.variants)) expect(card).toContain(sha256);
  });

  it.each(variants)('$title runs as $variant, gives the golden scores and a map', async ({ folder, variant }) => {
    const model = await loadModelPackage(folder, variant);
    const classifier = new OnnxClassifier({
      model,
      providers: ['cpu'],
      workers: 1,
      maxImagePixels: 1_000_000,
      logger: silentLogger,
    });
    // Starting runs the golden samples and fails where a score differs.
    const { labels } = await classifier.start();
    try {
      const data = new Uint8Array(64 * 48).map((_, index) => (index * 7) % 251);
      const image = { kind: 'raw', format: 'grey8', width: 64, height: 48, data } as const;
      const { classification, map } = await classifier.classify(image, { rotate: 0 }, { map: true });
      expect(classification.scores.reduce((sum, score) => sum + score, 0)).toBeCloseTo(1, 4);
      expect(map?.values.length).toBe((map?.rows ?? 0) * (map?.columns ?? 0) * labels.length);
    } finally {
      await classifier.stop();
    }
  });
});
