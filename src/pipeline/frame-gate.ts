import type { Frame } from '../domain/frame.js';

/**
 * Between a camera that runs freely and parts that are opened by a trigger: hands out the first frame taken at or
 * after a part was opened, never one from before it. At most one frame is kept; those nobody asked for are let go.
 */
export class FrameGate {
  readonly #waiting: { readonly fromMs: number; readonly resolve: (frame: Frame | undefined) => void }[] = [];
  readonly #admits: (frame: Frame) => boolean;
  #newest: Frame | undefined;

  /** `admits` is asked for each frame that a part is about to get; one that is refused is let go. */
  constructor(admits: (frame: Frame) => boolean = () => true) {
    this.#admits = admits;
  }

  /** A new frame from the camera: it goes to the part that has waited longest for it. */
  offer(frame: Frame): void {
    const index = this.#waiting.findIndex(({ fromMs }) => fromMs <= frame.capturedAtMs);
    if (index < 0) this.#newest = frame;
    else if (this.#admits(frame)) this.#waiting.splice(index, 1)[0]?.resolve(frame);
  }

  /** The first frame captured at `fromMs` or later; undefined when none came within `timeoutMs` or on abort. */
  take(fromMs: number, timeoutMs: number, signal: AbortSignal): Promise<Frame | undefined> {
    const newest = this.#newest;
    if (newest !== undefined && newest.capturedAtMs >= fromMs) {
      this.#newest = undefined;
      if (this.#admits(newest)) return Promise.resolve(newest);
    }
    return new Promise((resolve) => {
      const settle = (frame: Frame | undefined): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', giveUp);
        resolve(frame);
      };
      const waiter = { fromMs, resolve: settle };
      const giveUp = (): void => {
        const index = this.#waiting.indexOf(waiter);
        if (index >= 0) this.#waiting.splice(index, 1);
        settle(undefined);
      };
      const timer = setTimeout(giveUp, timeoutMs);
      signal.addEventListener('abort', giveUp, { once: true });
      if (signal.aborted) giveUp();
      else this.#waiting.push(waiter);
    });
  }
}
