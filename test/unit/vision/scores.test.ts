import { describe, expect, it } from 'vitest';
import { probabilities, topLabel } from '#jidoka/vision/scores.js';

const labels = ['a', 'b', 'c'];
const logits = (temperature = 1) => ({ labels, activation: 'logits' as const, temperature });
const softmax = { labels, activation: 'softmax' as const, temperature: 1 };

describe('probabilities', () => {
  it('makes a softmax of logits', () => {
    // e^0 = 1, e^ln2 = 2, e^ln5 = 5: shares of 8.
    const scores = probabilities(Float32Array.of(0, Math.log(2), Math.log(5)), logits());
    expect([...scores]).toEqual([0.125, 0.25, 0.625].map((value) => expect.closeTo(value, 6)));
  });

  it('divides logits by the temperature first', () => {
    const scores = probabilities(Float32Array.of(0, 2 * Math.log(2), 2 * Math.log(5)), logits(2));
    expect([...scores]).toEqual([0.125, 0.25, 0.625].map((value) => expect.closeTo(value, 6)));
  });

  it('survives logits whose exponential is infinite', () => {
    expect([...probabilities(Float32Array.of(1000, 1000, -1000), logits())]).toEqual([0.5, 0.5, 0]);
  });

  it('leaves probabilities as they are', () => {
    const scores = Float32Array.of(0.25, 0.5, 0.25);
    expect(probabilities(scores, softmax)).toEqual(scores);
  });

  it.each([
    ['NaN', [0.5, Number.NaN, 0.5], 'the score of "b"', 'NaN'],
    ['infinity', [Number.POSITIVE_INFINITY, 0, 0], 'the score of "a"', 'Infinity'],
    ['a value above 1', [0, 0, 2], 'the score of "c"', '2'],
    ['a value below 0', [1, -0.5, 0.5], 'the score of "b"', '-0.5'],
    ['a sum that is not 1', [0.9, 0.9, 0.9], undefined, 'scores that sum to 2.7000'],
    ['too few values', [0.5, 0.5], undefined, '2 values'],
  ])('refuses %s', (_, values, where, got) => {
    expect(() => probabilities(Float32Array.from(values), softmax)).toThrowError(
      expect.objectContaining({ code: 'INFERENCE_ERROR', consequence: 'degraded', where, got }),
    );
  });

  it('refuses logits that are not finite', () => {
    expect(() => probabilities(Float32Array.of(0, Number.NaN, 0), logits())).toThrowError('INFERENCE_ERROR');
  });
});

describe('topLabel', () => {
  it('takes the highest score, the first of equals', () => {
    expect(topLabel(Float32Array.of(0.25, 0.5, 0.25), labels)).toEqual({ label: 'b', score: 0.5 });
    expect(topLabel(Float32Array.of(0.5, 0.5, 0), labels)).toEqual({ label: 'a', score: 0.5 });
  });
});
