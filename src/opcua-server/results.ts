import type { UAObject, UAVariable } from 'node-opcua-address-space';
import { DataType, type ExtensionObject, StatusCodes, VariantArrayType, type VariantLike } from 'node-opcua-client';
import { Handles } from './handles.js';
import { type Arguments, bindForAll, boolean, int32, structure, uint32 } from './method-kit.js';
import { METHOD_ERRORS, type Result } from './protocol.js';
import { page, type ResultFilter, ResultRing } from './result-ring.js';
import type { StationParts } from './station-parts.js';
import { configurationId, type Fields, resultFields } from './structures.js';

const OPTIONAL_PARTS = [
  'IsSimulated',
  'MeasId',
  'PartId',
  'ExternalRecipeId',
  'ProcessingTimes',
  'ResultContent',
] as const;

/** The ResultManagement of one station: its newest results as variables, and the methods that find them. */
export class Results {
  readonly #parts: StationParts;
  readonly #ring: ResultRing;
  readonly #handles = new Handles();
  readonly #folder: UAObject;
  readonly #configuration: ExtensionObject;
  readonly #newest: UAVariable;
  readonly #slots: UAVariable[] = [];
  #next = 0;

  constructor(parts: StationParts, management: UAObject) {
    const { model, settings } = parts;
    this.#parts = parts;
    this.#ring = new ResultRing(settings.results, settings.gateway);
    this.#configuration = configurationId(model, settings);
    this.#folder = model.object(management, 'Results');
    this.#newest = this.#addVariable('Newest');
    this.#bind(management);
  }

  /** The fields of the result for the event; undefined where it is known already. */
  add(result: Result): Fields | undefined {
    if (!this.#ring.add(result)) return undefined;
    const fields = this.#fields(result);
    const value = this.#structure(fields);
    const at = this.#next;
    this.#next = (at + 1) % this.#parts.settings.results;
    const slot = this.#slots[at] ?? this.#addVariable(`Result${String(at + 1).padStart(3, '0')}`);
    this.#slots[at] = slot;
    for (const variable of [slot, this.#newest]) variable.setValueFromSource(structure(value), StatusCodes.Good);
    return fields;
  }

  #addVariable(name: string): UAVariable {
    const { model, station } = this.#parts;
    const variable = model.variableType('ResultType').instantiate({
      browseName: { namespaceIndex: model.own.index, name },
      nodeId: `s=${station.name}-ResultManagement-Results-${name}`,
      componentOf: this.#folder,
      optionals: [...OPTIONAL_PARTS],
    });
    variable.setValueFromSource(structure(this.#structure({})), StatusCodes.BadNoData);
    return variable;
  }

  #bind(management: UAObject): void {
    const { model } = this.#parts;
    bindForAll(model.method(management, 'GetResultById'), (args) => {
      const result = this.#ring.find(args.id(0));
      const handle = uint32(result === undefined ? 0 : this.#handles.give());
      return [handle, structure(this.#structureOf(result)), int32(errorOf(result))];
    });
    bindForAll(model.method(management, 'GetResultComponentsById'), (args) => {
      const result = this.#ring.find(args.id(0));
      const handle = result === undefined ? 0 : this.#handles.give();
      return this.#components(handle, result);
    });
    bindForAll(model.method(management, 'GetResultListFiltered'), (args) => {
      const found = page(this.#ring.matching(filterOf(args)), args.number(10), args.number(9));
      const list: VariantLike = {
        dataType: DataType.ExtensionObject,
        arrayType: VariantArrayType.Array,
        value: found.items.map((result) => this.#structure(this.#fields(result))),
      };
      const handle = uint32(this.#handles.give());
      return [boolean(found.complete), uint32(found.items.length), handle, list, int32(METHOD_ERRORS.OK)];
    });
    bindForAll(model.method(management, 'ReleaseResultHandle'), (args) => [
      int32(this.#handles.release(args.number(0))),
    ]);
  }

  #fields(result: Result): Fields {
    const { model, station } = this.#parts;
    return resultFields(model, result, station.simulated, this.#configuration);
  }

  #structure(fields: Fields): ExtensionObject {
    return this.#parts.model.structure('ResultDataType', fields);
  }

  /** Where there is no result the structure is empty. */
  #structureOf(result: Result | undefined): ExtensionObject {
    return this.#structure(result === undefined ? {} : this.#fields(result));
  }

  #components(handle: number, result: Result | undefined): VariantLike[] {
    const { model } = this.#parts;
    const fields = result === undefined ? {} : this.#fields(result);
    const part = (name: string, type: string): VariantLike =>
      structure((fields[name] as ExtensionObject | undefined) ?? model.structure(type, {}));
    const content = (fields['resultContent'] ?? []) as readonly unknown[];
    return [
      boolean(false),
      uint32(handle),
      boolean(false),
      boolean(fields['isSimulated'] === true),
      int32(Number(fields['resultState'] ?? 0)),
      part('measId', 'MeasIdDataType'),
      part('partId', 'PartIdDataType'),
      part('externalRecipeId', 'RecipeIdExternalDataType'),
      part('internalRecipeId', 'RecipeIdInternalDataType'),
      part('productId', 'ProductIdDataType'),
      part('externalConfigurationId', 'ConfigurationIdDataType'),
      part('internalConfigurationId', 'ConfigurationIdDataType'),
      part('jobId', 'JobIdDataType'),
      { dataType: DataType.DateTime, value: fields['creationTime'] ?? null },
      part('processingTimes', 'ProcessingTimesDataType'),
      { dataType: DataType.Variant, arrayType: VariantArrayType.Array, value: [...content] },
      int32(errorOf(result)),
    ];
  }
}

function errorOf(result: Result | undefined): number {
  return result === undefined ? METHOD_ERRORS.RESULT_UNKNOWN : METHOD_ERRORS.OK;
}

function filterOf(args: Arguments): ResultFilter {
  return {
    state: args.number(0),
    measId: args.id(1),
    partId: args.id(2),
    externalRecipe: args.id(3),
    internalRecipe: args.id(4),
    externalConfiguration: args.id(5),
    internalConfiguration: args.id(6),
    product: args.id(7),
    jobId: args.id(8),
  };
}
