import { mixSeed, seededRandom } from './random.js';
import { TILE_DEFECTS, type TileClass } from './tile.js';

/** What comes down the line as part number `part`. */
export interface SimulatedPart {
  readonly part: number;
  readonly tileClass: TileClass;
  /** Seed of its picture. */
  readonly tileSeed: number;
}

const PART_STREAM = 0x70617274;

/**
 * Decides what a part is, given the seed of the line, its number and the probability of a defect at that moment. The
 * same three give the same part; a higher probability only adds defects, it never makes a defective part good.
 */
export function simulatedPart(seed: number, part: number, defectProbability: number): SimulatedPart {
  const random = seededRandom(mixSeed(seed, PART_STREAM, part));
  const defective = random.uniform() < defectProbability;
  const defect = random.pick(TILE_DEFECTS);
  return { part, tileClass: defective ? defect : 'free', tileSeed: mixSeed(seed, part) };
}
