import { messageOf } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { Rerun } from '../base/rerun.js';
import { recipeNames, stationForRecipe } from '../config/recipe-station.js';
import type { StationConfig } from '../config/schema/station.js';
import type { CommandArguments } from '../domain/command-arguments.js';
import type { View } from '../domain/frame.js';
import { pipelineErrors } from '../pipeline/errors.js';
import { type Recipe, Recipes } from '../pipeline/recipes.js';
import type { Areas } from '../pipeline/regions.js';
import type { Thresholds } from '../pipeline/thresholds.js';
import type { ClassifierInfo } from '../ports/classifier.js';
import type { HealthSource } from './health.js';
import type { LoadedModel } from './loaded-models.js';
import type { ReloadableStation } from './model-reload.js';
import type { SelectedRecipe } from './selected-recipe.js';
import { StationModel } from './station-model.js';

export interface StationRecipesOptions {
  readonly config: StationConfig;
  /** Loads and warms the model that the station's configuration names; equal ones are in memory once. */
  readonly takeModel: (station: StationConfig) => Promise<LoadedModel>;
  readonly selected: SelectedRecipe;
  readonly logger: Logger;
}

interface Entry extends Recipe {
  readonly model: StationModel;
}

/**
 * The models of a station: its own, or one a recipe, all of them warm, so that a change of recipe costs nothing. What
 * is said of the station's model without naming a recipe is said of the one in force.
 */
export class StationRecipes {
  readonly recipes: Recipes;
  readonly #options: StationRecipesOptions;
  readonly #entries: ReadonlyMap<string | undefined, Entry>;
  #wanted: string | undefined;
  #lost: string | undefined;
  readonly #saves = new Rerun(() => this.#save());
  #saved: Promise<void> = Promise.resolve();

  private constructor(options: StationRecipesOptions, entries: ReadonlyMap<string | undefined, Entry>) {
    const { defaultRecipe } = options.config;
    this.#options = options;
    this.#entries = entries;
    const own = entries.get(undefined);
    const named = [...entries].flatMap(([name, entry]) => (name === undefined ? [] : [[name, entry] as const]));
    this.recipes = new Recipes({
      ...(own !== undefined && { own }),
      named: new Map(named),
      ...(defaultRecipe !== undefined && { fallback: defaultRecipe }),
    });
  }

  /** @throws a `config` JidokaError of a model or of rules that do not fit it; nothing is left running then */
  static async open(options: StationRecipesOptions): Promise<StationRecipes> {
    const { config, takeModel, logger } = options;
    const entries = new Map<string | undefined, Entry>();
    // With a default recipe no part is ever judged by the station's own model.
    const names = [...(config.defaultRecipe === undefined ? [undefined] : []), ...recipeNames(config)];
    try {
      for (const name of names) {
        const station = (name === undefined ? config : stationForRecipe(config, name)) ?? config;
        const loaded = await takeModel(station);
        try {
          const model = new StationModel(station, loaded, logger);
          entries.set(name, { name, model, models: model.slot, areas: areasOf(station) });
        } catch (error) {
          await loaded.release();
          throw error;
        }
      }
      const opened = new StationRecipes(options, entries);
      await opened.#restore();
      return opened;
    } catch (error) {
      await Promise.all([...entries.values()].map(({ model }) => model.stop()));
      throw error;
    }
  }

  /** The model in force. */
  get model(): StationModel {
    return this.#entry(undefined).model;
  }

  get info(): ClassifierInfo {
    return this.model.info;
  }

  /** Each model as the reload sees it. */
  get models(): readonly ReloadableStation[] {
    return [...this.#entries.values()].map((entry) => this.#reloadable(entry));
  }

  /** @throws PIPELINE_RECIPE_UNKNOWN */
  modelOf(recipe: string | undefined): ReloadableStation {
    return this.#reloadable(this.#entry(recipe));
  }

  /** @throws PIPELINE_NO_THRESHOLD, PIPELINE_RECIPE_UNKNOWN */
  setThresholds({ recipe, ...change }: CommandArguments<'set-threshold'>): Thresholds & { readonly changed: boolean } {
    const { model } = this.#entry(recipe);
    model.setThresholds(change);
    return model.thresholds;
  }

  /** For parts that bring none, from the next one on. @throws PIPELINE_RECIPE_UNKNOWN */
  select(name: string | undefined): void {
    this.recipes.select(name);
    this.#lost = undefined;
    this.#wanted = name;
    this.#options.logger.info({ recipe: name ?? null }, selectedText(this.recipes.inForce.name));
    this.#saved = this.#saves.request();
  }

  /** A selection that was made and cannot be kept must be known to those who rely on it. */
  get health(): HealthSource {
    const { config } = this.#options;
    return {
      where: `recipe of ${config.name}`,
      trouble: () =>
        this.#lost === undefined
          ? undefined
          : `the recipe ${JSON.stringify(this.#lost)} was selected before the restart and is not configured any more; ${selectedText(this.recipes.inForce.name)} Select one anew.`,
    };
  }

  async alive(timeoutMs: number): Promise<boolean> {
    const classifiers = new Set([...this.#entries.values()].map(({ models }) => models.current.classifier));
    const answers = await Promise.all([...classifiers].map((classifier) => classifier.alive(timeoutMs)));
    return answers.every(Boolean);
  }

  /** Call when no more parts come. */
  async stop(): Promise<void> {
    await Promise.all([this.#saved, ...[...this.#entries.values()].map(({ model }) => model.stop())]);
  }

  async #restore(): Promise<void> {
    if (this.recipes.names.length === 0) return;
    const name = await this.#options.selected.load();
    if (name === undefined) return;
    if (this.recipes.names.includes(name)) {
      this.recipes.select(name);
      return;
    }
    this.#lost = name;
    this.#options.logger.warn({ recipe: name }, `${this.health.trouble()}`);
  }

  async #save(): Promise<void> {
    await this.#options.selected.save(this.#wanted).catch((error: unknown) => {
      const text = `The selected recipe could not be written down and will not outlive a restart: ${messageOf(error)}`;
      this.#options.logger.warn({ recipe: this.#wanted ?? null }, text);
    });
  }

  #entry(recipe: string | undefined): Entry {
    const entry = this.#entries.get(recipe ?? this.recipes.inForce.name);
    if (entry !== undefined) return entry;
    const { names } = this.recipes;
    const expected = names.length === 0 ? 'none: the station has no recipes' : `one of ${names.join(', ')}`;
    throw pipelineErrors.PIPELINE_RECIPE_UNKNOWN({ got: JSON.stringify(recipe), expected });
  }

  #reloadable({ name, model }: Entry): ReloadableStation {
    return {
      name: this.#options.config.name,
      ...(name !== undefined && { recipe: name }),
      get info() {
        return model.info;
      },
      get modelKey() {
        return model.key;
      },
      changeModel: (next) => model.change(next),
    };
  }
}

function selectedText(name: string | undefined): string {
  return name === undefined
    ? 'Parts without a recipe are judged as the station itself says.'
    : `Parts without a recipe are judged by ${JSON.stringify(name)}.`;
}

/** What of the picture the model looks at. */
function areasOf({ camera, regions, parts, passesNeeded }: StationConfig): Areas {
  const { region, rotate, color } = camera;
  const seen = (cut: View['region']): View => ({ rotate, color, ...(cut !== undefined && { region: cut }) });
  if (regions === undefined) return { kind: 'whole', view: seen(region) };
  return {
    kind: 'regions',
    regions: regions.map(({ name, ...cut }) => ({ name, view: seen(cut) })),
    partEach: parts === 'each-region',
    ...(passesNeeded !== undefined && { passesNeeded }),
  };
}
