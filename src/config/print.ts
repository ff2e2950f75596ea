import { stringify } from 'yaml';
import type { Config } from './schema/index.js';
import { maskUrl } from './wording.js';

/**
 * The configuration as it takes effect, with every default, as YAML that can be loaded again. Secrets appear as the
 * references that they are; a user name or a password that came in with an address is masked.
 */
export function printConfig(config: Config): string {
  return stringify(
    config,
    (_, value: unknown) => (typeof value === 'string' && value.includes('://') ? maskUrl(value) : value),
    {
      lineWidth: 0,
      aliasDuplicateObjects: false,
    },
  );
}
