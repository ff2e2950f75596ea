import { mapAll, type NonEmpty } from '../../base/non-empty.js';
import { visionErrors } from '../errors.js';
import type { Manifest } from '../manifest.js';

/** How pixels become the values of the input: `(pixel * scale - mean) / std`, in the model's order of the channels. */
export type PixelForm = Pick<Manifest['preprocessing'], 'scale' | 'mean' | 'std' | 'order'>;

export interface Scaling extends PixelForm {
  /** As `--scale` has it. */
  readonly name: string;
  readonly text: string;
}

export type ColorOrder = Manifest['preprocessing']['order'];

export interface GivenScaling {
  readonly scale?: string | undefined;
  /** Of values from 0 to 1, as torchvision's Normalize has them. */
  readonly mean?: readonly number[] | undefined;
  readonly std?: readonly number[] | undefined;
  readonly order?: ColorOrder | undefined;
}

type Input = Pick<Manifest['input'], 'channels' | 'type'>;

const LEVELS = 255;
const RANGE = /^(-?\d+(?:\.\d+)?)\.\.(-?\d+(?:\.\d+)?)$/;
const AS_IS: PixelForm = { scale: 1, mean: [0], std: [1], order: 'rgb' };
/** Mean and deviation of ImageNet's pictures, as torchvision's models and `mode="torch"` of Keras have them. */
const IMAGENET = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] };
/** Blue, green, red minus ImageNet's mean: `mode="caffe"` of Keras (VGG, ResNet). */
const CAFFE: PixelForm = { scale: 1, mean: [103.939, 116.779, 123.68], std: [1], order: 'bgr' };

const RANGES: NonEmpty<string> = ['0..1', '-1..1', '0..255'];

/**
 * The scalings that a model of this input may have been trained with and that the given options allow, the most usual
 * first. One alone means that nothing is left to decide.
 * @param producer the exporter as the file names it: what is usual differs
 * @throws IMPORT_OPTION_UNFIT
 */
export function scalingsFor(input: Input, given: GivenScaling, producer: string): NonEmpty<Scaling> {
  if (input.channels === 1 && given.order !== undefined) {
    throw unfit(`--color ${given.order}`, 'a model of one channel', '--color grey, or no --color');
  }
  const orders: NonEmpty<ColorOrder> =
    input.channels === 1 ? ['rgb'] : given.order === undefined ? ['rgb', 'bgr'] : [given.order];
  if (input.type === 'uint8') {
    const option = (['scale', 'mean', 'std'] as const).find((name) => given[name] !== undefined);
    if (option !== undefined) {
      throw unfit(`--${option}`, 'a model that takes whole numbers (uint8)', 'no scaling: the graph scales by itself');
    }
    return mapAll(orders, (order) => ({
      ...AS_IS,
      order,
      name: '0..255',
      text: withOrder('pixels as they are', order, input),
    }));
  }
  if (given.scale !== undefined || given.mean !== undefined || given.std !== undefined) {
    return given.scale === 'caffe' ? [caffe(input, given)] : mapAll(orders, (order) => stated(input, given, order));
  }
  // Every scale of one order comes before the other order: red first is the usual one.
  const [first, ...others] = orders;
  const inOrder = (order: ColorOrder): NonEmpty<Scaling> =>
    mapAll(usualScales(input, producer), (scale) => stated(input, { scale }, order));
  const last = input.channels === 3 && given.order !== 'rgb' ? [caffe(input, {})] : [];
  return [...inOrder(first), ...others.flatMap(inOrder), ...last];
}

function usualScales({ channels }: Input, producer: string): NonEmpty<string> {
  if (channels === 1) return RANGES;
  // torchvision's weights, and what is trained on from them, have the mean and deviation of ImageNet.
  return producer.startsWith('pytorch') ? ['imagenet', ...RANGES] : [...RANGES, 'imagenet'];
}

function caffe({ channels }: Input, { mean, std, order }: GivenScaling): Scaling {
  if (channels === 1 || order === 'rgb' || mean !== undefined || std !== undefined) {
    throw unfit('--scale caffe', 'another --mean, --std or --color, or a model of one channel', '--scale caffe alone');
  }
  return { ...CAFFE, name: 'caffe', text: 'caffe: 0..255 minus the mean of ImageNet, blue first' };
}

function stated(input: Input, given: GivenScaling, order: ColorOrder): Scaling {
  const { scale = '0..1' } = given;
  const named = scale === 'imagenet';
  if (named && (given.mean !== undefined || given.std !== undefined || input.channels === 1)) {
    throw unfit('--scale imagenet', 'another --mean or --std, or a model of one channel', '--scale imagenet alone');
  }
  const [low, high] = named ? [0, 1] : rangeOf(scale);
  const mean = perChannel(input, '--mean', named ? IMAGENET.mean : given.mean) ?? [0];
  const std = perChannel(input, '--std', named ? IMAGENET.std : given.std) ?? [1];
  if (std.some((value) => value <= 0)) throw unfit('--std', std.join(','), 'numbers above 0');
  const normalised = given.mean !== undefined || given.std !== undefined;
  const text = named
    ? 'imagenet: 0..1, minus the mean and over the deviation of ImageNet'
    : `${scale}${normalised ? `, minus ${mean.join(', ')}, over ${std.join(', ')}` : ''}`;
  return {
    scale: (high - low) / LEVELS,
    // -0 would stand in the manifest as it is.
    mean: mean.map((value) => value - low || 0),
    std: [...std],
    order,
    name: scale,
    text: withOrder(text, order, input),
  };
}

function rangeOf(text: string): readonly [number, number] {
  const [, low, high] = RANGE.exec(text) ?? [];
  if (low !== undefined && high !== undefined && Number(low) < Number(high)) return [Number(low), Number(high)];
  throw unfit('--scale', `"${text}"`, `${RANGES.join(', ')}, imagenet, caffe, or another range LOW..HIGH`);
}

function perChannel({ channels }: Input, option: string, values?: readonly number[]): readonly number[] | undefined {
  if (values === undefined || values.length === 1 || values.length === channels) return values;
  throw unfit(option, `${values.length} numbers`, channels === 1 ? 'one' : 'one, or one for each of three channels');
}

function withOrder(text: string, order: ColorOrder, { channels }: Input): string {
  return channels === 1 ? text : `${text}, ${order === 'rgb' ? 'red' : 'blue'} first`;
}

function unfit(where: string, got: string, expected: string): Error {
  return visionErrors.IMPORT_OPTION_UNFIT({ where, got, expected });
}
