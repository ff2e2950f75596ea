import { messageOf } from '../base/errors.js';

/** Golden samples as a session runs them. */
export interface GoldenSet {
  /** Greatest difference of any score that is still the same model. */
  readonly tolerance: number;
  readonly samples: readonly GoldenInput[];
}

export interface GoldenInput {
  readonly file: string;
  /** Pixels of the model's input, as `preprocess` gives them. */
  readonly pixels: Uint8Array;
  /** One probability a label. */
  readonly scores: readonly number[];
}

/** The score that is farthest from what it must be. */
export interface Deviation {
  readonly file: string;
  /** What the score is of and what it is, or why there is none. */
  readonly got: string;
  readonly expected: string;
}

/**
 * Runs every golden sample.
 * @param infer gives one probability a label for the pixels of a model's input
 * @returns the largest difference of a score beyond the tolerance; a run that fails counts as the largest
 */
export async function worstDeviation(
  { tolerance, samples }: GoldenSet,
  labels: readonly string[],
  infer: (pixels: Uint8Array) => Promise<Float32Array>,
): Promise<Deviation | undefined> {
  let worst: { readonly difference: number; readonly deviation: Deviation } | undefined;
  for (const { file, pixels, scores } of samples) {
    let got: Float32Array;
    try {
      got = await infer(pixels);
    } catch (error) {
      return { file, got: messageOf(error), expected: 'one probability a label' };
    }
    for (const [index, expected] of scores.entries()) {
      const score = got[index] ?? 0;
      const difference = Math.abs(score - expected);
      if (difference <= Math.max(tolerance, worst?.difference ?? 0)) continue;
      const deviation = {
        file,
        got: `${score.toFixed(5)} for "${labels[index]}"`,
        expected: `${expected.toFixed(5)} within ${tolerance}`,
      };
      worst = { difference, deviation };
    }
  }
  return worst?.deviation;
}
