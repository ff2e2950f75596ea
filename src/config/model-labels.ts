import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import type { DescribeModel, ModelDescription } from './checks/models.js';

const MAX_MANIFEST_BYTES = 1_048_576;
const labelsSchema = z.object({ labels: z.array(z.string()), goodLabel: z.string().nullable() });

/**
 * Reads the labels from a package's `model.json`: only what a check of the configuration needs. Whether the package
 * can run is for the loader to say, so anything that does not fit gives undefined.
 */
export function modelLabelReader(folderOf: (packageName: string, models: string | undefined) => string): DescribeModel {
  return (packageName, models) => readLabels(folderOf(packageName, models));
}

function readLabels(folder: string): ModelDescription | undefined {
  const file = join(folder, 'model.json');
  try {
    if (statSync(file).size > MAX_MANIFEST_BYTES) return undefined;
    const parsed = labelsSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
