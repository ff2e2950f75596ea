import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import {
  attribute,
  type Dimension,
  encodeModel,
  FLOAT,
  floats,
  INT64,
  integers,
  node,
  UINT8,
  valueInfo,
} from './onnx.js';

export interface ForeignModel {
  readonly layout: 'NCHW' | 'NHWC' | 'FLAT';
  readonly type?: 'uint8' | 'float32';
  readonly width?: number;
  readonly height?: number;
  readonly channels?: 1 | 3;
  readonly batch?: Dimension;
  readonly inputName?: string;
  readonly outputName?: string;
  readonly output?: 'softmax' | 'logits' | 'sigmoid';
  /** What the model has been "trained" with: how a pixel of 0…255 becomes the value that it was shown. */
  readonly scaled?: (pixel: number) => number;
  /** The channel that it looks at: 0 of a model that was shown red first is red. */
  readonly looksAt?: 0 | 1 | 2;
  /** The class of each output. */
  readonly classes?: readonly BrightnessClass[];
  /** As skl2onnx has it: the class beside the scores, or a sequence of maps instead of them. */
  readonly sklearn?: 'tensor' | 'zipmap';
  /** A second output [batch, height, width, labels]: the channel it looks at, for each label. NHWC alone. */
  readonly map?: true;
  readonly opset?: number;
  readonly producer?: readonly [name: string, version: string];
  readonly externalData?: true;
}

export type BrightnessClass = 'dark' | 'middle' | 'bright';

/** Levels of each class: some come so close to the next class that a wrong scaling sees the other one. */
export const LEVELS: Readonly<Record<BrightnessClass, readonly number[]>> = {
  dark: [20, 30, 40, 50, 60, 66, 72, 78, 82, 86],
  middle: [95, 98, 101, 104, 120, 138, 141, 144, 147, 150],
  bright: [160, 164, 168, 175, 190, 200, 210, 220, 230, 240],
};
const CENTRES: Readonly<Record<BrightnessClass, number>> = { dark: 60, middle: 120, bright: 190 };
/** Makes the scores decided without making them 0 and 1. */
const SHARPNESS = 30;

/**
 * A classifier as other frameworks export it: the mean of one channel is nearest to the level of one of the classes, seen
 * through the scaling that it was trained with.
 */
export function foreignModel(options: ForeignModel): Uint8Array {
  const {
    layout,
    type = 'float32',
    width = 8,
    height = 8,
    channels = layout === 'FLAT' ? 1 : 3,
    batch = 'batch_size',
    inputName = 'input.1',
    outputName = 'fc',
    output = 'logits',
    scaled = (pixel) => pixel / 255,
    looksAt = 0,
    classes = ['bright', 'dark', 'middle'],
    sklearn,
    map,
    opset = 17,
    producer = ['pytorch', '2.9.0'],
    externalData,
  } = options;
  const shape = {
    NCHW: [batch, channels, height, width],
    NHWC: [batch, height, width, channels],
    FLAT: [batch, channels * height * width],
  }[layout];
  const axes = { NCHW: [2, 3], NHWC: [1, 2], FLAT: [1] }[layout];
  // Nearest centre as a linear function: -(m - c)² without the m² that all classes share.
  const centres = classes.map((name) => scaled(CENTRES[name]));
  const gain = SHARPNESS / (scaled(255) - scaled(0)) ** 2;
  const row = centres.map((centre) => 2 * gain * centre);
  const weights = Array.from({ length: channels }, (_, channel) =>
    channel === (channels === 1 ? 0 : looksAt) ? row : row.map(() => 0),
  ).flat();
  const last = output === 'softmax' ? 'Softmax' : output === 'sigmoid' ? 'Sigmoid' : 'Identity';
  const scores = sklearn === 'zipmap' ? 'probabilities' : outputName;
  const weightTensor = floats('fc.weight', [channels, classes.length], weights);
  return encodeModel({
    irVersion: 8,
    producerName: producer[0],
    producerVersion: producer[1],
    opsetImport: [
      { domain: '', version: opset },
      { domain: 'ai.onnx.ml', version: 1 },
    ],
    graph: {
      name: 'main_graph',
      node: [
        node('Cast', [inputName], ['float'], [attribute('to', FLOAT)]),
        node(
          'ReduceMean',
          ['float'],
          ['mean'],
          [attribute('axes', axes), attribute('keepdims', layout === 'FLAT' ? 1 : 0)],
        ),
        node('MatMul', ['mean', 'fc.weight'], ['product']),
        node('Add', ['product', 'fc.bias'], ['sum']),
        node(last, ['sum'], [scores]),
        ...(sklearn === undefined
          ? []
          : [node('ArgMax', ['sum'], ['label'], [attribute('axis', 1), attribute('keepdims', 0)])]),
        ...(sklearn === 'zipmap'
          ? [
              {
                ...node(
                  'ZipMap',
                  ['probabilities'],
                  [outputName],
                  [
                    attribute(
                      'classlabels_int64s',
                      classes.map((_, index) => index),
                    ),
                  ],
                ),
                domain: 'ai.onnx.ml',
              },
            ]
          : []),
        ...(map === true ? [node('MatMul', ['float', 'fc.weight'], ['cam'])] : []),
      ],
      input: [valueInfo(inputName, type === 'uint8' ? UINT8 : FLOAT, shape)],
      output: [
        ...(sklearn === undefined ? [] : [valueInfo('label', INT64, [batch])]),
        ...(sklearn === 'zipmap'
          ? [sequenceOfMaps(outputName)]
          : [valueInfo(outputName, FLOAT, [batch, classes.length])]),
        ...(map === true ? [valueInfo('cam', FLOAT, [batch, height, width, classes.length])] : []),
      ],
      initializer: [
        externalData === true ? inAnotherFile(weightTensor) : weightTensor,
        floats(
          'fc.bias',
          [classes.length],
          centres.map((centre) => -gain * centre ** 2),
        ),
        integers('unused', [1]),
      ],
    },
  });
}

/** Pictures of known class in class folders: the level in red, the other channels always the same. */
export async function writeClassFolders(folder: string, size: { width: number; height: number }): Promise<void> {
  const { width, height } = size;
  for (const [name, levels] of Object.entries(LEVELS)) {
    await mkdir(join(folder, name), { recursive: true });
    for (const level of levels) {
      const background = { r: level, g: 70, b: 110 };
      const file = join(folder, name, `${level}.png`);
      await sharp({ create: { width, height, channels: 3, background } })
        .png()
        .toFile(file);
    }
  }
}

function sequenceOfMaps(name: string): object {
  const valueType = { tensorType: { elemType: FLOAT, shape: { dim: [] } } };
  return { name, type: { sequenceType: { elemType: { mapType: { keyType: INT64, valueType } } } } };
}

function inAnotherFile(tensor: object): object {
  const { rawData: _, ...rest } = tensor as { rawData: Uint8Array };
  return { ...rest, dataLocation: 1, externalData: [{ key: 'location', value: 'weights.data' }] };
}

export async function writeForeignModel(file: string, options: ForeignModel): Promise<void> {
  await writeFile(file, foreignModel(options));
}
