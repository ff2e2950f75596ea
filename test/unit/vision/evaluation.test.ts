import { describe, expect, it } from 'vitest';
import { evaluate, type JudgedPicture } from '#jidoka/vision/evaluation.js';

const labels = ['good', 'crack', 'hole'];
const terms = { labels, goodLabel: 'good', goodThreshold: 0.6 };

function pictures(actual: string, predicted: string, goodScore: number, count: number): JudgedPicture[] {
  return Array.from({ length: count }, () => ({ actual, predicted, goodScore }));
}

describe('evaluate', () => {
  //              good  crack  hole   good score
  // good   10:     8     2     0     7 at 0.9, 1 at 0.55 (called good, yet below the threshold), 2 at 0.1
  // crack   4:     1     3     0     1 at 0.7 (escapes), 3 at 0.1
  // hole    2:     1     0     1     1 at 0.55 (called good, does not escape), 1 at 0.2
  const set = [
    ...pictures('good', 'good', 0.9, 7),
    ...pictures('good', 'good', 0.55, 1),
    ...pictures('good', 'crack', 0.1, 2),
    ...pictures('crack', 'good', 0.7, 1),
    ...pictures('crack', 'crack', 0.1, 3),
    ...pictures('hole', 'good', 0.55, 1),
    ...pictures('hole', 'hole', 0.2, 1),
  ];
  const evaluation = evaluate(set, terms);

  it('counts accuracy over all pictures and balanced accuracy over the classes', () => {
    expect(evaluation.n).toBe(16);
    expect(evaluation.accuracy).toBeCloseTo(12 / 16, 12);
    expect(evaluation.balancedAccuracy).toBeCloseTo((0.8 + 0.75 + 0.5) / 3, 12);
  });

  it('has a row for what the pictures are and a column for what they were called', () => {
    expect(evaluation.confusion).toEqual({
      good: { good: 8, crack: 2, hole: 0 },
      crack: { good: 1, crack: 3, hole: 0 },
      hole: { good: 1, crack: 0, hole: 1 },
    });
  });

  it('gives precision, recall and F1 of each class', () => {
    expect(evaluation.perClass['good']).toEqual({ precision: 0.8, recall: 0.8, f1: 0.8, support: 10 });
    expect(evaluation.perClass['crack']).toEqual({ precision: 0.6, recall: 0.75, f1: 6 / 9, support: 4 });
    expect(evaluation.perClass['hole']).toEqual({ precision: 1, recall: 0.5, f1: 2 / 3, support: 2 });
  });

  it('counts escapes and false rejects by the threshold, not by the top label', () => {
    expect(evaluation.escapeRate).toBeCloseTo(1 / 6, 12);
    expect(evaluation.falseRejectRate).toBeCloseTo(3 / 10, 12);
  });

  it('counts a good score right at the threshold as good', () => {
    const at = evaluate([...pictures('good', 'good', 0.6, 1), ...pictures('crack', 'crack', 0.6, 1)], terms);
    expect(at).toMatchObject({ escapeRate: 1, falseRejectRate: 0 });
  });

  it('says null where there is nothing to take a share of', () => {
    const onlyGood = evaluate(pictures('good', 'good', 0.9, 2), terms);
    expect(onlyGood).toMatchObject({ balancedAccuracy: 1, escapeRate: null, falseRejectRate: 0 });
    expect(onlyGood.perClass['hole']).toEqual({ precision: null, recall: null, f1: null, support: 0 });
    expect(evaluate([], terms)).toMatchObject({ n: 0, accuracy: null, balancedAccuracy: null, falseRejectRate: null });
  });

  it('has no rates of the gate for a model that only tells defects apart', () => {
    const judged = [{ actual: 'crack', predicted: 'crack', goodScore: null }];
    expect(evaluate(judged, { ...terms, goodLabel: null })).toMatchObject({ escapeRate: null, falseRejectRate: null });
  });
});
