import type { Part } from '../domain/inspection.js';
import type { Reason } from '../domain/verdict.js';
import { pipelineErrors } from './errors.js';
import type { ModelSlot } from './model-slot.js';
import type { Areas } from './regions.js';

/** How parts of one kind are inspected. */
export interface Recipe {
  /** Undefined for the station itself, as it stands without recipes. */
  readonly name: string | undefined;
  readonly models: ModelSlot;
  readonly areas: Areas;
}

/** A recipe for a part, or why there is none; then `recipe` is only what the record names as the model of now. */
export interface Chosen {
  readonly recipe: Recipe;
  /** What the record says: what the part came with, else what was in force. */
  readonly name: string | undefined;
  readonly problem?: Reason;
}

export interface RecipesOptions {
  /** Absent where parts without a recipe have a default one. */
  readonly own?: Recipe;
  readonly named: ReadonlyMap<string, Recipe>;
  /** For parts without a recipe, unless another is selected. */
  readonly fallback?: string;
}

/**
 * The recipes of a station. A part that brings one is judged by it or not at all; the others are judged by the one in
 * force.
 */
export class Recipes {
  readonly #options: RecipesOptions;
  readonly #initial: Recipe;
  #inForce: Recipe;

  /** @throws PIPELINE_RECIPE_UNKNOWN where neither the station itself nor the default recipe can be had */
  constructor(options: RecipesOptions) {
    this.#options = options;
    this.#initial = options.fallback === undefined ? (options.own ?? this.#find('')) : this.#find(options.fallback);
    this.#inForce = this.#initial;
  }

  /** A station that has none. */
  static none(models: ModelSlot, areas: Areas): Recipes {
    return new Recipes({ own: { name: undefined, models, areas }, named: new Map() });
  }

  get names(): readonly string[] {
    return [...this.#options.named.keys()];
  }

  /** What parts that bring no recipe are judged by from now on. */
  get inForce(): Recipe {
    return this.#inForce;
  }

  /** What is in force at a start. */
  get initial(): Recipe {
    return this.#initial;
  }

  /** Puts a recipe in force; without a name what the configuration says. @throws PIPELINE_RECIPE_UNKNOWN */
  select(name: string | undefined): void {
    this.#inForce = name === undefined ? this.#initial : this.#find(name);
  }

  of(part: Pick<Part, 'recipe'>): Chosen {
    const { named } = this.#options;
    const name = told(part.recipe);
    // A PLC that has set none sends an empty text. A station without recipes notes what it is told and does as always.
    if (name === '' || named.size === 0) return { recipe: this.#inForce, name: clipped(name) || this.#inForce.name };
    const recipe = named.get(name);
    if (recipe !== undefined) return { recipe, name };
    const text = `the recipe ${JSON.stringify(clipped(name))} is not configured for this station (there ${listed(this.names)}): the part was not judged`;
    return { recipe: this.#inForce, name: clipped(name), problem: { code: 'RECIPE_UNKNOWN', text } };
  }

  /** Threads of the model with the most of them. */
  get workers(): number {
    return Math.max(
      this.#inForce.models.current.info.workers,
      ...this.#all().map(({ models }) => models.current.info.workers),
    );
  }

  #all(): Recipe[] {
    const { own, named } = this.#options;
    return [...(own === undefined ? [] : [own]), ...named.values()];
  }

  #find(name: string): Recipe {
    const recipe = this.#options.named.get(name);
    if (recipe !== undefined) return recipe;
    const expected = this.names.length === 0 ? 'none: the station has no recipes' : `one of ${this.names.join(', ')}`;
    throw pipelineErrors.PIPELINE_RECIPE_UNKNOWN({ got: JSON.stringify(name), expected });
  }
}

const MOST_LISTED = 8;
const MOST_CHARACTERS = 64;

/** A text of a PLC without the spaces or zeros that fill it up. */
function told(text = ''): string {
  return text.replaceAll(/^[\s\p{C}]+|[\s\p{C}]+$/gu, '');
}

/** Not longer than any name of a recipe: what a record says of a text that is none. */
function clipped(text: string): string {
  return text.slice(0, MOST_CHARACTERS);
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, MOST_LISTED).join(', ');
  const more = names.length - MOST_LISTED;
  return `${names.length === 1 ? 'is' : 'are'} ${shown}${more > 0 ? ` and ${more} more` : ''}`;
}
