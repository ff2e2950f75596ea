import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/schema/index.js';
import type { RecipeConfig } from '../config/schema/recipes.js';

/**
 * The keys in which two configurations differ, such as `stations.press-1.camera.path`, aside from the choice of models,
 * which needs no restart. Stations are compared by name, lists as a whole. Values are not told: some are secret.
 */
export function keysForRestart(running: Config, next: Config): string[] {
  return differences(withoutModels(running), withoutModels(next), []);
}

function withoutModels({ inference, stations, ...rest }: Config): object {
  const { models: _, providers: __, ...others } = inference;
  return {
    ...rest,
    inference: others,
    stations: Object.fromEntries(
      stations.map(({ name, model: _model, recipes, ...station }) => [
        name,
        { ...station, recipes: Object.fromEntries(Object.entries(recipes).map(withoutModel)) },
      ]),
    ),
  };
}

function withoutModel([name, { model: _, ...recipe }]: [string, RecipeConfig]): [string, object] {
  return [name, recipe];
}

function differences(left: unknown, right: unknown, path: readonly string[]): string[] {
  if (isDeepStrictEqual(left, right)) return [];
  if (!isSection(left) || !isSection(right)) return [path.join('.')];
  const keys = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...keys].flatMap((key) => differences(left[key], right[key], [...path, key]));
}

function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
