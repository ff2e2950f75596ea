import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The models that come with jidoka, beside the built program. */
const SHIPPED_MODELS = fileURLToPath(new URL('../../models', import.meta.url));

/**
 * Where a station's model package lies: `packageName` below `inference.models`, which starts at the config file's
 * folder, or below the models that come with jidoka; an absolute path is taken as it is.
 */
export function modelFolder(packageName: string, models: string | undefined, baseDirectory: string): string {
  return resolve(models === undefined ? SHIPPED_MODELS : resolve(baseDirectory, models), packageName);
}
