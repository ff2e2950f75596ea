import type { StationConfig } from './schema/station.js';

/** The names of a station's recipes. */
export function recipeNames({ recipes }: Pick<StationConfig, 'recipes'>): readonly string[] {
  return Object.keys(recipes);
}

/**
 * The station as it is for parts of one recipe: what the recipe says in place of what the station says.
 * Undefined where there is no such recipe.
 */
export function stationForRecipe(station: StationConfig, name: string): StationConfig | undefined {
  // A PLC may well call a recipe `constructor`.
  const recipe = Object.hasOwn(station.recipes, name) ? station.recipes[name] : undefined;
  if (recipe === undefined) return undefined;
  const { model, verdict, region, regions, passesNeeded } = recipe;
  const { regions: ownRegions, passesNeeded: ownPasses, camera, ...rest } = station;
  const { region: ownRegion, ...otherCamera } = camera;
  // One or several regions: what a recipe says of either replaces both.
  const seen = region ?? (regions === undefined ? ownRegion : undefined);
  const judged = regions ?? (region === undefined ? ownRegions : undefined);
  const needed = passesNeeded ?? (regions === undefined && region === undefined ? ownPasses : undefined);
  return {
    ...rest,
    camera: { ...otherCamera, ...(seen !== undefined && { region: seen }) },
    ...(judged !== undefined && { regions: judged }),
    ...(needed !== undefined && { passesNeeded: needed }),
    ...(model !== undefined && { model }),
    ...(verdict !== undefined && { verdict }),
  };
}
