import type { Frame } from '../domain/frame.js';

/**
 * Between a camera that runs freely and parts that are opened by a trigger: hands out the first frame taken at or
 * after a part was opened, never one from before it. At most one frame is kept; those nobody asked for are let go.
 */
export class FrameGate {
  readonly #waiting: { readonly fromMs: number; readonly resolve: (frame: Frame | undefined) => void }[] = [];
  #newest: Frame | undefined;

  /** A new frame from the camera: it goes to the part that has waited longest for it. */
  offer(frame: Frame): void {
    const index = this.#waiting.findIndex(({ fromMs }) => fromMs <= frame.capturedAtMs);
    const [waiter] = index < 0 ? [] : this.#waiting.splice(index, 1);
    if (waiter === undefined) this.#newest = frame;
    else waiter.resolve(frame);
  }

  /** The first frame captured at `fromMs` or later; undefined when none came within `timeoutMs` or on abort. */
  take(fromMs: number, timeoutMs: number, signal: AbortSignal): Promise<Frame | undefined> {
    const newest = this.#newest;
    if (newest !== undefined && newest.capturedAtMs >= fromMs) {
      this.#newest = undefined;
      return Promise.resolve(newest);
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
