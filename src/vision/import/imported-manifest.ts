import { basename } from 'node:path';
import type { Manifest } from '../manifest.js';
import type { Activation } from './activation.js';
import type { InspectedModel } from './inspect.js';
import { MODEL_FILE, type Target } from './write-package.js';

/** An imported model has one form; what `scripts/train` makes of a network has several. */
export const IMPORTED_VARIANT = 'imported';

const NOT_STATED = 'not stated';

/** What was found out of a model by trying it. */
export interface TriedModel {
  /** In the order that fits the output. */
  readonly labels: readonly string[];
  readonly preprocessing: Manifest['preprocessing'];
  readonly activation: Activation;
  readonly map: Manifest['output']['map'];
}

export interface ImportFacts {
  readonly model: Pick<InspectedModel, 'file' | 'sha256' | 'onnx'>;
  readonly target: Target;
  readonly input: Manifest['input'];
  /** Name of the output with the scores. */
  readonly scores: string;
  readonly trial: TriedModel;
  readonly goodLabel: string | null;
  readonly license: string | undefined;
  readonly source: string | undefined;
}

/** The manifest of an imported model, without golden samples: figures and thresholds come with an evaluation. */
export function importedManifest(facts: ImportFacts): Manifest {
  const { model, target, input, scores, trial, goodLabel, license, source } = facts;
  const { producer, parameters } = model.onnx;
  return {
    schemaVersion: 1,
    name: target.name,
    version: target.version,
    description: `${trial.labels.length} classes, imported from ${basename(model.file)}`,
    labels: [...trial.labels],
    goodLabel,
    input,
    preprocessing: trial.preprocessing,
    output: { name: scores, activation: trial.activation, map: trial.map },
    variants: {
      [IMPORTED_VARIANT]: {
        file: MODEL_FILE,
        sha256: model.sha256,
        description: producer === '' ? 'As it was exported' : `As it was exported by ${producer}`,
        parameters: parameters > 0 ? parameters : null,
        multiplyAdds: null,
        latencyRatio: null,
        temperature: 1,
        goodThreshold: 0.5,
        thresholds: [],
        metrics: null,
      },
    },
    defaultVariant: IMPORTED_VARIANT,
    golden: null,
    license: license ?? NOT_STATED,
    dataSource: source ?? NOT_STATED,
    validation: null,
    training: null,
  };
}
