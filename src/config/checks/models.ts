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
  return root
    .at('stations')
    .items.flatMap((station) => [
      ...checkModel(station.at('model'), station.at('verdict'), folder, describe),
      ...station
        .at('recipes')
        .entries.flatMap(([name, recipe]) => checkRecipe(name, recipe, station, folder, describe)),
    ]);
}

function checkModel(
  model: Cursor,
  verdict: Cursor,
  folder: string | undefined,
  describe: DescribeModel,
): readonly Finding[] {
  const name = model.at('package').text;
  const variant = model.at('variant');
  const rules = verdict.at('classes').entries;
  if (name === undefined || (rules.length === 0 && !variant.exists)) return [];
  const described = describe(name, folder);
  if (described === undefined) return [];
  return [
    ...checkVariant(variant, name, described),
    ...rules.flatMap(([label, rule]) => checkRule(label, rule, name, described)),
  ];
}

/** A recipe with a model or rules of its own; what it leaves to the station must fit what it does not. */
function checkRecipe(
  recipeName: string,
  recipe: Cursor,
  station: Cursor,
  folder: string | undefined,
  describe: DescribeModel,
): readonly Finding[] {
  const own = recipe.at('model');
  if (recipe.at('verdict').exists) {
    return checkModel(own.exists ? own : station.at('model'), recipe.at('verdict'), folder, describe);
  }
  const name = own.at('package').text;
  const described = name === undefined ? undefined : describe(name, folder);
  if (name === undefined || described === undefined) return [];
  const strangers = station
    .at('verdict')
    .at('classes')
    .entries.filter(([label]) => !described.labels.includes(label));
  const [first] = strangers;
  const findings = [...checkVariant(own.at('variant'), name, described)];
  if (first !== undefined) {
    const what = `The rules of the station are for other classes than the model ${code(name)} has: ${listing(strangers.map(([label]) => label))}.`;
    const instead = `Give the recipe ${code(recipeName)} a \`verdict\` of its own; the classes are ${listing(described.labels)}.`;
    findings.push({ path: own.at('package').path, at: 'value', what, instead });
  }
  return findings;
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
