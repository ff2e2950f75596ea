import type { Assertion } from '../assertions.js';
import type { Checks } from '../view.js';
import { behaviourChecks } from './behaviour.js';
import { commandChecks } from './commands.js';
import { messageChecks } from './messages.js';
import { metricChecks } from './metrics.js';
import { primaryHostChecks } from './primary-host.js';
import { sessionChecks } from './session.js';
import { propertySetChecks, templateChecks } from './structures.js';
import { topicChecks } from './topics.js';

/** A check for each assertion that applies, by its id without `tck-id-`. */
export const checks: Checks = {
  ...topicChecks,
  ...sessionChecks,
  ...messageChecks,
  ...metricChecks,
  ...primaryHostChecks,
  ...commandChecks,
  ...behaviourChecks,
  ...propertySetChecks,
  ...templateChecks,
};

/** Why an assertion does not apply; a test holds that the recordings bear each reason out. */
export function whyNotApplicable({ id, area }: Assertion): string | undefined {
  if (area === 'DataSet') return 'no data sets are sent';
  const parameters = /template-(parameter|definition-parameters|instance-parameters)/.test(id);
  return parameters ? 'templates are sent without parameters' : undefined;
}
