import type { Frame } from '../domain/frame.js';
import type { Part } from '../domain/inspection.js';
import type { RegionView } from './regions.js';

/** A part with the frame that shows it; `undefined` where none came in time. */
export interface PairedPart {
  readonly part: Part;
  readonly frame: Frame | undefined;
  /** The region that shows it, where the frame shows several parts. */
  readonly region?: RegionView;
  /** Further parts of the same frame follow, so that its file is not done with. */
  readonly more?: boolean;
}
