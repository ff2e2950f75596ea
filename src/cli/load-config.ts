import { invalidConfig, loadConfigFile } from '../config/load.js';
import { readModelLabels } from '../config/model-labels.js';
import type { Config } from '../config/schema/index.js';

/** The configuration, for a start. Throws a `config` JidokaError that lists every problem. */
export async function configToRun(file: string): Promise<Config> {
  const result = await loadConfigFile(file, { describeModel: readModelLabels });
  if ('problems' in result) throw invalidConfig(file, result.problems);
  return result.config;
}
