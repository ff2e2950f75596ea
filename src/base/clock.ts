/**
 * Time as the agent sees it. Wall time is for stamps that leave the gateway; the monotonic clock is for durations,
 * since wall time jumps when NTP corrects it.
 */
export interface Clock {
  /** Milliseconds since 1970-01-01 UTC. */
  nowMs(): number;
  /** Milliseconds of a clock that never goes back; its zero means nothing. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

/** ISO 8601 in UTC with milliseconds, the form every payload uses. */
export function isoUtc(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
