import { topIndex } from './comparison.js';

export interface LabelOrder {
  /** The labels in the order in which they fit. */
  readonly labels: readonly string[];
  readonly accuracy: number;
}

/** Fewer pictures of a class may all be wrong by chance. */
const FEWEST_PICTURES = 3;
const FITS_FROM = 0.7;
const BETTER_BY = 0.3;

/**
 * Whether the labels were named in another order than the model has them: the model tells the classes apart, under other
 * names. Class folders sort by name in most frameworks, which is easily overlooked.
 * @param actual index of the label of each picture
 * @returns the order that fits, or undefined where the given one does or none does
 */
export function otherLabelOrder(
  probabilities: readonly Float32Array[],
  actual: readonly number[],
  labels: readonly string[],
): LabelOrder | undefined {
  const counts = labels.map(() => labels.map(() => 0));
  for (const [picture, scores] of probabilities.entries()) {
    const row = counts[topIndex(scores)];
    const column = actual[picture] ?? 0;
    if (row !== undefined) row[column] = (row[column] ?? 0) + 1;
  }
  const support = labels.map((_, label) => actual.filter((index) => index === label).length);
  if (support.some((count) => count < FEWEST_PICTURES)) return undefined;
  // For each output the class of most of the pictures that it is highest for.
  const meant = counts.map((row) => row.indexOf(Math.max(...row)));
  if (new Set(meant).size !== labels.length) return undefined;
  const right = (order: readonly number[]): number =>
    order.reduce((sum, label, output) => sum + (counts[output]?.[label] ?? 0), 0) / actual.length;
  const accuracy = right(meant);
  if (accuracy < FITS_FROM || accuracy < right(labels.map((_, index) => index)) + BETTER_BY) return undefined;
  return { labels: meant.map((label) => labels[label] ?? ''), accuracy };
}
