import type { ScenePlace } from '../../domain/quality.js';
import type { Thumbnail } from './thumbnail.js';

/** Pixels compared at most: those with the strongest edges tell most of where a scene lies. */
const MOST_PIXELS = 1024;
/** Fewer of them than this say nothing. */
const LEAST_PIXELS = 100;
/** And at most so many while the scene is searched for far from its place, on a picture of half the size. */
const MOST_COARSE_PIXELS = 512;
/** With this correlation a place needs no better one. */
const FOUND = 0.8;
/** Steps of a pixel that are taken from one place to a better one. */
const MOST_STEPS = 4;
/** Grey levels from one pixel to the next that make an edge. */
const EDGE = 4;
/** How far it is searched for, as a share of the width. */
const REACH = 0.1;

interface Place {
  readonly x: number;
  readonly y: number;
  readonly match: number;
}

interface Peak extends Place {
  /** Correlation a pixel further left, right, up and down. */
  readonly beside: readonly [number, number, number, number];
}

/** Where what stands still in a scene lies in a picture, by normalised cross-correlation: light does not matter. */
export class SceneFinder {
  /** Places in the picture's bytes, and at each how far the reference is from their mean. */
  readonly #pixels: Int32Array;
  readonly #deviations: Float64Array;
  /** Sum of the deviations' squares. */
  readonly #variance: number;
  readonly #bounds: { readonly left: number; readonly right: number; readonly top: number; readonly bottom: number };
  readonly #width: number;
  readonly #height: number;
  readonly #coarse: SceneFinder | undefined;

  private constructor({ width, height, data }: Thumbnail, pixels: readonly number[], coarse?: SceneFinder) {
    this.#coarse = coarse;
    this.#width = width;
    this.#height = height;
    this.#pixels = Int32Array.from(pixels);
    const mean = pixels.reduce((sum, at) => sum + (data[at] ?? 0), 0) / pixels.length;
    this.#deviations = Float64Array.from(pixels, (at) => (data[at] ?? 0) - mean);
    this.#variance = this.#deviations.reduce((sum, deviation) => sum + deviation * deviation, 0);
    const columns = pixels.map((at) => at % width);
    const rows = pixels.map((at) => Math.floor(at / width));
    const [left, right] = [Math.min(...columns), Math.max(...columns)];
    this.#bounds = { left, right, top: Math.min(...rows), bottom: Math.max(...rows) };
  }

  /** Undefined where too little stands still, or where it has no edges to go by. */
  static of(reference: Thumbnail, still: Uint8Array): SceneFinder | undefined {
    const pixels = edgesOf(reference, still, MOST_PIXELS);
    if (pixels.length < LEAST_PIXELS) return undefined;
    const small = halved(reference);
    // Half of the size has a pixel that stands still where all four of its pixels do.
    const smallStill = halved({ ...reference, data: still }).data.map((value) => (value === 255 ? 255 : 0));
    const coarse = new SceneFinder(small, edgesOf(small, smallStill, MOST_COARSE_PIXELS));
    return new SceneFinder(reference, pixels, coarse);
  }

  place({ data }: Thumbnail): ScenePlace {
    const match = this.#match(data, 0, 0);
    const near = this.#climb(data, { x: 0, y: 0, match });
    if (near.match >= FOUND) return this.#placed(match, near);
    const far = this.#climb(data, this.#search(data));
    return this.#placed(match, far.match > near.match ? far : near);
  }

  #placed(match: number, { x, y, match: matchThere, beside }: Peak): ScenePlace {
    const [left, right, above, below] = beside;
    const across = x + peak(left, matchThere, right);
    const down = y + peak(above, matchThere, below);
    return { match, matchThere, right: across / this.#width, down: down / this.#width };
  }

  /** From a place to the best one beside it, as long as there is a better one. */
  #climb(data: Uint8Array, from: Place): Peak {
    let place = from;
    for (let step = 0; ; step += 1) {
      const { x, y } = place;
      const left = this.#match(data, x - 1, y);
      const right = this.#match(data, x + 1, y);
      const above = this.#match(data, x, y - 1);
      const below = this.#match(data, x, y + 1);
      const best = Math.max(left, right, above, below);
      if (best <= place.match || step === MOST_STEPS) return { ...place, beside: [left, right, above, below] };
      if (best === left) place = { x: x - 1, y, match: left };
      else if (best === right) place = { x: x + 1, y, match: right };
      else if (best === above) place = { x, y: y - 1, match: above };
      else place = { x, y: y + 1, match: below };
    }
  }

  /** The best place within reach, on pictures of half the size and by few pixels. */
  #search(data: Uint8Array): Place {
    const coarse = this.#coarse;
    if (coarse === undefined) return { x: 0, y: 0, match: -1 };
    const small = halved({ width: this.#width, height: this.#height, data }).data;
    const reach = Math.round(coarse.#width * REACH);
    let best = { x: 0, y: 0, match: -1 };
    for (let y = -reach; y <= reach; y += 1) {
      for (let x = -reach; x <= reach; x += 1) {
        const match = coarse.#match(small, x, y);
        if (match > best.match) best = { x, y, match };
      }
    }
    return { x: 2 * best.x, y: 2 * best.y, match: this.#match(data, 2 * best.x, 2 * best.y) };
  }

  /** Pearson's correlation of the reference with the picture `x` further right and `y` further down; 0 where nothing is. */
  #match(data: Uint8Array, x: number, y: number): number {
    const { left, right, top, bottom } = this.#bounds;
    const inside = left + x >= 0 && right + x < this.#width && top + y >= 0 && bottom + y < this.#height;
    return inside ? this.#matchWhole(data, y * this.#width + x) : this.#matchPart(data, x, y);
  }

  /** Every pixel lies in the picture: the usual case, and the quick one. */
  #matchWhole(data: Uint8Array, offset: number): number {
    const pixels = this.#pixels;
    const deviations = this.#deviations;
    let [sum, squares, products] = [0, 0, 0];
    for (let index = 0; index < pixels.length; index += 1) {
      const level = data[(pixels[index] ?? 0) + offset] ?? 0;
      sum += level;
      squares += level * level;
      products += level * (deviations[index] ?? 0);
    }
    const variance = squares - (sum * sum) / pixels.length;
    return variance <= 0 || this.#variance <= 0 ? 0 : products / Math.sqrt(variance * this.#variance);
  }

  #matchPart(data: Uint8Array, x: number, y: number): number {
    const [pixels, deviations, width, height] = [this.#pixels, this.#deviations, this.#width, this.#height];
    let [count, sumA, sumB, sumAA, sumBB, sumAB] = [0, 0, 0, 0, 0, 0];
    for (let index = 0; index < pixels.length; index += 1) {
      const at = pixels[index] ?? 0;
      const column = (at % width) + x;
      const row = Math.floor(at / width) + y;
      if (column < 0 || row < 0 || column >= width || row >= height) continue;
      const a = deviations[index] ?? 0;
      const b = data[row * width + column] ?? 0;
      count += 1;
      sumA += a;
      sumB += b;
      sumAA += a * a;
      sumBB += b * b;
      sumAB += a * b;
    }
    if (count < 2) return 0;
    const varianceA = sumAA - (sumA * sumA) / count;
    const varianceB = sumBB - (sumB * sumB) / count;
    const covariance = sumAB - (sumA * sumB) / count;
    return varianceA <= 0 || varianceB <= 0 ? 0 : covariance / Math.sqrt(varianceA * varianceB);
  }
}

/** Where between -0.5 and 0.5 a parabola through three values that are highest in the middle has its top. */
function peak(before: number, at: number, after: number): number {
  const bend = before - 2 * at + after;
  return bend >= 0 ? 0 : Math.max(-0.5, Math.min(0.5, (before - after) / (2 * bend)));
}

/** The pixels that stand still and have the strongest edges, in their order. */
function edgesOf({ width, height, data }: Thumbnail, still: Uint8Array, most: number): readonly number[] {
  const edges: { at: number; edge: number }[] = [];
  for (let row = 1; row < height - 1; row += 1) {
    for (let at = row * width + 1; at < row * width + width - 1; at += 1) {
      if (still[at] === 0) continue;
      const across = (data[at + 1] ?? 0) - (data[at - 1] ?? 0);
      const down = (data[at + width] ?? 0) - (data[at - width] ?? 0);
      const edge = Math.hypot(across, down) / 2;
      if (edge >= EDGE) edges.push({ at, edge });
    }
  }
  const strongest = edges.sort((a, b) => b.edge - a.edge).slice(0, most);
  return strongest.map(({ at }) => at).sort((a, b) => a - b);
}

/** Each four pixels as one. */
function halved({ width, height, data }: Thumbnail): Thumbnail {
  const [halfWidth, halfHeight] = [Math.floor(width / 2), Math.floor(height / 2)];
  const out = new Uint8Array(halfWidth * halfHeight);
  for (let row = 0; row < halfHeight; row += 1) {
    for (let column = 0; column < halfWidth; column += 1) {
      const at = 2 * row * width + 2 * column;
      const sum = (data[at] ?? 0) + (data[at + 1] ?? 0) + (data[at + width] ?? 0) + (data[at + width + 1] ?? 0);
      out[row * halfWidth + column] = sum >> 2;
    }
  }
  return { width: halfWidth, height: halfHeight, data: out };
}
