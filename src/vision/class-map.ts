import type { Tensor } from 'onnxruntime-node';
import type { Manifest } from './manifest.js';

/** The values of a class-activation map, or what is wrong with it: a part is judged without its map all the same. */
export type MapResult =
  | { readonly values: Float32Array; readonly problem?: never }
  | { readonly problem: string; readonly values?: never };

/** Checks that the output is a map of the size that the manifest states, with finite values. */
export function readMap(
  output: Pick<Tensor, 'data'> | undefined,
  { labels, output: { map } }: Pick<Manifest, 'labels' | 'output'>,
): MapResult {
  const values = output?.data;
  if (!(values instanceof Float32Array)) return { problem: 'the output is no float32 tensor' };
  const size = (map?.rows ?? 0) * (map?.columns ?? 0) * labels.length;
  if (values.length !== size) {
    return { problem: `${values.length} values, expected ${size} (rows, columns, one a label)` };
  }
  const bad = values.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) return { problem: `the value for "${labels[bad % labels.length]}" is ${values[bad]}` };
  return { values };
}
