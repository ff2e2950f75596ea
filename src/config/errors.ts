import { defineErrors } from '../base/errors.js';

export const configErrors = defineErrors({
  CONFIG_FILE_UNREADABLE: {
    consequence: 'config',
    summary: 'The configuration file cannot be read.',
    remedy: 'Name an existing file with --config and make sure that the user of the daemon may read it.',
  },
  CONFIG_INVALID: {
    consequence: 'config',
    summary: 'The configuration has problems.',
    remedy:
      'Correct the lines that are named; `jidoka check --config FILE` shows them all and docs/config.md lists every key.',
  },
  CONFIG_SECRET_VARIABLE_MISSING: {
    consequence: 'config',
    summary: 'The environment variable that should hold a secret is not set.',
    remedy: 'Set it in the environment of the daemon (for systemd: EnvironmentFile=), or use a credential or a file.',
  },
  CONFIG_SECRET_UNREADABLE: {
    consequence: 'config',
    summary: 'The file that should hold a secret cannot be read.',
    remedy: 'Create the file, and let the user of the daemon own it with mode 0400.',
  },
  CONFIG_SECRET_CREDENTIAL_MISSING: {
    consequence: 'config',
    summary: 'The systemd credential that should hold a secret is not there.',
    remedy: 'Add LoadCredential=NAME:/etc/jidoka/secrets/NAME to the unit, then systemctl daemon-reload and restart.',
  },
  CONFIG_SECRET_EMPTY: {
    consequence: 'config',
    summary: 'A secret is empty.',
    remedy: 'Write the secret into the place that the configuration names, and nothing else.',
  },
});
