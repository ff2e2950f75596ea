import type { Clock } from '../base/clock.js';

/** One question for the server's time. `…AtMs` are of the gateway's monotonic clock. */
export interface ClockReading {
  readonly askedAtMs: number;
  readonly answeredAtMs: number;
  /** The server's wall time as it answered. */
  readonly serverMs: number;
  /** The server told its time only to about this much, as one that sets its clock's node once a second. */
  readonly coarseMs: number;
}

export interface ClockEstimate {
  /** The server's clock minus the gateway's. */
  readonly aheadMs: number;
  /** It may be wrong by so much either way. */
  readonly errorMs: number;
}

interface Kept {
  readonly atMs: number;
  /** The server's wall time minus the gateway's monotonic time. */
  readonly offsetMs: number;
  readonly errorMs: number;
}

const MOST_KEPT = 16;
/** Quartz clocks part by less, but NTP may push a clock by up to 500 ms in a thousand seconds: readings age by that. */
const DRIFT = 500e-6;
/** What no bound covers: time-outs of the operating system, the roundness of milliseconds. */
const SLACK_MS = 10;
/** Smaller differences are left alone, so that values of a well-kept plant keep the times they were given. */
const NEGLIGIBLE_MS = 25;

/**
 * How far the server's clock is from the gateway's, as NTP reckons it: the server's answer was given half-way between
 * question and answer, give or take half the time between them. Of the last readings the one counts whose bound is
 * tightest today: little delay, not long ago. (RFC 5905, section 10: the clock filter.)
 *
 * It is reckoned against the monotonic clock, so that it stays right when the gateway's wall clock is set.
 */
export class ServerClock {
  #kept: Kept[] = [];
  #appliedMs = 0;

  constructor(private readonly clock: Clock) {}

  take({ askedAtMs, answeredAtMs, serverMs, coarseMs }: ClockReading): void {
    const atMs = (askedAtMs + answeredAtMs) / 2;
    // A coarse clock tells a time that is past already: on the average by half its step.
    const offsetMs = serverMs + coarseMs / 2 - atMs;
    const errorMs = (answeredAtMs - askedAtMs + coarseMs) / 2;
    const fits = ({ offsetMs: before, ...kept }: Kept): boolean =>
      Math.abs(offsetMs - before) <= errorMs + kept.errorMs + Math.abs(atMs - kept.atMs) * DRIFT + SLACK_MS;
    // What contradicts the new reading was measured before somebody set the server's clock.
    this.#kept = [...this.#kept.filter(fits), { atMs, offsetMs, errorMs }].slice(-MOST_KEPT);
  }

  /** null before the first reading. */
  estimate(): ClockEstimate | null {
    const nowMs = this.clock.monotonicMs();
    let best: { readonly offsetMs: number; readonly errorMs: number } | undefined;
    for (const { atMs, offsetMs, errorMs } of this.#kept) {
      const today = errorMs + Math.abs(nowMs - atMs) * DRIFT;
      if (best === undefined || today <= best.errorMs) best = { offsetMs, errorMs: today };
    }
    if (best === undefined) return null;
    return { aheadMs: best.offsetMs - (this.clock.nowMs() - nowMs), errorMs: best.errorMs };
  }

  /**
   * What is to be taken from a time of the server to have one of the gateway. It follows the estimate in steps that
   * are larger than its doubt: values must not change their order because the estimate trembles.
   */
  get correctionMs(): number {
    const estimate = this.estimate();
    if (estimate === null) return this.#appliedMs;
    const doubtMs = Math.max(NEGLIGIBLE_MS, estimate.errorMs);
    if (Math.abs(estimate.aheadMs) <= doubtMs) this.#appliedMs = 0;
    else if (Math.abs(estimate.aheadMs - this.#appliedMs) > doubtMs) this.#appliedMs = Math.round(estimate.aheadMs);
    return this.#appliedMs;
  }
}
