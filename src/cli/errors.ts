import { defineErrors } from '../base/errors.js';

export const cliErrors = defineErrors({
  CLI_BAD_OPTION: {
    consequence: 'config',
    summary: 'an option of the command line has a value that cannot be used.',
    remedy: 'See the help of the command: jidoka COMMAND --help.',
  },
  CLI_STATION_UNKNOWN: {
    consequence: 'config',
    summary: 'the configuration has no station of this name.',
    remedy: 'Write the name as it stands under `stations`.',
  },
  CLI_CAMERA_NO_PICTURE: {
    consequence: 'fatal',
    summary: 'no picture came from the camera.',
    remedy: 'Its own words tell what to do; docs/errors.md explains the code in them.',
  },
  CLI_TOO_FEW_PICTURES: {
    consequence: 'transient',
    summary: 'the camera gave too few pictures in time.',
    remedy:
      'Look at the camera; where only one program can open it, stop the agent first. A longer --timeout waits for slower ones, and --from takes pictures of a folder.',
  },
  CLI_NOT_WRITTEN: {
    consequence: 'config',
    summary: 'the result could not be written.',
    remedy: 'Run the command as a user who may write there, or choose another folder with --output.',
  },
  CLI_SIMULATED_LINE_FAILED: {
    consequence: 'fatal',
    summary: 'the simulated line ended before it was ready.',
    remedy: 'The lines above say why; ports are chosen freely, so look for a missing package or a full disk.',
  },
});
