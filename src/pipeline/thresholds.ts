import type { VerdictPolicy } from '../domain/verdict.js';
import { pipelineErrors } from './errors.js';

/** Scores from which parts pass or classes speak against them, 0…1. */
export interface Thresholds {
  readonly good: number;
  /** By class; the good class and those that are ignored have none. */
  readonly classes: Readonly<Record<string, number>>;
}

export function thresholdsOf({ goodLabel, classes, minimumPassConfidence }: VerdictPolicy): Thresholds {
  const rules = [...classes].filter(([label, { action }]) => label !== goodLabel && action !== 'ignore');
  return {
    good: minimumPassConfidence,
    classes: Object.fromEntries(rules.map(([label, { threshold }]) => [label, threshold])),
  };
}

/**
 * The policy with other thresholds; what a class means stays as it is.
 * @throws PIPELINE_NO_THRESHOLD for a class that has none
 */
export function withThresholds(
  policy: VerdictPolicy,
  { good, classes = {} }: { readonly good?: number; readonly classes?: Readonly<Record<string, number>> },
): VerdictPolicy {
  const known = new Map(Object.entries(thresholdsOf(policy).classes));
  const rules = new Map(policy.classes);
  for (const [label, threshold] of Object.entries(classes)) {
    const rule = rules.get(label);
    if (rule === undefined || !known.has(label)) {
      throw pipelineErrors.PIPELINE_NO_THRESHOLD({
        got: JSON.stringify(label),
        expected: known.size === 0 ? '`good` alone' : `one of ${[...known.keys()].join(', ')}`,
      });
    }
    rules.set(label, { ...rule, threshold });
  }
  return { ...policy, classes: rules, minimumPassConfidence: good ?? policy.minimumPassConfidence };
}
