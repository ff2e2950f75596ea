import type { UAObject, UAVariable } from 'node-opcua-address-space';
import { DataType, StatusCodes, VariantArrayType, type VariantLike } from 'node-opcua-client';
import type { StationRecipe } from '../ports/controlled-station.js';
import { Handles } from './handles.js';
import {
  type Arguments,
  bindForAll,
  bindForOperators,
  boolean,
  int32,
  type Outputs,
  structure,
  time,
  uint32,
} from './method-kit.js';
import { METHOD_ERRORS, type StationView } from './protocol.js';
import { page } from './result-ring.js';
import type { StationParts } from './station-parts.js';
import { externalRecipeId, recipeId } from './structures.js';

/** Values of TriStateBooleanDataType. */
const TRUE = 1;
const FALSE = 0;

interface RecipeNode {
  readonly object: UAObject;
  readonly prepared: UAVariable;
}

/** The RecipeManagement of one station. A recipe is prepared when it is the one in force. */
export class Recipes {
  readonly #parts: StationParts;
  readonly #folder: UAObject;
  readonly #handles = new Handles();
  readonly #nodes = new Map<string, RecipeNode>();
  #view: Pick<StationView, 'recipes' | 'inForce' | 'prepared'> = { recipes: [], inForce: '', prepared: false };

  constructor(parts: StationParts, management: UAObject) {
    this.#parts = parts;
    this.#folder = parts.model.object(management, 'Recipes');
    this.#bind(management);
  }

  /** The recipe that is used when a job starts. */
  get inForce(): StationRecipe | undefined {
    return this.#view.recipes.find(({ name }) => name === this.#view.inForce);
  }

  show(view: StationView): void {
    const before = this.#view;
    this.#view = view;
    for (const recipe of view.recipes) {
      const known = before.recipes.find(({ name }) => name === recipe.name);
      const node = this.#nodes.get(recipe.name) ?? this.#add(recipe.name);
      if (known?.model.sha256 !== recipe.model.sha256) this.#describe(node.object, recipe);
      node.prepared.setValueFromSource(boolean(this.#isPrepared(recipe.name)), StatusCodes.Good);
    }
  }

  #isPrepared(name: string): boolean {
    return this.#view.prepared && name === this.#view.inForce;
  }

  #add(name: string): RecipeNode {
    const { model, station, access } = this.#parts;
    const object = model.objectType('RecipeType').instantiate({
      browseName: { namespaceIndex: model.own.index, name },
      nodeId: `s=${station.name}-RecipeManagement-Recipes-${name}`,
      componentOf: this.#folder,
      optionals: ['ExternalId'],
    });
    const ask = (method: 'PrepareRecipe' | 'UnprepareRecipe', user: string) => this.#ask(method, name, user);
    bindForOperators(model.method(object, 'Prepare'), access, async (_, user) => {
      const error = await ask('PrepareRecipe', user);
      return error === undefined ? undefined : [boolean(error === METHOD_ERRORS.OK), int32(error)];
    });
    bindForOperators(model.method(object, 'Unprepare'), access, async (_, user) => {
      const error = await ask('UnprepareRecipe', user);
      return error === undefined ? undefined : [int32(error)];
    });
    const node = { object, prepared: model.variable(object, 'IsPrepared') };
    this.#nodes.set(name, node);
    return node;
  }

  #describe(object: UAObject, recipe: StationRecipe): void {
    const { model } = this.#parts;
    const set = (name: string, value: VariantLike): void =>
      model.variable(object, name).setValueFromSource(value, StatusCodes.Good);
    set('InternalId', structure(recipeId(model, recipe)));
    set('ExternalId', structure(externalRecipeId(model, recipe.name)));
    set('LastModified', time(Date.now()));
  }

  #bind(management: UAObject): void {
    const { model, access } = this.#parts;
    bindForAll(model.method(management, 'GetRecipeListFiltered'), (args) => this.#list(args));
    bindForAll(model.method(management, 'ReleaseRecipeHandle'), (args) => [
      int32(this.#handles.release(args.number(0))),
    ]);
    bindForOperators(model.method(management, 'PrepareRecipe'), access, async (args, user) => {
      const name = this.#named(args);
      const error = await this.#ask('PrepareRecipe', name, user);
      return error === undefined ? undefined : [this.#idOf(name), boolean(error === METHOD_ERRORS.OK), int32(error)];
    });
    bindForOperators(model.method(management, 'UnprepareRecipe'), access, async (args, user) => {
      const name = this.#named(args);
      const error = await this.#ask('UnprepareRecipe', name, user);
      return error === undefined ? undefined : [this.#idOf(name), int32(error)];
    });
  }

  /** The recipe that the two ids mean; a hash that is not the model's means none. */
  #named(args: Arguments): string {
    const name = args.id(0) || args.id(1);
    const hash = args.hash(1);
    const recipe = this.#view.recipes.find((known) => known.name === name);
    return hash === '' || recipe?.model.sha256 === hash ? name : '';
  }

  /** Undefined where the state does not allow it. */
  async #ask(method: 'PrepareRecipe' | 'UnprepareRecipe', recipe: string, user: string): Promise<number | undefined> {
    const { calls, station } = this.#parts;
    const answer = await calls.ask(station.name, { method, recipe }, user);
    if (answer === undefined) return METHOD_ERRORS.NOT_CARRIED_OUT;
    return answer.kind === 'done' ? answer.error : undefined;
  }

  #idOf(name: string): VariantLike {
    const { model } = this.#parts;
    const recipe = this.#view.recipes.find((known) => known.name === name);
    return structure(recipe === undefined ? model.structure('RecipeIdInternalDataType', {}) : recipeId(model, recipe));
  }

  #list(args: Arguments): Outputs {
    const { model } = this.#parts;
    const [external, product, prepared] = [args.id(0), args.id(1), args.number(2)];
    const fits = ({ name }: StationRecipe): boolean => {
      if (prepared === TRUE && !this.#isPrepared(name)) return false;
      if (prepared === FALSE && this.#isPrepared(name)) return false;
      return product === '' && (external === '' || external === name);
    };
    const found = page(this.#view.recipes.filter(fits), args.number(4), args.number(3));
    const list: VariantLike = {
      dataType: DataType.ExtensionObject,
      arrayType: VariantArrayType.Array,
      value: found.items.map((recipe) => recipeId(model, recipe)),
    };
    const handle = uint32(this.#handles.give());
    return [boolean(found.complete), uint32(found.items.length), handle, list, int32(METHOD_ERRORS.OK)];
  }
}
