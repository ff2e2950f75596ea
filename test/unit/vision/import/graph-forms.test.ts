import { describe, expect, it } from 'vitest';
import type { TensorDescription } from '#jidoka/vision/graph.js';
import { type GivenInput, proposeInput } from '#jidoka/vision/import/input-form.js';
import { NO_TENSOR, proposeOutputs } from '#jidoka/vision/import/output-form.js';

type Shape = TensorDescription['shape'];

function input(shape: Shape, given: GivenInput = {}, type = 'float32') {
  return proposeInput([{ name: 'x', type, shape }], given, 'm.onnx');
}

function float32(name: string, ...shape: Shape): TensorDescription {
  return { name, type: 'float32', shape };
}

function problem(code: string, parts: Record<string, string>) {
  return expect.objectContaining({
    code,
    ...Object.fromEntries(Object.entries(parts).map(([key, text]) => [key, expect.stringContaining(text)])),
  });
}

describe('proposeInput', () => {
  it.each([
    ['PyTorch', ['batch_size', 3, 224, 256], {}, { layout: 'NCHW', width: 256, height: 224, channels: 3 }],
    ['PyTorch of batch 1, grey', [1, 1, 64, 96], {}, { layout: 'NCHW', width: 96, height: 64, channels: 1 }],
    ['Keras', ['unk__0', 24, 32, 3], {}, { layout: 'NHWC', width: 32, height: 24, channels: 3 }],
    ['channels that are open', ['', undefined, 24, 32], { channels: 1 }, { layout: 'NCHW', channels: 1, width: 32 }],
    ['a size that is open', ['b', 3, 'h', 'w'], { size: { width: 40, height: 30 } }, { width: 40, height: 30 }],
    ['both orders possible', [1, 3, 32, 3], { layout: 'NHWC' }, { layout: 'NHWC', height: 3, width: 32 }],
    ['a flat grey square', ['', 256], {}, { layout: 'FLAT', width: 16, height: 16, channels: 1 }],
    ['a flat colour square', ['', 768], {}, { layout: 'FLAT', width: 16, height: 16, channels: 3 }],
    ['a flat row of given size', ['', 300], { size: { width: 20, height: 5 } }, { width: 20, height: 5, channels: 3 }],
    ['a row of any length', ['', ''], { size: { width: 9, height: 8 }, channels: 1 }, { width: 9, channels: 1 }],
  ] as const)('reads %s', (_, shape, given, expected) => {
    expect(input(shape, given)).toMatchObject({ kind: 'settled', input: { name: 'x', type: 'float32', ...expected } });
  });

  it.each([
    ['the order', [1, 3, 32, 3], {}, 'layout'],
    ['the order of all open axes', ['n', 'a', 'b', 'c'], {}, 'layout'],
    ['the size', ['n', 3, 'h', 'w'], {}, 'size'],
    ['the size where one side is open', ['n', 3, 224, 'w'], {}, 'size'],
    ['the channels', ['n', 'c', 24, 32], {}, 'channels'],
    ['the size of a row that is no square', ['n', 250], {}, 'size'],
    ['the size of a row as short as measured values', ['n', 49], {}, 'size'],
    ['the size of a square row in another colour', ['n', 256], { channels: 3 }, 'size'],
    ['the channels of a row', ['n', ''], { size: { width: 8, height: 8 } }, 'channels'],
  ] as const)('asks for %s', (_, shape, given, field) => {
    expect(input(shape, given)).toMatchObject({ kind: 'open', field });
  });

  it.each([
    ['a fixed batch', [8, 3, 24, 32], 'float32', { got: 'a fixed batch of 8', hint: 'sample of batch 1' }],
    ['three axes', [1, 80, 300], 'float32', { got: '3 axes [1, 80, 300]', hint: 'sound' }],
    ['four channels', [1, 4, 24, 32], 'float32', { got: 'axes of 4 and 32', hint: 'RGBA' }],
    ['half precision', [1, 3, 24, 32], 'float16', { got: 'float16', hint: 'keep_io_types=True' }],
    ['double precision', [1, 256], 'float64', { got: 'float64', hint: 'FloatTensorType' }],
    ['text', [1, 1], 'string', { got: 'string', hint: 'Text' }],
    ['whole numbers', [1, 3, 24, 32], 'int64', { got: 'int64', hint: 'Cast' }],
  ] as const)('refuses %s', (_, shape, type, parts) => {
    expect(() => input(shape, {}, type)).toThrowError(problem('IMPORT_GRAPH_UNSUITABLE', parts));
  });

  it.each([
    ['--layout', [1, 3, 24, 32], { layout: 'NHWC' }, '32 in the place of the channels'],
    ['--layout', [1, 256], { layout: 'NCHW' }, 'two axes'],
    ['--size', [1, 3, 24, 32], { size: { width: 24, height: 32 } }, 'width 32 and height 24'],
    ['--size', [1, 256], { size: { width: 15, height: 17 } }, '256 values'],
    ['--color', [1, 3, 24, 32], { channels: 1 }, '3 channels'],
  ] as const)('refuses %s that contradicts the graph', (option, shape, given, got) => {
    expect(() => input(shape, given)).toThrowError(problem('IMPORT_OPTION_UNFIT', { where: option, got }));
  });

  it('refuses several inputs and names them', () => {
    const inputs = [float32('image', 1, 3, 8, 8), float32('size', 2)];
    expect(() => proposeInput(inputs, {}, 'm.onnx')).toThrowError(
      problem('IMPORT_GRAPH_UNSUITABLE', { got: '2 inputs: "image", "size"' }),
    );
  });
});

describe('proposeOutputs', () => {
  const label = { name: 'label', type: 'int64', shape: [''] };

  it.each([
    ['PyTorch', [float32('fc', 'b', 3)], { scores: 'fc', map: null }],
    ['scikit-learn', [label, float32('probabilities', '', 3)], { scores: 'probabilities', map: null }],
    ['an open number of scores', [float32('y', 'b', '')], { scores: 'y' }],
    ['a map', [float32('fc', 1, 3), float32('cam', 1, 7, 7, 3)], { scores: 'fc', map: 'cam' }],
    ['no map of other classes', [float32('fc', 1, 3), float32('features', 1, 7, 7, 64)], { map: null }],
  ] as const)('reads %s', (_, outputs, expected) => {
    expect(proposeOutputs(outputs, 3, {}, 'm.onnx')).toMatchObject({ kind: 'settled', ...expected });
  });

  it('asks which of several has the scores, and takes the one that is named', () => {
    const outputs = [float32('aux', 1, 3), float32('main', 1, 3)];
    expect(proposeOutputs(outputs, 3, {}, 'm.onnx')).toEqual({ kind: 'open', candidates: ['aux', 'main'] });
    expect(proposeOutputs(outputs, 3, { output: 'main' }, 'm.onnx')).toMatchObject({ scores: 'main' });
  });

  it('leaves a map out that the user says is none', () => {
    const outputs = [float32('fc', 1, 3), float32('cam', 1, 7, 7, 3)];
    expect(proposeOutputs(outputs, 3, { map: 'none' }, 'm.onnx')).toMatchObject({ map: null });
  });

  it.each([
    ['a ZipMap', [label, { name: 'p', type: NO_TENSOR, shape: [] }], { where: '"p"', hint: "{'zipmap': False}" }],
    ['one sigmoid', [float32('y', '', 1)], { got: 'one score', hint: 'export two classes' }],
    ['more scores than labels', [float32('y', '', 1000)], { got: '1000 scores, and 3 labels', hint: 'all 1000' }],
    ['boxes', [float32('boxes', 1, 100, 4)], { hint: 'detection' }],
    ['masks', [float32('masks', 1, 3, 24, 32)], { hint: 'segmentation' }],
    ['scores that are not flattened', [float32('pool', 1, 3, 1, 1)], { hint: 'Flatten' }],
    ['half precision', [{ name: 'y', type: 'float16', shape: [1, 3] }], { hint: 'keep_io_types=True' }],
    ['the class alone', [label], { got: 'int64', hint: 'scores of all classes' }],
    ['a fixed batch', [float32('y', 4, 3)], { got: 'a fixed batch of 4' }],
  ] as const)('refuses %s', (_, outputs, parts) => {
    expect(() => proposeOutputs(outputs, 3, {}, 'm.onnx')).toThrowError(problem('IMPORT_GRAPH_UNSUITABLE', parts));
  });

  it('refuses names that the graph does not have, and a map in the order of PyTorch', () => {
    const outputs = [float32('fc', 1, 3), float32('cam', 1, 3, 7, 7)];
    expect(() => proposeOutputs(outputs, 3, { output: 'y' }, 'm.onnx')).toThrowError(
      problem('IMPORT_OPTION_UNFIT', { where: '--output', expected: '"fc", "cam"' }),
    );
    expect(() => proposeOutputs(outputs, 3, { map: 'cam' }, 'm.onnx')).toThrowError(
      problem('IMPORT_OPTION_UNFIT', { where: '--map cam', hint: 'permute(0, 2, 3, 1)' }),
    );
  });
});
