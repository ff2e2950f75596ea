import type { CameraStatus } from '../ports/camera.js';

/** The running status of a camera: the counters only ever grow, the sentence follows the state. */
export class CameraState {
  #state: CameraStatus['state'] = 'starting';
  #text: string;
  framesTaken = 0;
  framesDropped = 0;
  quarantined = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Returns true when state or sentence changed, so that a log line is written once and not at each attempt. */
  set(state: CameraStatus['state'], text: string): boolean {
    const changed = state !== this.#state || text !== this.#text;
    this.#state = state;
    this.#text = text;
    return changed;
  }

  get(): CameraStatus {
    return {
      state: this.#state,
      text: this.#text,
      framesTaken: this.framesTaken,
      framesDropped: this.framesDropped,
      quarantined: this.quarantined,
    };
  }
}
