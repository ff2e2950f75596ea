import { visionErrors } from './errors.js';

/** How far the sum of a model's own softmax may be from 1: half-precision providers round coarsely. */
const SUM_TOLERANCE = 0.01;

/** What the output of a model means. */
export interface ScoreForm {
  readonly labels: readonly string[];
  readonly activation: 'softmax' | 'logits';
  /** Of the variant that runs; 1 where the graph ends in a softmax. */
  readonly temperature: number;
}

/**
 * Turns the model's output into probabilities: the softmax of the logits divided by the temperature (Guo et al. 2017),
 * or the output as it is where the graph ends in a softmax.
 * @param output one value a label
 * @throws INFERENCE_ERROR for values that are not finite, not probabilities, or of the wrong number
 */
export function probabilities(output: Float32Array, { labels, activation, temperature }: ScoreForm): Float32Array {
  if (output.length !== labels.length) {
    throw visionErrors.INFERENCE_ERROR({ got: `${output.length} values`, expected: `${labels.length}, one a label` });
  }
  const bad = output.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw visionErrors.INFERENCE_ERROR({
      where: `the score of "${labels[bad]}"`,
      got: String(output[bad]),
      expected: 'a finite number',
    });
  }
  return activation === 'logits' ? softmax(output, temperature) : checked(output, labels);
}

/** The label with the highest score; the first of several that are equal. */
export function topLabel(
  scores: Float32Array,
  labels: readonly string[],
): { readonly label: string; readonly score: number } {
  const index = scores.reduce((best, score, position) => (score > (scores[best] ?? 0) ? position : best), 0);
  return { label: labels[index] ?? '', score: scores[index] ?? 0 };
}

function softmax(logits: Float32Array, temperature: number): Float32Array {
  // The largest is taken off first, so that no exponential overflows.
  const largest = logits.reduce((max, value) => Math.max(max, value), Number.NEGATIVE_INFINITY);
  const exponentials = Array.from(logits, (value) => Math.exp((value - largest) / temperature));
  const sum = exponentials.reduce((total, value) => total + value, 0);
  return Float32Array.from(exponentials, (value) => value / sum);
}

function checked(scores: Float32Array, labels: readonly string[]): Float32Array {
  const outside = scores.findIndex((value) => value < -SUM_TOLERANCE || value > 1 + SUM_TOLERANCE);
  if (outside >= 0) {
    throw visionErrors.INFERENCE_ERROR({
      where: `the score of "${labels[outside]}"`,
      got: String(scores[outside]),
      expected: 'a probability from 0 to 1; a graph that ends without a softmax needs "activation": "logits"',
    });
  }
  const sum = scores.reduce((total, value) => total + value, 0);
  if (Math.abs(sum - 1) > SUM_TOLERANCE) {
    throw visionErrors.INFERENCE_ERROR({ got: `scores that sum to ${sum.toFixed(4)}`, expected: 'a sum of 1' });
  }
  return scores;
}
