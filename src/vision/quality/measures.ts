import type { Thumbnail } from './thumbnail.js';

/** From this grey level on a pixel counts as white: JPEG seldom leaves 255. */
const WHITE = 250;

export function lightOf({ data }: Thumbnail): { readonly brightness: number; readonly saturated: number } {
  let sum = 0;
  let white = 0;
  for (let at = 0; at < data.length; at += 1) {
    const level = data[at] ?? 0;
    sum += level;
    if (level >= WHITE) white += 1;
  }
  return { brightness: sum / data.length, saturated: white / data.length };
}

/**
 * Root mean square of the Laplacian (four neighbours) over the mean grey level: brighter light does not make a picture
 * sharper. After Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", ICPR 2000.
 */
export function sharpnessOf({ data, width, height }: Thumbnail, brightness: number): number {
  if (width < 3 || height < 3) return 0;
  let sum = 0;
  for (let row = 1; row < height - 1; row += 1) {
    const end = row * width + width - 1;
    for (let at = row * width + 1; at < end; at += 1) {
      const laplacian =
        4 * (data[at] ?? 0) -
        (data[at - 1] ?? 0) -
        (data[at + 1] ?? 0) -
        (data[at - width] ?? 0) -
        (data[at + width] ?? 0);
      sum += laplacian * laplacian;
    }
  }
  return Math.sqrt(sum / ((width - 2) * (height - 2))) / (brightness + 1);
}

/** Mean grey level of the pixels that `of` names; 0 for none. */
export function meanOf(data: Uint8Array, of: Int32Array): number {
  let sum = 0;
  for (let index = 0; index < of.length; index += 1) sum += data[of[index] ?? 0] ?? 0;
  return of.length === 0 ? 0 : sum / of.length;
}

/** Mean absolute difference of two pictures, the first one's levels times `gain`; over the pixels in `of` alone where given. */
export function difference(data: Uint8Array, gain: number, other: Uint8Array, of?: Int32Array): number {
  let sum = 0;
  if (of === undefined) {
    for (let at = 0; at < data.length; at += 1) sum += Math.abs((data[at] ?? 0) * gain - (other[at] ?? 0));
    return sum / data.length;
  }
  for (let index = 0; index < of.length; index += 1) {
    const at = of[index] ?? 0;
    sum += Math.abs((data[at] ?? 0) * gain - (other[at] ?? 0));
  }
  return of.length === 0 ? 0 : sum / of.length;
}
