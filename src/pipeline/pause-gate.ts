/** Since when and by whom a station is paused. */
export interface Pause {
  readonly sinceMs: number;
  readonly by: string;
  readonly reason?: string;
}

/** Lets parts in, or turns them away and counts them while the station is paused. */
export class PauseGate {
  readonly #exception: () => boolean;
  #pause: Pause | undefined;
  #turnedAway = 0;
  readonly #waiting = new Set<() => void>();

  /** `exception` tells whether the next part is let in even during a pause. */
  constructor(exception: () => boolean = () => false) {
    this.#exception = exception;
  }

  /** Undefined where parts are let in. */
  get pause(): Pause | undefined {
    return this.#pause;
  }

  /** Parts turned away since the start. */
  get turnedAway(): number {
    return this.#turnedAway;
  }

  /** A station that is paused already keeps its pause: the first one began it. */
  close(pause: Pause): void {
    this.#pause ??= pause;
  }

  open(): void {
    this.#pause = undefined;
    this.askAgain();
  }

  /** There may be an exception now for those who wait. */
  askAgain(): void {
    for (const resolve of [...this.#waiting]) resolve();
  }

  /** Asks for one part: false means that it is turned away and counted. */
  admits(): boolean {
    if (this.#lets()) return true;
    this.#turnedAway += 1;
    return false;
  }

  /** Resolves true when a part is let in, false when the signal aborts first. */
  async untilOpen(signal: AbortSignal): Promise<boolean> {
    while (!this.#lets() && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const settle = (): void => {
          this.#waiting.delete(settle);
          signal.removeEventListener('abort', settle);
          resolve();
        };
        this.#waiting.add(settle);
        signal.addEventListener('abort', settle, { once: true });
      });
    }
    return this.#lets();
  }

  #lets(): boolean {
    return this.#pause === undefined || this.#exception();
  }
}
