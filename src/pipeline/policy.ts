import type { StationConfig } from '../config/schema/station.js';
import type { ClassRule, VerdictPolicy } from '../domain/verdict.js';
import type { ClassifierInfo } from '../ports/classifier.js';
import { pipelineErrors } from './errors.js';

const DEFAULT_THRESHOLD = 0.5;

/**
 * The station's verdict policy for one model: a rule for every label but the good one.
 * @throws JidokaError PIPELINE_UNKNOWN_CLASS (config) when a rule names a class that the model does not have.
 */
export function verdictPolicy(station: StationConfig, model: ClassifierInfo): VerdictPolicy {
  const { verdict, sensors } = station;
  for (const label of Object.keys(verdict.classes)) {
    if (model.labels.includes(label)) continue;
    throw pipelineErrors.PIPELINE_UNKNOWN_CLASS({
      where: `station ${station.name}, verdict.classes.${label}`,
      got: label,
      expected: `one of ${model.labels.join(', ')}`,
    });
  }
  const fallback: ClassRule = { action: verdict.defaultAction, threshold: DEFAULT_THRESHOLD };
  return {
    goodLabel: model.goodLabel,
    classes: new Map(model.labels.map((label) => [label, verdict.classes[label] ?? fallback])),
    minimumPassConfidence: verdict.minimumPassConfidence ?? model.goodThreshold,
    sensors: sensors.map(({ name, min, max }) => ({
      sensor: name,
      ...(min !== undefined && { min }),
      ...(max !== undefined && { max }),
    })),
    requiredSensors: new Set(sensors.filter(({ required }) => required).map(({ name }) => name)),
  };
}
