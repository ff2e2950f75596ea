import { defineErrors } from '../base/errors.js';

export const simlineErrors = defineErrors({
  SIMLINE_START_FAILED: {
    consequence: 'fatal',
    summary: 'The simulated line cannot start.',
    remedy:
      'See the cause; often no port of 127.0.0.1 may be opened or the folder for its certificates is not writable.',
  },
});
