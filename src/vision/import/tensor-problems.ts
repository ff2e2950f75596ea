import type { TensorDescription } from '../graph.js';

/** Why a tensor cannot be taken, and what to do. */
export interface TensorProblem {
  readonly got: string;
  readonly expected: string;
  readonly hint: string;
}

const TYPE_HINTS: Readonly<Record<string, string>> = {
  float16:
    'Keep the inputs and outputs in float32: onnxconverter-common has convert_float_to_float16(model, keep_io_types=True), and a PyTorch model is exported before .half().',
  float64: 'Export in single precision: model.float() in PyTorch, FloatTensorType or float32 samples for skl2onnx.',
  string: 'Text cannot be taken; the model has to look at a picture alone.',
};

export function typeProblem(tensor: TensorDescription, wanted: readonly string[]): TensorProblem | undefined {
  if (wanted.includes(tensor.type)) return undefined;
  return {
    got: tensor.type,
    expected: wanted.join(' or '),
    hint: TYPE_HINTS[tensor.type] ?? `Cast it to ${wanted.at(-1)} in the graph, and export the model anew.`,
  };
}

/** The batch may be open or 1; pictures are judged one at a time, as parts come one at a time. */
export function batchProblem({ shape }: TensorDescription): TensorProblem | undefined {
  const [batch] = shape;
  if (typeof batch !== 'number' || batch <= 1) return undefined;
  return {
    got: `a fixed batch of ${batch}`,
    expected: 'a batch that is open, or 1',
    hint: 'Export with a sample of batch 1, or with an open batch: dynamic_axes or dynamic_shapes in PyTorch, None in Keras.',
  };
}

export function sizesText(shape: readonly (number | string | undefined)[]): string {
  return `[${shape.map((size) => (size === undefined || size === '' ? '?' : size)).join(', ')}]`;
}
