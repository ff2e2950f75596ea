import { visionErrors } from './errors.js';
import type { Manifest } from './manifest.js';

/** One input or output as ONNX Runtime describes it; a dimension that is open has a name or no value. */
export interface TensorDescription {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly (number | string | undefined)[];
}

export interface GraphDescription {
  readonly inputs: readonly TensorDescription[];
  readonly outputs: readonly TensorDescription[];
}

/** The shape of the model's input for one picture. */
export function inputShape({ input }: Pick<Manifest, 'input'>): readonly number[] {
  const { width, height, channels, layout } = input;
  switch (layout) {
    case 'NHWC':
      return [1, height, width, channels];
    case 'NCHW':
      return [1, channels, height, width];
    case 'FLAT':
      return [1, height * width * channels];
  }
}

/**
 * Holds the ONNX graph against its manifest. Open dimensions fit every size.
 * @throws MODEL_GRAPH_MISMATCH that names the field of the manifest, what it says and what the graph has
 */
export function checkGraph(manifest: Manifest, graph: GraphDescription, where: string): void {
  const input = only(manifest.input.name, graph.inputs, 'input', where);
  if (graph.inputs.length > 1) {
    throw visionErrors.MODEL_GRAPH_MISMATCH({
      where: `${where}, inputs`,
      got: graph.inputs.map(({ name }) => name).join(', '),
      expected: 'one input, the picture',
    });
  }
  expectType(input, manifest.input.type, 'input.type', where);
  expectShape(
    input,
    inputShape(manifest),
    'input (batch, then height, width and channels in the order of the layout)',
    where,
  );
  const output = only(manifest.output.name, graph.outputs, 'output', where);
  expectType(output, 'float32', 'output', where);
  expectShape(output, [1, manifest.labels.length], 'output (batch, then one score a label)', where);
  const { map } = manifest.output;
  if (map === null) return;
  const mapOutput = only(map.name, graph.outputs, 'output.map', where);
  expectType(mapOutput, 'float32', 'output.map', where);
  const mapShape = [1, map.rows, map.columns, manifest.labels.length];
  expectShape(mapOutput, mapShape, 'output.map (batch, rows, columns, then one value a label)', where);
}

function only(name: string, tensors: readonly TensorDescription[], kind: string, where: string): TensorDescription {
  const found = tensors.find((tensor) => tensor.name === name);
  if (found !== undefined) return found;
  throw visionErrors.MODEL_GRAPH_MISMATCH({
    where: `${where}, ${kind}.name`,
    got: `"${name}" in the manifest`,
    expected: `one of the graph's names: ${tensors.map((tensor) => `"${tensor.name}"`).join(', ')}`,
  });
}

function expectType(tensor: TensorDescription, type: string, field: string, where: string): void {
  if (tensor.type === type) return;
  throw visionErrors.MODEL_GRAPH_MISMATCH({
    where: `${where}, ${field}`,
    got: `"${tensor.name}" of type ${tensor.type} in the graph`,
    expected: type,
  });
}

function expectShape(tensor: TensorDescription, shape: readonly number[], field: string, where: string): void {
  const fits =
    tensor.shape.length === shape.length &&
    tensor.shape.every((size, axis) => typeof size !== 'number' || size === shape[axis]);
  if (fits) return;
  throw visionErrors.MODEL_GRAPH_MISMATCH({
    where: `${where}, ${field}`,
    got: `"${tensor.name}" of shape ${shapeText(tensor.shape)} in the graph`,
    expected: `${shapeText(shape)} by the manifest`,
  });
}

function shapeText(shape: readonly (number | string | undefined)[]): string {
  return `[${shape.map((size) => size ?? '?').join(', ')}]`;
}
