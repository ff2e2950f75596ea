import { DataType, type ExtensionObject, Variant, VariantArrayType } from 'node-opcua-client';
import type { Inspection, InspectionResult } from '../domain/inspection.js';
import type { ReadingValue } from '../domain/reading.js';
import type { Decision } from '../domain/verdict.js';
import type { StationRecipe } from '../ports/controlled-station.js';
import type { Result, ServerSettings } from './protocol.js';
import { resultState } from './result-ring.js';
import type { VisionModel } from './vision-model.js';

/** The same numbers as in the PLC's tag `code`. */
const DECISION_CODES: Readonly<Record<Decision, number>> = { pass: 1, fail: 2, review: 3 };

export type Fields = Readonly<Record<string, unknown>>;

/** The identifier of a model file: with its hash, so that nobody has to trust the name. */
export function recipeId(model: VisionModel, { name, model: file }: StationRecipe): ExtensionObject {
  return model.structure('RecipeIdInternalDataType', {
    id: name,
    version: file.version,
    hash: Buffer.from(file.sha256, 'hex'),
    hashAlgorithm: 'SHA-256',
    description: { text: `model ${file.name} ${file.version}` },
  });
}

export function externalRecipeId(model: VisionModel, name: string): ExtensionObject {
  return model.structure('RecipeIdExternalDataType', { id: name });
}

export function configurationId(
  model: VisionModel,
  { gateway, configurationHash }: Pick<ServerSettings, 'gateway' | 'configurationHash'>,
): ExtensionObject {
  return model.structure('ConfigurationIdDataType', {
    id: gateway,
    hash: Buffer.from(configurationHash, 'hex'),
    hashAlgorithm: 'SHA-256',
  });
}

/** The fields of a result as the structure, the event and the components know them. */
export function resultFields(
  model: VisionModel,
  result: Result,
  simulated: boolean,
  configuration: ExtensionObject,
): Fields {
  const { inspection, jobId, measId, partId, recipe } = result;
  const { capturedAtMs, decidedAtMs, timing } = inspection;
  const processing = (timing.preprocessMs ?? 0) + (timing.inferenceMs ?? 0);
  return {
    resultId: model.structure('ResultIdDataType', { id: inspection.id }),
    isPartial: false,
    isSimulated: simulated,
    resultState: resultState(result),
    ...(measId !== undefined && { measId: model.structure('MeasIdDataType', { id: measId }) }),
    ...(partId !== undefined && { partId: model.structure('PartIdDataType', { id: partId }) }),
    externalRecipeId: externalRecipeId(model, recipe.name),
    internalRecipeId: recipeId(model, recipe),
    internalConfigurationId: configuration,
    jobId: model.structure('JobIdDataType', { id: jobId }),
    creationTime: new Date(decidedAtMs),
    processingTimes: model.structure('ProcessingTimesDataType', {
      startTime: new Date(Math.min(capturedAtMs, decidedAtMs)),
      endTime: new Date(decidedAtMs),
      processingDuration: processing,
    }),
    resultContent: resultContent(model, inspection),
  };
}

/** The verdict and all that led to it, as pairs of a name and a value. */
function resultContent(model: VisionModel, inspection: Inspection): Variant[] {
  const { verdict, result, snapshot, regions = [], recipe, lateMs } = inspection;
  const pairs: (readonly [string, Variant])[] = [
    ['verdict', scalar(DataType.String, verdict.decision)],
    ['code', scalar(DataType.Int16, DECISION_CODES[verdict.decision])],
    ...judged('', result),
    ['reasons', texts(verdict.reasons.map(({ code, text }) => `${code}: ${text}`))],
    ...(recipe === undefined ? [] : [['recipe', scalar(DataType.String, recipe)] as const]),
    ...(lateMs === undefined ? [] : [['lateMs', scalar(DataType.Double, lateMs)] as const]),
    ...regions.flatMap(({ name, decision, result: part }) => [
      [`region.${name}.verdict`, scalar(DataType.String, decision)] as const,
      ...judged(`region.${name}.`, part),
    ]),
    ...snapshot.readings.flatMap(({ sensor, value, status, unit }) => [
      [`reading.${sensor}`, reading(value)] as const,
      [`reading.${sensor}.status`, scalar(DataType.String, status)] as const,
      ...(unit === undefined ? [] : [[`reading.${sensor}.unit`, scalar(DataType.String, unit)] as const]),
    ]),
  ];
  return pairs.map(([key, value]) => scalar(DataType.ExtensionObject, model.pair(key, { ...value })));
}

function judged(prefix: string, result: InspectionResult | null): (readonly [string, Variant])[] {
  if (result === null) return [];
  return [
    [`${prefix}class`, scalar(DataType.String, result.label)],
    [`${prefix}score`, scalar(DataType.Double, result.score)],
    ...Object.entries(result.scores).map(
      ([label, score]) => [`${prefix}score.${label}`, scalar(DataType.Double, score)] as const,
    ),
  ];
}

function reading(value: ReadingValue): Variant {
  if (typeof value === 'number') return scalar(DataType.Double, value);
  if (typeof value === 'boolean') return scalar(DataType.Boolean, value);
  return value === null ? new Variant({ dataType: DataType.Null }) : scalar(DataType.String, value);
}

function scalar(dataType: DataType, value: unknown): Variant {
  return new Variant({ dataType, value });
}

function texts(value: readonly string[]): Variant {
  return new Variant({ dataType: DataType.String, arrayType: VariantArrayType.Array, value: [...value] });
}
