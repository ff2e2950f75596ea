import { dirname, resolve } from 'node:path';
import { withAbsolutePaths } from '../app/absolute-paths.js';
import { modelFolder } from '../app/model-folder.js';
import { invalidConfig, type LoadResult, loadConfigFile } from '../config/load.js';
import { modelLabelReader } from '../config/model-labels.js';
import type { Config } from '../config/schema/index.js';

/** The configuration or its problems; class rules are checked against the model packages that can be read. */
export function readConfig(file: string): Promise<LoadResult> {
  const baseDirectory = dirname(resolve(file));
  return loadConfigFile(file, {
    describeModel: modelLabelReader((name, models) => modelFolder(name, models, baseDirectory)),
  });
}

/** The configuration with absolute paths, for a start. Throws a `config` JidokaError that lists every problem. */
export async function configToRun(file: string): Promise<Config> {
  const result = await readConfig(file);
  if ('problems' in result) throw invalidConfig(file, result.problems);
  return withAbsolutePaths(result.config, dirname(resolve(file)));
}
