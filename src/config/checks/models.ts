import type { Finding } from '../problem.js';
import { code, listing, nearest } from '../wording.js';
import type { Cursor } from './cursor.js';

/** What a check of the configuration needs to know of a model package. */
export interface ModelDescription {
  readonly labels: readonly string[];
  /** Null for a model that only tells defects apart. */
  readonly goodLabel: string | null;
  readonly variants: readonly string[];
}

/** Looks a package up below `models`, the config's `inference.models`; undefined where it cannot be read. */
export type DescribeModel = (packageName: string, models: string | undefined) => ModelDescription | undefined;

/**
 * Rules for classes that the model never reports would be silently without effect, and a variant that it does not have
 * would keep the agent from starting.
 */
export function checkModels(root: Cursor, describe: DescribeModel): readonly Finding[] {
  const folder = root.at('inference').at('models').text;
  return root.at('stations').items.flatMap((station) => {
    const name = station.at('model').at('package').text;
    const variant = station.at('model').at('variant');
    const rules = station.at('verdict').at('classes').entries;
    if (name === undefined || (rules.length === 0 && !variant.exists)) return [];
    const model = describe(name, folder);
    if (model === undefined) return [];
    return [
      ...checkVariant(variant, name, model),
      ...rules.flatMap(([label, rule]) => checkRule(label, rule, name, model)),
    ];
  });
}

function checkVariant({ path, text }: Cursor, name: string, { variants }: ModelDescription): readonly Finding[] {
  if (text === undefined || variants.includes(text)) return [];
  const meant = nearest(text, variants);
  const what = `The model ${code(name)} has no variant ${code(text)}.`;
  const instead = meant === undefined ? `Its variants are ${listing(variants)}.` : `Did you mean ${code(meant)}?`;
  return [{ path, at: 'value', what, instead }];
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
