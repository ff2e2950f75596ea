import type { RawImage } from '../../domain/frame.js';
import { paintBlowholes, paintBreak, paintCracks, paintFray, paintUneven } from './defects.js';
import { mixSeed, type Random, seededRandom } from './random.js';
import { type Canvas, paintSurface } from './surface.js';

/** What a magnetic tile can be: sound (`free`) or with one kind of surface defect. */
export const TILE_CLASSES = ['free', 'blowhole', 'crack', 'break', 'fray', 'uneven'] as const;
export type TileClass = (typeof TILE_CLASSES)[number];

export const TILE_DEFECTS = ['blowhole', 'crack', 'break', 'fray', 'uneven'] as const satisfies readonly TileClass[];

export const TILE_WIDTH = 240;
export const TILE_HEIGHT = 160;

const PAINTERS: Readonly<Record<TileClass, (canvas: Canvas, random: Random) => void>> = {
  free: () => undefined,
  blowhole: paintBlowholes,
  crack: paintCracks,
  break: paintBreak,
  fray: paintFray,
  uneven: paintUneven,
};

export interface TileOptions {
  readonly tileClass: TileClass;
  /** The same class and seed give the same frame. The surface depends on the seed alone, the defect on both. */
  readonly seed: number;
  /** Pixels. */
  readonly width?: number;
  readonly height?: number;
}

/**
 * Draws a brushed magnetic tile as a line camera sees it: one grey channel, `width * height` bytes in a buffer of its
 * own, so that it can be transferred to a worker. A few milliseconds at 240 x 160.
 */
export function renderTile({ tileClass, seed, width = TILE_WIDTH, height = TILE_HEIGHT }: TileOptions): RawImage {
  const canvas = paintSurface(width, height, seededRandom(mixSeed(seed)));
  PAINTERS[tileClass](canvas, seededRandom(mixSeed(seed, TILE_CLASSES.indexOf(tileClass))));
  // A clamped view rounds and limits while it copies; the bytes are then seen as plain ones.
  const clamped = new Uint8ClampedArray(canvas.pixels);
  return { kind: 'raw', format: 'grey8', width, height, data: new Uint8Array(clamped.buffer) };
}
