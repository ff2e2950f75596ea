import { defineErrors } from '../base/errors.js';

export const cliErrors = defineErrors({
  CLI_BAD_OPTION: {
    consequence: 'config',
    summary: 'an option of the command line has a value that cannot be used.',
    remedy: 'See the help of the command: jidoka COMMAND --help.',
  },
  CLI_SIMULATED_LINE_FAILED: {
    consequence: 'fatal',
    summary: 'the simulated line ended before it was ready.',
    remedy: 'The lines above say why; ports are chosen freely, so look for a missing package or a full disk.',
  },
});
