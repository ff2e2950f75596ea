import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { MODEL_MANIFEST, packageIn } from '../domain/model-version.js';
import type { DescribeModel, ModelDescription } from './checks/models.js';

const MAX_MANIFEST_BYTES = 1_048_576;
const descriptionSchema = z.object({
  labels: z.array(z.string()),
  goodLabel: z.string().nullable(),
  variants: z.record(z.string(), z.unknown()),
});

/**
 * Reads labels and variants from a package's `model.json`: only what a check of the configuration needs. The package is
 * the one that a start would take. Whether it can run is for the loader to say, so anything that does not fit gives
 * undefined.
 */
export function modelLabelReader(folderOf: (packageName: string, models: string | undefined) => string): DescribeModel {
  return (packageName, models) => readDescription(folderOf(packageName, models));
}

function readDescription(folder: string): ModelDescription | undefined {
  try {
    const found = packageIn(readdirSync(folder));
    if (found === undefined) return undefined;
    const file = join(folder, found, MODEL_MANIFEST);
    if (statSync(file).size > MAX_MANIFEST_BYTES) return undefined;
    const parsed = descriptionSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
    if (!parsed.success) return undefined;
    const { labels, goodLabel, variants } = parsed.data;
    return { labels, goodLabel, variants: Object.keys(variants) };
  } catch {
    return undefined;
  }
}
