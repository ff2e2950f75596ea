import { contentFaults } from './content.js';
import type { Fault } from './find.js';
import { hostFaults } from './host.js';
import { propertyFaults, templateFaults } from './structures.js';
import { wireFaults } from './wire.js';

/** Everything that is done wrong on purpose, to see that the checks can fail. */
export const faults: readonly Fault[] = [
  ...wireFaults,
  ...contentFaults,
  ...hostFaults,
  ...propertyFaults,
  ...templateFaults,
];
