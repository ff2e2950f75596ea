import type { Clock } from '../base/clock.js';
import type { Frame } from '../domain/frame.js';

/** Bounds the age of the frames that a station takes. What is too old is counted. */
export class FrameAge {
  readonly #maxMs: number;
  readonly #clock: Pick<Clock, 'nowMs'>;
  #refused = 0;

  constructor(maxMs: number | undefined, clock: Pick<Clock, 'nowMs'>) {
    this.#maxMs = maxMs ?? Number.POSITIVE_INFINITY;
    this.#clock = clock;
  }

  /** Frames that were too old, since the start. */
  get refused(): number {
    return this.#refused;
  }

  /** Asks for one frame: false means that it is let go and counted. */
  admits({ capturedAtMs }: Pick<Frame, 'capturedAtMs'>): boolean {
    if (this.#clock.nowMs() - capturedAtMs <= this.#maxMs) return true;
    this.#refused += 1;
    return false;
  }
}
