import type { ScenePlace } from '../../domain/quality.js';
import type { Thumbnail } from './thumbnail.js';

/** Pixels compared at most: those with the strongest edges tell most of where a scene lies. */
const MOST_PIXELS = 2048;
/** Fewer of them than this say nothing. */
const LEAST_PIXELS = 100;
/** Every so many pixels are looked at while the scene is searched for far from its place. */
const COARSE = 4;
/** Grey levels from one pixel to the next that make an edge. */
const EDGE = 4;
/** How far it is searched for, as a share of the width. */
const REACH = 0.1;

/** Where what stands still in a scene lies in a picture, by normalised cross-correlation: light does not matter. */
export class SceneFinder {
  readonly #columns: Int16Array;
  readonly #rows: Int16Array;
  readonly #levels: Float32Array;
  readonly #width: number;
  readonly #height: number;

  private constructor({ width, height, data }: Thumbnail, pixels: readonly number[]) {
    this.#width = width;
    this.#height = height;
    this.#columns = Int16Array.from(pixels, (at) => at % width);
    this.#rows = Int16Array.from(pixels, (at) => Math.floor(at / width));
    this.#levels = Float32Array.from(pixels, (at) => data[at] ?? 0);
  }

  /** Undefined where too little stands still, or where it has no edges to go by. */
  static of(reference: Thumbnail, still: Uint8Array): SceneFinder | undefined {
    const { width, height, data } = reference;
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
    if (edges.length < LEAST_PIXELS) return undefined;
    const strongest = edges.sort((a, b) => b.edge - a.edge).slice(0, MOST_PIXELS);
    return new SceneFinder(
      reference,
      strongest.map(({ at }) => at).sort((a, b) => a - b),
    );
  }

  place({ data }: Thumbnail): ScenePlace {
    const match = this.#match(data, 0, 0);
    const around = [-1, 1].map((step) => [this.#match(data, step, 0), this.#match(data, 0, step)] as const);
    const [[left, above] = [0, 0], [right, below] = [0, 0]] = around;
    if (match >= Math.max(left, above, right, below)) {
      return this.#placed(match, match, peak(left, match, right), peak(above, match, below));
    }
    const { x, y } = this.#search(data);
    const there = this.#match(data, x, y);
    const across = peak(this.#match(data, x - 1, y), there, this.#match(data, x + 1, y));
    const down = peak(this.#match(data, x, y - 1), there, this.#match(data, x, y + 1));
    return this.#placed(match, there, x + across, y + down);
  }

  #placed(match: number, matchThere: number, right: number, down: number): ScenePlace {
    return { match, matchThere, right: right / this.#width, down: down / this.#width };
  }

  /** The best place within reach: every second one by few pixels, then those around it by all. */
  #search(data: Uint8Array): { readonly x: number; readonly y: number } {
    const reach = Math.round(this.#width * REACH);
    let best = { x: 0, y: 0, match: this.#match(data, 0, 0, COARSE) };
    for (let y = -reach; y <= reach; y += 2) {
      for (let x = -reach; x <= reach; x += 2) {
        const match = this.#match(data, x, y, COARSE);
        if (match > best.match) best = { x, y, match };
      }
    }
    let fine = { x: best.x, y: best.y, match: this.#match(data, best.x, best.y) };
    for (let y = best.y - 1; y <= best.y + 1; y += 1) {
      for (let x = best.x - 1; x <= best.x + 1; x += 1) {
        const match = this.#match(data, x, y);
        if (match > fine.match) fine = { x, y, match };
      }
    }
    return fine;
  }

  /** Pearson's correlation of the reference with the picture `x` further right and `y` further down; 0 where nothing is. */
  #match(data: Uint8Array, x: number, y: number, step = 1): number {
    let [count, sumA, sumB, sumAA, sumBB, sumAB] = [0, 0, 0, 0, 0, 0];
    const [width, height] = [this.#width, this.#height];
    for (let index = 0; index < this.#levels.length; index += step) {
      const column = (this.#columns[index] ?? 0) + x;
      const row = (this.#rows[index] ?? 0) + y;
      if (column < 0 || row < 0 || column >= width || row >= height) continue;
      const a = this.#levels[index] ?? 0;
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
