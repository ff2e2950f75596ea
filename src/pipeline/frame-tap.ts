import type { Frame } from '../domain/frame.js';

/** Hands a copy of the next frame to whoever asks for one, on its way to the station. */
export class FrameTap {
  readonly #waiting = new Set<(frame: Frame | undefined) => void>();

  /** The next frame, its bytes a copy: those of the station go to a worker. Undefined when the signal aborts first. */
  next(signal: AbortSignal): Promise<Frame | undefined> {
    return new Promise((resolve) => {
      const settle = (frame: Frame | undefined): void => {
        this.#waiting.delete(settle);
        signal.removeEventListener('abort', giveUp);
        resolve(frame);
      };
      const giveUp = (): void => settle(undefined);
      if (signal.aborted) return giveUp();
      this.#waiting.add(settle);
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  offer(frame: Frame): void {
    if (this.#waiting.size === 0) return;
    const copy: Frame = { ...frame, image: { ...frame.image, data: frame.image.data.slice() } };
    for (const settle of [...this.#waiting]) settle(copy);
  }
}
