import type { Frame } from '../domain/frame.js';
import type { Part } from '../domain/inspection.js';

/** A part with the frame that shows it; `undefined` where none came in time. */
export interface PairedPart {
  readonly part: Part;
  readonly frame: Frame | undefined;
}
