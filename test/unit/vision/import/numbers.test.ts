import { describe, expect, it } from 'vitest';
import { settleActivation, toProbabilities } from '#jidoka/vision/import/activation.js';
import { compare } from '#jidoka/vision/import/comparison.js';
import { otherLabelOrder } from '#jidoka/vision/import/label-order.js';
import { spread } from '#jidoka/vision/import/samples.js';
import { scalingsFor } from '#jidoka/vision/import/scaling.js';

const color = { channels: 3, type: 'float32' } as const;
const grey = { channels: 1, type: 'float32' } as const;

/** The value that a pixel becomes, channel by channel. */
function values(
  { scale, mean, std }: { scale: number; mean: readonly number[]; std: readonly number[] },
  pixel: number,
) {
  return [0, 1, 2].map((channel) => (pixel * scale - (mean[channel] ?? mean[0] ?? 0)) / (std[channel] ?? std[0] ?? 1));
}

describe('scalingsFor', () => {
  it.each([
    ['0..1', [0, 1]],
    ['-1..1', [-1, 1]],
    ['0..255', [0, 255]],
    ['0..16', [0, 16]],
    ['-0.5..0.5', [-0.5, 0.5]],
  ])('brings pixels to %s', (scale, [low, high]) => {
    const [scaling] = scalingsFor(grey, { scale }, '');
    expect(values(scaling, 0)[0]).toBeCloseTo(low ?? Number.NaN, 9);
    expect(values(scaling, 255)[0]).toBeCloseTo(high ?? Number.NaN, 9);
    expect(Object.is(scaling.mean[0], -0)).toBe(false);
  });

  it('knows the numbers of ImageNet and of caffe', () => {
    const [imagenet] = scalingsFor(color, { scale: 'imagenet' }, '');
    expect(values(imagenet, 255).map((value) => value.toFixed(4))).toEqual(['2.2489', '2.4286', '2.6400']);
    const [caffe] = scalingsFor(color, { scale: 'caffe' }, '');
    expect(caffe.order).toBe('bgr');
    expect(values(caffe, 0)).toEqual([-103.939, -116.779, -123.68]);
  });

  it('takes a mean and a deviation of values from 0 to 1', () => {
    const [scaling] = scalingsFor(color, { mean: [0.5], std: [0.25] }, '');
    expect(values(scaling, 255)).toEqual([2, 2, 2]);
  });

  it('leaves open what no option says, the most usual of the exporter first', () => {
    const names = (producer: string) => scalingsFor(color, {}, producer).map(({ name, order }) => `${name} ${order}`);
    expect(names('pytorch 2.9.0')).toHaveLength(9);
    expect(names('pytorch 2.9.0')[0]).toBe('imagenet rgb');
    expect(names('tf2onnx 1.17.0')[0]).toBe('0..1 rgb');
    expect(scalingsFor(grey, {}, '').map(({ name }) => name)).toEqual(['0..1', '-1..1', '0..255']);
    expect(scalingsFor({ channels: 3, type: 'uint8' }, {}, '').map(({ order }) => order)).toEqual(['rgb', 'bgr']);
    expect(scalingsFor(color, { order: 'bgr' }, '').every(({ order }) => order === 'bgr')).toBe(true);
  });

  it.each([
    ['--scale', color, { scale: '1..0' }],
    ['--scale', color, { scale: 'vgg' }],
    ['--scale', { channels: 3, type: 'uint8' }, { scale: '0..1' }],
    ['--scale imagenet', grey, { scale: 'imagenet' }],
    ['--scale imagenet', color, { scale: 'imagenet', mean: [0.5] }],
    ['--scale caffe', color, { scale: 'caffe', order: 'rgb' }],
    ['--mean', grey, { mean: [1, 2, 3] }],
    ['--std', color, { std: [1, 0, 1] }],
    ['--color bgr', grey, { order: 'bgr' }],
  ] as const)('refuses %s where it does not fit (%#)', (option, input, given) => {
    expect(() => scalingsFor(input, given, '')).toThrowError(
      expect.objectContaining({ code: 'IMPORT_OPTION_UNFIT', where: expect.stringContaining(option) }),
    );
  });
});

describe('settleActivation', () => {
  const probabilities = [Float32Array.of(0.9, 0.1), Float32Array.of(0.3, 0.7)];
  const logits = [Float32Array.of(-2, 5), Float32Array.of(1, 0)];
  const sigmoids = [Float32Array.of(0.9, 0.8), Float32Array.of(0.1, 0.2)];

  it('tells probabilities from logits', () => {
    expect(settleActivation(probabilities, undefined, 'm')).toBe('softmax');
    expect(settleActivation(logits, undefined, 'm')).toBe('logits');
    // ln of probabilities: its softmax is the probabilities again.
    expect(settleActivation([Float32Array.of(Math.log(0.9), Math.log(0.1))], undefined, 'm')).toBe('logits');
  });

  it('refuses a sigmoid a class unless they are said to be logits', () => {
    expect(() => settleActivation(sigmoids, undefined, 'm')).toThrowError(/do not sum to 1, such as 0.900, 0.800/);
    expect(() => settleActivation(sigmoids, 'softmax', 'm')).toThrowError(/do not sum to 1/);
    expect(settleActivation(sigmoids, 'logits', 'm')).toBe('logits');
  });

  it('refuses values that are not finite, and an option that the values contradict', () => {
    expect(() => settleActivation([Float32Array.of(Number.NaN, 1)], undefined, 'm')).toThrowError(/score NaN/);
    const unfit = expect.objectContaining({ code: 'IMPORT_OPTION_UNFIT' });
    expect(() => settleActivation(probabilities, 'logits', 'm')).toThrowError(unfit);
    expect(() => settleActivation(logits, 'softmax', 'm')).toThrowError(unfit);
  });

  it('makes probabilities of logits without overflow', () => {
    expect([...toProbabilities(Float32Array.of(1000, 1000), 'logits')]).toEqual([0.5, 0.5]);
  });
});

/** Probabilities of two labels for pictures that are label 0 in the first half and label 1 in the second. */
const actual = Array.from({ length: 20 }, (_, index) => (index < 10 ? 0 : 1));
function trial(candidate: string, confidence: (index: number) => number) {
  const probabilities = actual.map((label, index) => {
    const right = confidence(index);
    return label === 0 ? Float32Array.of(right, 1 - right) : Float32Array.of(1 - right, right);
  });
  return { candidate, probabilities };
}

describe('compare', () => {
  it('finds the one that is right clearly more often', () => {
    const right = trial('right', (index) => (index % 10 === 0 ? 0.4 : 0.8));
    const wrong = trial('wrong', (index) => (index % 2 === 0 ? 0.9 : 0.1));
    const comparison = compare([wrong, right], actual);
    expect(comparison.best).toMatchObject({ candidate: 'right', accuracy: 0.9 });
    expect(comparison.rivals).toEqual([]);
    expect(comparison.ranked.map(({ candidate }) => candidate)).toEqual(['right', 'wrong']);
  });

  it('does not take more confidence for a better fit', () => {
    const usual = trial('usual', () => 0.8);
    const bold = trial('bold', () => 0.999);
    const comparison = compare([usual, bold], actual);
    expect(comparison.best.candidate).toBe('usual');
    expect(comparison.rivals.map(({ candidate }) => candidate)).toEqual(['bold']);
  });

  it('takes the most usual of those that give the same', () => {
    const comparison = compare([trial('usual', () => 0.7), trial('same', () => 0.70001)], actual);
    expect(comparison).toMatchObject({ best: { candidate: 'usual' }, rivals: [], differs: false });
  });

  it('calls nothing clear by a handful of pictures', () => {
    const few = (candidate: string, right: number) => ({
      candidate,
      probabilities: trial(candidate, () => right).probabilities.slice(0, 4),
    });
    const { best, rivals } = compare([few('wrong', 0.1), few('right', 0.9)], actual.slice(0, 4));
    expect(best.candidate).toBe('right');
    expect(rivals.map(({ candidate }) => candidate)).toEqual(['wrong']);
  });
});

describe('otherLabelOrder', () => {
  const labels = ['good', 'dent', 'scratch'];
  // What the model means by its outputs: scratch, good, dent.
  const meant = [2, 0, 1];
  const pictures = Array.from({ length: 12 }, (_, index) => index % 3);
  const confused = pictures.map((label) => Float32Array.from(meant, (output) => (output === label ? 0.8 : 0.1)));

  it('finds the order in which the labels fit', () => {
    expect(otherLabelOrder(confused, pictures, labels)).toEqual({ labels: ['scratch', 'good', 'dent'], accuracy: 1 });
  });

  it('says nothing of the right order, of a model that does not tell classes apart, and of few pictures', () => {
    const right = pictures.map((label) => Float32Array.from([0, 1, 2], (output) => (output === label ? 0.8 : 0.1)));
    expect(otherLabelOrder(right, pictures, labels)).toBeUndefined();
    const blind = pictures.map(() => Float32Array.of(0.1, 0.8, 0.1));
    expect(otherLabelOrder(blind, pictures, labels)).toBeUndefined();
    expect(otherLabelOrder(confused.slice(0, 6), pictures.slice(0, 6), labels)).toBeUndefined();
  });
});

describe('spread', () => {
  it('takes as many as asked, evenly', () => {
    const items = Array.from({ length: 100 }, (_, index) => index);
    expect(spread(items, 4)).toEqual([0, 25, 50, 75]);
    expect(spread(items, 7)).toHaveLength(7);
    expect(spread(items, 200)).toEqual(items);
  });
});
