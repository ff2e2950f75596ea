import type { Finding } from '../problem.js';
import { code, listing, nearest } from '../wording.js';
import type { Cursor } from './cursor.js';

/** What a check of the configuration needs to know of a model package. */
export interface ModelDescription {
  readonly labels: readonly string[];
  /** Null for a model that only tells defects apart. */
  readonly goodLabel: string | null;
}

/** Looks a package up below `models`, the config's `inference.models`; undefined where it cannot be read. */
export type DescribeModel = (packageName: string, models: string | undefined) => ModelDescription | undefined;

/** Rules for classes that the model never reports would be silently without effect. */
export function checkModels(root: Cursor, describe: DescribeModel): readonly Finding[] {
  const folder = root.at('inference').at('models').text;
  return root.at('stations').items.flatMap((station) => {
    const name = station.at('model').at('package').text;
    const rules = station.at('verdict').at('classes').entries;
    if (name === undefined || rules.length === 0) return [];
    const model = describe(name, folder);
    return model === undefined ? [] : rules.flatMap(([label, rule]) => checkRule(label, rule, name, model));
  });
}

function checkRule(label: string, rule: Cursor, name: string, model: ModelDescription): readonly Finding[] {
  const { path } = rule;
  if (!model.labels.includes(label)) {
    const meant = nearest(label, model.labels);
    const what = `The model ${code(name)} has no class ${code(label)}.`;
    const instead = meant === undefined ? `Its classes are ${listing(model.labels)}.` : `Did you mean ${code(meant)}?`;
    return [{ path, at: 'key', what, instead }];
  }
  if (label !== model.goodLabel || rule.at('action').text === 'ignore') return [];
  const what = `${code(label)} is the class of good parts: this rule would stop every one of them.`;
  const instead = 'Remove the rule; `minimumPassConfidence` sets how sure the model must be of a good part.';
  return [{ path, at: 'key', what, instead }];
}
