/**
 * Anchors of "plasma" (Smith, van der Walt and Firing, matplotlib, CC0): lightness rises evenly from dark blue to
 * yellow, so that it reads the same in grey and for people who do not tell red from green.
 */
const PLASMA: readonly (readonly [number, number, number])[] = [
  [13, 8, 135],
  [70, 3, 159],
  [114, 1, 168],
  [156, 23, 158],
  [189, 55, 134],
  [216, 87, 107],
  [237, 121, 83],
  [251, 159, 58],
  [253, 202, 38],
  [240, 249, 33],
];

export const RAMP_LEVELS = 256;

/** Red, green and blue of each level, one after the other. */
export const colorRamp: Uint8Array = Uint8Array.from({ length: RAMP_LEVELS * 3 }, (_, index) => {
  const channel = index % 3;
  const place = (Math.floor(index / 3) / (RAMP_LEVELS - 1)) * (PLASMA.length - 1);
  const below = Math.floor(place);
  const from = PLASMA[below]?.[channel] ?? 0;
  const to = PLASMA[below + 1]?.[channel] ?? from;
  return Math.round(from + (to - from) * (place - below));
});
