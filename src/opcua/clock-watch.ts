import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/logger.js';
import type { OpcuaConnectionConfig } from '../config/schema/connections.js';
import { type ClockEstimate, type ClockReading, ServerClock } from './server-clock.js';

export interface ClockWatchOptions {
  readonly config: Pick<OpcuaConnectionConfig, 'clock' | 'clockWarnMs'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly everyMs: number;
}

/** A few at once find one that was not delayed. */
const FIRST_READINGS = 3;

/** Asks the server for its time in every life of a connection, again and again, and says when the clocks disagree. */
export class ClockWatch {
  readonly #options: ClockWatchOptions;
  readonly #server: ServerClock;
  #timer: NodeJS.Timeout | undefined;
  #said = false;

  constructor(options: ClockWatchOptions) {
    this.#options = options;
    this.#server = new ServerClock(options.clock);
  }

  /** Takes the first readings of a life; `read` gives null where the server does not tell its time. */
  async first(read: () => Promise<ClockReading | null>): Promise<void> {
    for (let index = 0; index < FIRST_READINGS; index += 1) {
      const reading = await read();
      if (reading === null) return;
      this.#server.take(reading);
    }
  }

  /** Goes on reading until `end`. */
  begin(read: () => Promise<ClockReading | null>): void {
    this.end();
    this.#report();
    this.#timer = setInterval(() => {
      read().then(
        (reading) => {
          if (reading !== null) this.#server.take(reading);
          this.#report();
        },
        // Who cannot answer this is soon found silent.
        () => undefined,
      );
    }, this.#options.everyMs);
  }

  end(): void {
    clearInterval(this.#timer);
  }

  estimate(): ClockEstimate | null {
    return this.#server.estimate();
  }

  /** What is to be taken from a source time of the server to have the gateway's time. */
  get correctionMs(): number {
    return this.#options.config.clock === 'server' ? this.#server.correctionMs : 0;
  }

  /** A sentence where the clocks are so far apart that somebody should set them; else null. */
  get note(): string | null {
    const { clock, clockWarnMs } = this.#options.config;
    const estimate = this.estimate();
    if (estimate === null || Math.abs(estimate.aheadMs) < Math.max(clockWarnMs, estimate.errorMs)) return null;
    const side = estimate.aheadMs > 0 ? 'ahead of' : 'behind';
    const apart = `The server's clock is ${(Math.abs(estimate.aheadMs) / 1000).toFixed(1)} s ${side} the gateway's`;
    const meanwhile =
      clock === 'server' ? 'the times of its values are corrected by that' : 'values may be paired wrongly';
    return `${apart}; ${meanwhile}. Set both by NTP.`;
  }

  #report(): void {
    const { note } = this;
    if (note !== null && !this.#said) {
      this.#options.logger.warn({ clockAheadMs: Math.round(this.estimate()?.aheadMs ?? 0) }, note);
    }
    this.#said = note !== null;
  }
}
