import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import sharp from 'sharp';

// The part of onnx.proto (version 3) that the models below need; field numbers as in the specification.
const { root } = protobuf.parse(`
syntax = "proto3";
message Attribute { string name = 1; float f = 2; int64 i = 3; repeated int64 ints = 8; int32 type = 20; }
message Entry { string key = 1; string value = 2; }
message Tensor { repeated int64 dims = 1; int32 data_type = 2; string name = 8; bytes raw_data = 9; repeated Entry external_data = 13; int32 data_location = 14; }
message Dimension { oneof value { int64 dim_value = 1; string dim_param = 2; } }
message Shape { repeated Dimension dim = 1; }
message TensorType { int32 elem_type = 1; Shape shape = 2; }
message MapType { int32 key_type = 1; Type value_type = 2; }
message SequenceType { Type elem_type = 1; }
message Type { TensorType tensor_type = 1; SequenceType sequence_type = 4; MapType map_type = 5; }
message ValueInfo { string name = 1; Type type = 2; }
message Node { repeated string input = 1; repeated string output = 2; string name = 3; string op_type = 4; repeated Attribute attribute = 5; string domain = 7; }
message Graph { repeated Node node = 1; string name = 2; repeated Tensor initializer = 5; repeated ValueInfo input = 11; repeated ValueInfo output = 12; }
message OperatorSet { string domain = 1; int64 version = 2; }
message Model { int64 ir_version = 1; string producer_name = 2; string producer_version = 3; Graph graph = 7; repeated OperatorSet opset_import = 8; }
`);
const modelType = root.lookupType('Model');

export const FLOAT = 1;
export const UINT8 = 2;
export const INT64 = 7;
const ATTRIBUTE_INT = 2;
const ATTRIBUTE_INTS = 7;

export type Dimension = number | string;

export interface TinyModel {
  readonly width?: number;
  readonly height?: number;
  readonly channels?: 1 | 3;
  readonly layout?: 'NHWC' | 'NCHW' | 'FLAT';
  readonly type?: 'uint8' | 'float32';
  readonly inputName?: string;
  readonly outputName?: string;
  readonly batch?: Dimension;
  /** What the graph gives: probabilities, logits, probabilities that do not sum to 1, or NaN. */
  readonly output?: 'softmax' | 'logits' | 'unnormalised' | 'nan';
  /**
   * A second output `map` for NHWC of one channel, one cell a pixel: the grey level times the label's weight. `nan`: not
   * numbers; `open`: rows and columns are open in the graph, so that the manifest may claim any.
   */
  readonly map?: 'good' | 'nan' | 'open';
  /** A weight a label for the mean grey level divided by `divisor`, and a bias a label. */
  readonly weights?: readonly number[];
  readonly biases?: readonly number[];
  /** What the mean is divided by; 1 for input that is scaled already. */
  readonly divisor?: number;
  /** Adds this many products of 1200 x 1200 matrices, each some 3.5 GFLOP, without changing the result. */
  readonly matrixProducts?: number;
}

/**
 * A classifier as small as can be: the mean of all pixels, one linear layer, a softmax. With the standard weights a
 * bright picture is label 0 and a dark one label 1; at a mean of 127.5 both score 0.5.
 */
export function tinyModel(options: TinyModel = {}): Uint8Array {
  const {
    width = 8,
    height = 8,
    channels = 1,
    layout = 'NHWC',
    type = 'uint8',
    inputName = 'image',
    outputName = 'scores',
    batch = 1,
    output = 'softmax',
    weights = [10, -10],
    biases = [-5, 5],
    divisor = 255,
    matrixProducts = 0,
    map,
  } = options;
  const labels = weights.length;
  const shape = {
    NHWC: map === 'open' ? [batch, 'rows', 'columns', channels] : [batch, height, width, channels],
    NCHW: [batch, channels, height, width],
    FLAT: [batch, height * width * channels],
  }[layout];
  const logits = output === 'logits' ? outputName : 'logits';
  const nodes = [
    node('Cast', [inputName], ['float'], [attribute('to', FLOAT)]),
    node(
      'ReduceMean',
      ['float'],
      ['mean'],
      [attribute('axes', layout === 'FLAT' ? [1] : [1, 2, 3]), attribute('keepdims', 0)],
    ),
    node('Reshape', ['mean', 'columnShape'], ['column']),
    node('MatMul', ['column', 'weights'], ['product']),
    ...heavyWork(matrixProducts),
    node('Add', [matrixProducts > 0 ? 'delayed' : 'product', 'biases'], [logits]),
  ];
  if (output === 'softmax' || output === 'nan') {
    nodes.push(node('Softmax', ['logits'], [outputName], [attribute('axis', -1)]));
  } else if (output === 'unnormalised') {
    nodes.push(node('Sigmoid', ['logits'], [outputName]));
  }
  if (map !== undefined) {
    nodes.push(node('MatMul', ['float', 'weights'], ['evidence']));
    nodes.push(node('Add', ['evidence', 'mapOffset'], ['map']));
  }
  const mapShape = map === 'open' ? [batch, 'rows', 'columns', labels] : [batch, height, width, labels];
  return modelType
    .encode(
      modelType.fromObject({
        irVersion: 8,
        producerName: 'jidoka-tests',
        opsetImport: [{ domain: '', version: 17 }],
        graph: {
          name: 'tiny',
          node: nodes,
          input: [valueInfo(inputName, type === 'uint8' ? UINT8 : FLOAT, shape)],
          output: [
            valueInfo(outputName, FLOAT, [batch, labels]),
            ...(map === undefined ? [] : [valueInfo('map', FLOAT, mapShape)]),
          ],
          initializer: [
            integers('columnShape', [-1, 1]),
            floats(
              'weights',
              [1, labels],
              weights.map((weight) => weight / divisor),
            ),
            floats(
              'biases',
              [labels],
              biases.map((bias) => (output === 'nan' ? Number.NaN : bias)),
            ),
            ...(map === undefined ? [] : [floats('mapOffset', [], [map === 'nan' ? Number.NaN : 0])]),
            ...(matrixProducts > 0 ? [integers('bigShape', [1200, 1200]), floats('zero', [], [0])] : []),
          ],
        },
      }),
    )
    .finish();
}

/** The bytes of an ONNX file, of its parts by their names in onnx.proto. */
export function encodeModel(model: Record<string, unknown>): Uint8Array {
  return modelType.encode(modelType.fromObject(model)).finish();
}

/** Matrix products that depend on the input, so that no optimiser computes them at load; their result is 0. */
function heavyWork(count: number): object[] {
  if (count === 0) return [];
  const products = Array.from({ length: count }, (_, index) =>
    node('MatMul', [`big${index}`, `big${index}`], [`big${index + 1}`]),
  );
  return [
    node('Mul', ['column', 'zero'], ['nothing']),
    node('Expand', ['nothing', 'bigShape'], ['big0']),
    ...products,
    node('ReduceMean', [`big${count}`], ['delay'], [attribute('axes', [0, 1]), attribute('keepdims', 0)]),
    node('Add', ['product', 'delay'], ['delayed']),
  ];
}

/** The manifest that fits `tinyModel(options)`; `change` may break it on purpose. */
export function tinyManifest(model: Uint8Array, options: TinyModel = {}): Record<string, unknown> {
  const labels = (options.weights ?? [0, 0]).map((_, index) => (index === 0 ? 'good' : `defect${index}`));
  return {
    schemaVersion: 1,
    name: 'tiny',
    version: '1.0.0',
    description: 'Mean grey level, for tests',
    labels,
    goodLabel: 'good',
    input: {
      name: options.inputName ?? 'image',
      width: options.width ?? 8,
      height: options.height ?? 8,
      channels: options.channels ?? 1,
      layout: options.layout ?? 'NHWC',
      type: options.type ?? 'uint8',
    },
    preprocessing: { resize: 'stretch', kernel: 'linear' },
    output: {
      name: options.outputName ?? 'scores',
      activation: options.output === 'logits' ? 'logits' : 'softmax',
      ...(options.map !== undefined && {
        map: { name: 'map', rows: options.height ?? 8, columns: options.width ?? 8 },
      }),
    },
    variants: { fp32: tinyVariant(model) },
    defaultVariant: 'fp32',
    golden: null,
    license: 'Apache-2.0',
    dataSource: 'none: the weights are written by hand',
    validation: null,
    training: {
      createdAt: '2026-01-01T00:00:00Z',
      seed: 1,
      framework: 'none',
      images: 1,
      epochs: 1,
    },
  };
}

/** The manifest's entry for a variant with these bytes; `change` may break it on purpose. */
export function tinyVariant(model: Uint8Array, change: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    file: 'model.onnx',
    sha256: createHash('sha256').update(model).digest('hex'),
    description: 'As written, 32-bit floating point',
    parameters: 4,
    multiplyAdds: 2,
    latencyRatio: null,
    metrics: null,
    ...change,
  };
}

/** Writes the picture `golden/NAME.png` of one grey level into a package and gives its entry for the manifest. */
export async function goldenPicture(
  folder: string,
  name: string,
  level: number,
  scores: Readonly<Record<string, readonly number[]>>,
): Promise<Record<string, unknown>> {
  const pixels = Buffer.alloc(256, level);
  const picture = await sharp(pixels, { raw: { width: 16, height: 16, channels: 1 } })
    .png()
    .toBuffer();
  await mkdir(join(folder, 'golden'), { recursive: true });
  await writeFile(join(folder, 'golden', `${name}.png`), picture);
  return { file: `golden/${name}.png`, sha256: createHash('sha256').update(picture).digest('hex'), scores };
}

/** Changes the manifest of a package that has been written. */
export async function changeManifest(
  folder: string,
  change: (manifest: Record<string, unknown>) => Record<string, unknown>,
): Promise<void> {
  const file = join(folder, 'model.json');
  const manifest = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  await writeFile(file, JSON.stringify(change(manifest), null, 2));
}

/** Writes `parent/tiny/VERSION/{model.onnx, model.json}`, VERSION being 1.0.0, and gives the package's folder. */
export async function writeTinyPackage(
  parent: string,
  options: TinyModel = {},
  change: (manifest: Record<string, unknown>) => Record<string, unknown> = (manifest) => manifest,
  version = '1.0.0',
): Promise<string> {
  const folder = join(parent, 'tiny', version);
  const model = tinyModel(options);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'model.onnx'), model);
  await writeFile(
    join(folder, 'model.json'),
    JSON.stringify(change({ ...tinyManifest(model, options), version }), null, 2),
  );
  return folder;
}

export function node(
  opType: string,
  input: readonly string[],
  output: readonly string[],
  attributes: object[] = [],
): object {
  return { opType, input, output, name: output[0], attribute: attributes };
}

export function attribute(name: string, value: number | readonly number[]): object {
  return typeof value === 'number'
    ? { name, i: value, type: ATTRIBUTE_INT }
    : { name, ints: value, type: ATTRIBUTE_INTS };
}

export function valueInfo(name: string, elemType: number, shape: readonly Dimension[]): object {
  const dim = shape.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType, shape: { dim } } } };
}

export function floats(name: string, dims: readonly number[], values: readonly number[]): object {
  return { name, dims, dataType: FLOAT, rawData: new Uint8Array(Float32Array.from(values).buffer) };
}

export function integers(name: string, values: readonly number[]): object {
  const rawData = new Uint8Array(BigInt64Array.from(values.map(BigInt)).buffer);
  return { name, dims: [values.length], dataType: INT64, rawData };
}
