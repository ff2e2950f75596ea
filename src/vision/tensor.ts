import type { Manifest } from './manifest.js';

const LEVELS = 256;

/** Makes the data of a model's input tensor out of 8-bit pixels. */
export type TensorFiller = (pixels: Uint8Array) => Uint8Array | Float32Array;

/**
 * Prepares the step from pixels (`height * width * channels` bytes, red first, channels innermost) to tensor data in the
 * model's layout, order of colours and type; a flat row has the order of NHWC. float32 values are
 * `(pixel * scale - mean) / std`; each of the 256 levels is computed once.
 */
export function tensorFiller({ input, preprocessing }: Pick<Manifest, 'input' | 'preprocessing'>): TensorFiller {
  const { channels, layout, type } = input;
  const area = input.width * input.height;
  const planar = layout === 'NCHW' && channels > 1;
  const form = { channels, blueFirst: preprocessing.order === 'bgr', ...(planar && { plane: area }) };
  if (type === 'uint8') {
    if (!planar && !form.blueFirst) return (pixels) => pixels;
    return (pixels) => fill(new Uint8Array(area * channels), pixels, form);
  }
  const tables = Array.from({ length: channels }, (_, channel) => levelTable(preprocessing, channel));
  return (pixels) => fill(new Float32Array(area * channels), pixels, form, tables);
}

interface TensorForm {
  readonly channels: number;
  readonly blueFirst: boolean;
  /** Size of the plane that each channel has for itself; without it channels are innermost. */
  readonly plane?: number;
}

function levelTable({ scale, mean, std }: Manifest['preprocessing'], channel: number): Float32Array {
  const channelMean = mean[channel] ?? mean[0] ?? 0;
  const channelStd = std[channel] ?? std[0] ?? 1;
  return Float32Array.from({ length: LEVELS }, (_, level) => (level * scale - channelMean) / channelStd);
}

/** Copies channel by channel. */
function fill<T extends Uint8Array | Float32Array>(
  data: T,
  pixels: Uint8Array,
  { channels, blueFirst, plane }: TensorForm,
  tables?: readonly Float32Array[],
): T {
  for (let channel = 0; channel < channels; channel += 1) {
    const table = tables?.[channel];
    let target = plane === undefined ? channel : channel * plane;
    const step = plane === undefined ? channels : 1;
    const first = blueFirst ? channels - 1 - channel : channel;
    for (let source = first; source < pixels.length; source += channels) {
      const level = pixels[source] ?? 0;
      data[target] = table === undefined ? level : (table[level] ?? 0);
      target += step;
    }
  }
  return data;
}
