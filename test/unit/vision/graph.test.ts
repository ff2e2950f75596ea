import { describe, expect, it } from 'vitest';
import { checkGraph, type GraphDescription, inputShape } from '#jidoka/vision/graph.js';
import { parseManifest } from '#jidoka/vision/manifest-problems.js';
import { tinyManifest, tinyModel } from '../../simulators/onnx.js';

const manifest = parseManifest(JSON.stringify(tinyManifest(tinyModel())), 'model.json');
const input = { name: 'image', type: 'uint8', shape: [1, 8, 8, 1] };
const output = { name: 'scores', type: 'float32', shape: [1, 2] };

function check(graph: Partial<GraphDescription>): void {
  checkGraph(manifest, { inputs: [input], outputs: [output], ...graph }, 'model.onnx');
}

describe('checkGraph', () => {
  it('accepts the graph that the manifest describes', () => {
    expect(() => check({})).not.toThrow();
  });

  it('accepts open dimensions, and outputs beside the one it reads', () => {
    const open = { ...input, shape: ['batch', undefined, undefined, 1] };
    const more = [
      { name: 'map', type: 'float32', shape: [1, 4, 4] },
      { ...output, shape: ['batch', 2] },
    ];
    expect(() => check({ inputs: [open], outputs: more })).not.toThrow();
  });

  it.each([
    ['input name', { inputs: [{ ...input, name: 'x' }] }, '"image" in the manifest', `one of the graph's names: "x"`],
    ['input type', { inputs: [{ ...input, type: 'float32' }] }, 'of type float32 in the graph', 'uint8'],
    ['input size', { inputs: [{ ...input, shape: [1, 16, 8, 1] }] }, 'of shape [1, 16, 8, 1]', '[1, 8, 8, 1]'],
    ['input layout', { inputs: [{ ...input, shape: [1, 1, 8, 8] }] }, 'of shape [1, 1, 8, 8]', '[1, 8, 8, 1]'],
    ['number of axes', { inputs: [{ ...input, shape: [1, 64] }] }, 'of shape [1, 64]', '[1, 8, 8, 1]'],
    ['batch', { inputs: [{ ...input, shape: [4, 8, 8, 1] }] }, 'of shape [4, 8, 8, 1]', '[1, 8, 8, 1]'],
    ['number of inputs', { inputs: [input, { ...input, name: 'y' }] }, 'image, y', 'one input'],
    ['output name', { outputs: [{ ...output, name: 'y' }] }, '"scores" in the manifest', `"y"`],
    ['output type', { outputs: [{ ...output, type: 'float16' }] }, 'of type float16', 'float32'],
    ['number of labels', { outputs: [{ ...output, shape: [1, 6] }] }, 'of shape [1, 6]', '[1, 2]'],
  ])('refuses another %s', (_, graph, got, expected) => {
    expect(() => check(graph)).toThrowError(
      expect.objectContaining({
        code: 'MODEL_GRAPH_MISMATCH',
        got: expect.stringContaining(got),
        expected: expect.stringContaining(expected),
      }),
    );
  });

  it('wants the map that the manifest describes', () => {
    const withMap = { ...manifest, output: { ...manifest.output, map: { name: 'map', rows: 4, columns: 2 } } };
    const graphWith = (map: object) => ({ inputs: [input], outputs: [output, { ...output, name: 'map', ...map }] });
    const checkMap = (map: object) => () => checkGraph(withMap, graphWith(map), 'model.onnx');
    expect(checkMap({ shape: [1, 4, 2, 2] })).not.toThrow();
    expect(checkMap({ shape: ['batch', undefined, undefined, 2] })).not.toThrow();
    const mismatch = (got: string) =>
      expect.objectContaining({ code: 'MODEL_GRAPH_MISMATCH', got: expect.stringContaining(got) });
    expect(checkMap({ name: 'cam', shape: [1, 4, 2, 2] })).toThrowError(mismatch('"map" in the manifest'));
    expect(checkMap({ shape: [1, 4, 2, 3] })).toThrowError(mismatch('of shape [1, 4, 2, 3]'));
    expect(checkMap({ shape: [1, 2, 4, 2] })).toThrowError(mismatch('of shape [1, 2, 4, 2]'));
    expect(checkMap({ shape: [1, 4, 2, 2], type: 'float16' })).toThrowError(mismatch('of type float16'));
  });

  it('puts all values into one row where the layout is flat', () => {
    expect(inputShape({ input: { ...manifest.input, layout: 'FLAT', channels: 3 } })).toEqual([1, 192]);
  });

  it('puts the channels where the layout says', () => {
    const planar = {
      ...manifest,
      input: { ...manifest.input, layout: 'NCHW' as const, channels: 3 as const, width: 9 },
    };
    expect(inputShape(planar)).toEqual([1, 3, 8, 9]);
  });
});
