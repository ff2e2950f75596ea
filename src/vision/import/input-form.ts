import { visionErrors } from '../errors.js';
import type { TensorDescription } from '../graph.js';
import type { Manifest } from '../manifest.js';
import { batchProblem, sizesText, typeProblem } from './tensor-problems.js';

type Input = Manifest['input'];
export type Layout = Input['layout'];

/** What the user says of the input; what is left out comes from the graph. */
export interface GivenInput {
  readonly layout?: Layout | undefined;
  readonly size?: { readonly width: number; readonly height: number } | undefined;
  readonly channels?: 1 | 3 | undefined;
}

/** The whole input, or the one thing that has to be asked for next. */
export type InputProposal =
  | { readonly kind: 'settled'; readonly input: Input; readonly notes: readonly string[] }
  | { readonly kind: 'open'; readonly field: keyof GivenInput; readonly why: string };

type Size = number | undefined;

/** A square as small as this may as well be a row of measured values. */
const MIN_SQUARE = 8;

/**
 * Reads from the graph how a picture goes in.
 * @throws IMPORT_GRAPH_UNSUITABLE where no picture does, IMPORT_OPTION_UNFIT where an option contradicts the graph
 */
export function proposeInput(inputs: readonly TensorDescription[], given: GivenInput, where: string): InputProposal {
  const [tensor] = inputs;
  if (tensor === undefined || inputs.length > 1) {
    throw visionErrors.IMPORT_GRAPH_UNSUITABLE({
      where,
      got: `${inputs.length} inputs: ${inputs.map(({ name }) => `"${name}"`).join(', ')}`,
      expected: 'one input, the picture',
      hint: 'Export the graph with the picture as its only input, and everything else as constants inside of it.',
    });
  }
  const { name, type, shape } = tensor;
  const problem = typeProblem(tensor, ['uint8', 'float32']) ?? rankProblem(tensor) ?? batchProblem(tensor);
  if (problem !== undefined) {
    throw visionErrors.IMPORT_GRAPH_UNSUITABLE({ where: `${where}, input "${name}"`, ...problem });
  }
  const known = { name, type: type as Input['type'] };
  const sizes = shape.map((size) => (typeof size === 'number' && size > 0 ? size : undefined));
  if (shape.length === 2) return flatInput(known, sizes[1], given, where);
  return spatialInput(known, sizes, given, where);
}

function rankProblem({ shape }: TensorDescription): { got: string; expected: string; hint: string } | undefined {
  if (shape.length === 4 || shape.length === 2) return undefined;
  return {
    got: `${shape.length} axes ${sizesText(shape)}`,
    expected: 'four axes (batch, then height, width and channels in one of two orders) or two (batch, values)',
    hint: 'Models of sound, text, video or series cannot be run. A picture model that lacks the batch axis has to be exported with a batch of 1.',
  };
}

function spatialInput(
  known: Pick<Input, 'name' | 'type'>,
  [, first, second, third]: readonly Size[],
  given: GivenInput,
  where: string,
): InputProposal {
  if (given.layout === 'FLAT') {
    throw unfit(where, '--layout FLAT', 'an input of four axes', 'NCHW or NHWC, or no --layout');
  }
  const layout = given.layout ?? layoutOf(first, third, where);
  if (layout === undefined) {
    return { kind: 'open', field: 'layout', why: `the sizes ${sizesText([first, second, third])} fit both orders` };
  }
  const [channels, height, width] = layout === 'NCHW' ? [first, second, third] : [third, first, second];
  if (channels !== undefined && !isChannels(channels)) {
    throw unfit(where, `--layout ${layout}`, `${channels} in the place of the channels`, '1 or 3 channels there');
  }
  if (channels !== undefined && given.channels !== undefined && channels !== given.channels) {
    throw unfit(where, `--color for ${channelsText(given.channels)}`, channelsText(channels), channelsText(channels));
  }
  const chosen = channels ?? given.channels;
  if (chosen === undefined) return { kind: 'open', field: 'channels', why: 'the graph takes any number of channels' };
  const { size } = given;
  if (size !== undefined && ((height ?? size.height) !== size.height || (width ?? size.width) !== size.width)) {
    throw unfit(
      where,
      `--size ${size.width}x${size.height}`,
      `width ${width ?? 'open'} and height ${height ?? 'open'} in the graph`,
      'a size that the graph takes, or no --size',
    );
  }
  const [wide, high] = [width ?? size?.width, height ?? size?.height];
  if (wide === undefined || high === undefined) {
    return {
      kind: 'open',
      field: 'size',
      why: `the graph takes pictures of any size (width ${width ?? 'open'}, height ${height ?? 'open'})`,
    };
  }
  return { kind: 'settled', input: { ...known, width: wide, height: high, channels: chosen, layout }, notes: [] };
}

/** Where the channels are, by the axis that can hold them; undefined where both can. */
function layoutOf(first: Size, third: Size, where: string): 'NCHW' | 'NHWC' | undefined {
  const fits = (size: Size): number => (size === undefined ? 1 : isChannels(size) ? 2 : 0);
  const [planar, interleaved] = [fits(first), fits(third)];
  if (planar === 0 && interleaved === 0) {
    throw visionErrors.IMPORT_GRAPH_UNSUITABLE({
      where: `${where}, input`,
      got: `axes of ${first} and ${third} where the channels should be`,
      expected: '1 channel (grey) or 3 (colour), after the batch or at the end',
      hint: 'Pictures with other numbers of channels, such as RGBA or multispectral ones, cannot be taken.',
    });
  }
  if (planar === interleaved) return undefined;
  return planar > interleaved ? 'NCHW' : 'NHWC';
}

function flatInput(
  known: Pick<Input, 'name' | 'type'>,
  features: Size,
  given: GivenInput,
  where: string,
): InputProposal {
  if (given.layout !== undefined && given.layout !== 'FLAT') {
    throw unfit(where, `--layout ${given.layout}`, 'an input of two axes', 'FLAT, or no --layout');
  }
  const layout = 'FLAT' as const;
  const { size } = given;
  if (size !== undefined) {
    const pixels = size.width * size.height;
    const channels = features === undefined ? given.channels : features / pixels;
    if (channels === undefined) return { kind: 'open', field: 'channels', why: 'the graph takes rows of any length' };
    if (!isChannels(channels) || channels !== (given.channels ?? channels)) {
      const expected = given.channels === undefined ? `${pixels} or ${3 * pixels}` : `${given.channels * pixels}`;
      throw unfit(where, `--size ${size.width}x${size.height}`, `${features} values a picture in the graph`, expected);
    }
    return { kind: 'settled', input: { ...known, ...size, channels, layout }, notes: [] };
  }
  const square = features === undefined ? undefined : squareOf(features, given.channels);
  if (square === undefined) {
    const values = features === undefined ? 'a row of any length' : `a row of ${features} values`;
    return { kind: 'open', field: 'size', why: `the graph takes ${values}, which may be a picture of several sizes` };
  }
  const note = `a row of ${features} values is taken for a square picture; --size says otherwise`;
  return { kind: 'settled', input: { ...known, ...square, layout }, notes: [note] };
}

function squareOf(
  features: number,
  wanted: 1 | 3 | undefined,
): Pick<Input, 'width' | 'height' | 'channels'> | undefined {
  // No number is both a square and three times a square, so that at most one of the two fits.
  const channels = ([1, 3] as const).find((count) => Number.isInteger(Math.sqrt(features / count)));
  if (channels === undefined || channels !== (wanted ?? channels)) return undefined;
  const side = Math.sqrt(features / channels);
  return side < MIN_SQUARE ? undefined : { width: side, height: side, channels };
}

function isChannels(size: number): size is 1 | 3 {
  return size === 1 || size === 3;
}

function channelsText(channels: 1 | 3): string {
  return channels === 1 ? '1 channel (grey)' : '3 channels (rgb, bgr)';
}

function unfit(where: string, option: string, got: string, expected: string): Error {
  return visionErrors.IMPORT_OPTION_UNFIT({ where: `${option} for ${where}`, got, expected });
}
