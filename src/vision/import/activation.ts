import { visionErrors } from '../errors.js';
import type { Manifest } from '../manifest.js';

export type Activation = Manifest['output']['activation'];

/** How far the sum of probabilities may be from 1, as for the scores of every part. */
const SUM_TOLERANCE = 0.01;

/**
 * Tells probabilities from logits by what the model gives for several pictures.
 * @param outputs one value a label for each picture
 * @param given what the user says; it decides where the values leave it open
 * @throws IMPORT_GRAPH_UNSUITABLE for values that are neither: not finite, or from a sigmoid a class;
 * IMPORT_OPTION_UNFIT where they contradict what is given
 */
export function settleActivation(
  outputs: readonly Float32Array[],
  given: Activation | undefined,
  where: string,
): Activation {
  const broken = outputs.flatMap((values) => [...values]).find((value) => !Number.isFinite(value));
  if (broken !== undefined) {
    throw visionErrors.IMPORT_GRAPH_UNSUITABLE({
      where,
      got: `the score ${broken} for a picture`,
      expected: 'finite numbers',
      hint: 'Check the model in its own framework with the same pictures, and that --scale is the scaling it was trained with.',
    });
  }
  const inside = outputs.every((values) =>
    values.every((value) => value >= -SUM_TOLERANCE && value <= 1 + SUM_TOLERANCE),
  );
  const sumToOne = outputs.every((values) => Math.abs(total(values) - 1) <= SUM_TOLERANCE);
  const found = !inside ? 'logits' : sumToOne ? 'softmax' : undefined;
  if (found === undefined && given === 'logits') return 'logits';
  if (found === undefined) throw neither(outputs, where);
  if (given === undefined || given === found) return found;
  throw visionErrors.IMPORT_OPTION_UNFIT({
    where: `--activation ${given} for ${where}`,
    got: `values such as ${shown(outputs[0])}`,
    expected: found === 'logits' ? 'probabilities from 0 to 1' : 'values that are not probabilities already',
    hint: `The output is ${found}: leave --activation out.`,
  });
}

function neither(outputs: readonly Float32Array[], where: string): Error {
  return visionErrors.IMPORT_GRAPH_UNSUITABLE({
    where,
    got: `scores from 0 to 1 that do not sum to 1, such as ${shown(outputs[0])}`,
    expected: 'probabilities of classes that exclude each other, or logits',
    hint: 'A sigmoid a class does not say which class a part is: export the values before it, or train with a softmax. If these are logits, give --activation logits.',
  });
}

function shown(values: Float32Array = new Float32Array()): string {
  return [...values.subarray(0, 6)].map((value) => value.toFixed(3)).join(', ');
}

/** Probabilities of what a model gives, to compare and to show; softmax of logits with a temperature of 1. */
export function toProbabilities(values: Float32Array, activation: Activation): Float32Array {
  if (activation === 'softmax') return values;
  const largest = values.reduce((max, value) => Math.max(max, value), Number.NEGATIVE_INFINITY);
  const exponentials = values.map((value) => Math.exp(value - largest));
  const sum = total(exponentials);
  return exponentials.map((value) => value / sum);
}

function total(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}
