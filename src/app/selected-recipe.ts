import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { recipeNameSchema } from '../config/schema/recipes.js';
import { replaceFile } from '../store/replace-file.js';

const content = z.object({ recipe: recipeNameSchema.nullable() });

/** Remembers which recipe was selected over restarts: after a power cut the same product is on the line. */
export interface SelectedRecipe {
  /** Undefined where none was ever selected, or what the configuration says was. */
  load(): Promise<string | undefined>;
  save(recipe: string | undefined): Promise<void>;
}

/** In a file of the state folder; one that is absent or damaged tells of none. */
export function selectedRecipeIn(stateDirectory: string, station: string): SelectedRecipe {
  const path = join(stateDirectory, `recipe-${station}.json`);
  return {
    load: async () => {
      try {
        return content.parse(JSON.parse(await readFile(path, 'utf8'))).recipe ?? undefined;
      } catch {
        return undefined;
      }
    },
    save: (recipe) => replaceFile(path, `${JSON.stringify({ recipe: recipe ?? null })}\n`),
  };
}
