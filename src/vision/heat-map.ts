import type { Image } from '../domain/frame.js';
import type { ClassMap } from '../domain/model.js';
import { colorRamp, RAMP_LEVELS } from './color-ramp.js';
import { sharp } from './image-library.js';
import type { Manifest } from './manifest.js';
import { bytesOf, decoding, openPicture, redFirst } from './picture.js';

type Input = Pick<Manifest['input'], 'width' | 'height'>;
type Resize = Manifest['preprocessing']['resize'];

/** Larger pictures are made smaller: an overlay is looked at on a screen, and its pixels are in memory at once. */
const MAX_PIXELS = 16_000_000;
/** How much of the picture the strongest colour covers. */
const MAX_OPACITY = 0.7;
/** From this share of the strongest evidence on the colour covers as much as it ever does. */
const FULL_FROM = 0.5;
const CHANNELS = 3;

/** A rectangle in pixels of a picture; parts of it may lie outside. */
export interface Area {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/**
 * The area of the picture that the model's input covers: all of it stretched, more than it with letterbox bars, or the
 * part that is left when it is cut to the aspect of the input.
 */
export function coveredArea(
  picture: { readonly width: number; readonly height: number },
  input: Input,
  resize: Resize,
): Area {
  const { width, height } = picture;
  if (resize === 'stretch') return { left: 0, top: 0, width, height };
  const across = input.width / width;
  const down = input.height / height;
  const scale = resize === 'letterbox' ? Math.min(across, down) : Math.max(across, down);
  const covered = { width: input.width / scale, height: input.height / scale };
  return { left: (width - covered.width) / 2, top: (height - covered.height) / 2, ...covered };
}

/**
 * The evidence for one label as shares of the greatest evidence that the map has for any label, so that a label with
 * little to say for it stays pale beside the others. Evidence against a label is no evidence: 0.
 * @returns `rows * columns` values from 0 to 1
 */
export function evidenceFor({ labels, values }: ClassMap, label: string): Float32Array {
  const offset = labels.indexOf(label);
  const greatest = values.reduce((max, value) => Math.max(max, value), 0);
  return Float32Array.from({ length: values.length / labels.length }, (_, spot) => {
    const value = values[spot * labels.length + offset] ?? 0;
    return greatest > 0 ? Math.max(0, value) / greatest : 0;
  });
}

/**
 * Draws the evidence for one label over the picture that the model looked at, without a region or a rotation. Where
 * there is none, and where the model did not look, the picture stays as it is.
 * @param maxPixels larger pictures are refused before they are decoded
 * @returns a PNG of the picture's size, or smaller where the picture has more than 16 million pixels
 * @throws a `degraded` JidokaError `IMAGE_…`
 */
export async function drawHeatMap(
  image: Image,
  map: ClassMap,
  label: string,
  {
    input,
    preprocessing,
  }: { readonly input: Input; readonly preprocessing: Pick<Manifest['preprocessing'], 'resize'> },
  maxPixels: number,
): Promise<Uint8Array> {
  const picture = await openPicture(image, maxPixels);
  const scale = Math.min(1, Math.sqrt(MAX_PIXELS / (picture.width * picture.height)));
  const { data, info } = await decoding(() => {
    const pipeline = picture.pipeline.removeAlpha();
    const fitted = scale < 1 ? pipeline.resize({ width: Math.max(1, Math.floor(picture.width * scale)) }) : pipeline;
    return bytesOf(redFirst(fitted, picture.blueFirst).toColourspace('srgb').raw({ depth: 'uchar' }));
  });
  const { width, height } = info;
  paint(
    data,
    { width, height },
    coveredArea({ width, height }, input, preprocessing.resize),
    map,
    evidenceFor(map, label),
  );
  return decoding(() =>
    sharp(data, { raw: { width, height, channels: CHANNELS } })
      .png()
      .toBuffer(),
  );
}

/** Blends the colours of the evidence into the pixels, row by row. */
function paint(
  pixels: Uint8Array,
  { width, height }: { readonly width: number; readonly height: number },
  area: Area,
  { rows, columns }: Pick<ClassMap, 'rows' | 'columns'>,
  evidence: Float32Array,
): void {
  const across = interpolation(width, area.left, area.width, columns);
  const down = interpolation(height, area.top, area.height, rows);
  const line = new Float32Array(columns);
  for (let y = down.first; y < down.end; y += 1) {
    for (let column = 0; column < columns; column += 1) {
      line[column] = interpolated(down, y, evidence, columns, column);
    }
    // Evidence lies in few places; most rows of a large picture have none.
    if (line.every((value) => value <= 0)) continue;
    for (let x = across.first; x < across.end; x += 1) {
      const share = Math.min(1, interpolated(across, x, line, 1, 0));
      if (share > 0) blend(pixels, (y * width + x) * CHANNELS, share);
    }
  }
}

function blend(pixels: Uint8Array, offset: number, share: number): void {
  const opacity = MAX_OPACITY * Math.min(1, share / FULL_FROM);
  const color = Math.round(share * (RAMP_LEVELS - 1)) * CHANNELS;
  for (let channel = 0; channel < CHANNELS; channel += 1) {
    const under = pixels[offset + channel] ?? 0;
    pixels[offset + channel] = Math.round(under + opacity * ((colorRamp[color + channel] ?? 0) - under));
  }
}

/** For each pixel along one axis four cells and their weights; pixels that the map does not cover are left out. */
interface Interpolation {
  readonly first: number;
  readonly end: number;
  readonly cells: Int32Array;
  readonly weights: Float32Array;
}

const TAPS = 4;

/**
 * Cubic interpolation (Catmull and Rom 1974) with the edge cells continued: it goes through the cells' own values at
 * their centres.
 */
function interpolation(pixels: number, start: number, length: number, count: number): Interpolation {
  const cells = new Int32Array(pixels * TAPS);
  const weights = new Float32Array(pixels * TAPS);
  const first = Math.max(0, Math.ceil(start - 0.5));
  const end = Math.min(pixels, Math.floor(start + length - 0.5) + 1);
  for (let pixel = first; pixel < end; pixel += 1) {
    const place = ((pixel + 0.5 - start) / length) * count - 0.5;
    const below = Math.floor(place);
    const t = place - below;
    for (let tap = 0; tap < TAPS; tap += 1) {
      cells[pixel * TAPS + tap] = Math.min(count - 1, Math.max(0, below - 1 + tap));
    }
    weights.set(
      [
        ((2 - t) * t - 1) * t * 0.5,
        ((3 * t - 5) * t * t + 2) * 0.5,
        ((4 - 3 * t) * t + 1) * t * 0.5,
        (t - 1) * t * t * 0.5,
      ],
      pixel * TAPS,
    );
  }
  return { first, end, cells, weights };
}

/** The value at a pixel of cells that lie `stride` apart from `offset` on. */
function interpolated(
  { cells, weights }: Interpolation,
  pixel: number,
  values: Float32Array,
  stride: number,
  offset: number,
): number {
  let total = 0;
  for (let index = pixel * TAPS; index < (pixel + 1) * TAPS; index += 1) {
    total += (weights[index] ?? 0) * (values[(cells[index] ?? 0) * stride + offset] ?? 0);
  }
  return total;
}
