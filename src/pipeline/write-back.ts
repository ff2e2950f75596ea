import type { LatencySummary, PlcFigures } from '../domain/state.js';

const KEPT = 256;

/** The newest durations of one kind, and the longest of all. */
export class LatencyWindow {
  readonly #newest: number[] = [];
  #next = 0;
  #last: number | undefined;
  #max = 0;

  add(ms: number): void {
    this.#last = ms;
    this.#max = Math.max(this.#max, ms);
    this.#newest[this.#next] = ms;
    this.#next = (this.#next + 1) % KEPT;
  }

  /** null before the first. Percentiles are of the newest 256, by the nearest rank. */
  summary(): LatencySummary | null {
    if (this.#last === undefined) return null;
    const sorted = [...this.#newest].sort((a, b) => a - b);
    const rank = (share: number): number => tenths(sorted[Math.ceil(share * sorted.length) - 1] ?? 0);
    return { last: tenths(this.#last), p50: rank(0.5), p95: rank(0.95), max: tenths(this.#max) };
  }
}

/** How the verdicts of this run have reached the PLC. */
export class WriteBack {
  readonly #fromDecision = new LatencyWindow();
  readonly #fromTrigger = new LatencyWindow();
  #failed = 0;
  #late = 0;

  get failed(): number {
    return this.#failed;
  }

  written(ticks: { readonly openedMs: number; readonly decidedMs: number; readonly nowMs: number }): void {
    this.#fromDecision.add(ticks.nowMs - ticks.decidedMs);
    this.#fromTrigger.add(ticks.nowMs - ticks.openedMs);
  }

  fail(): void {
    this.#failed += 1;
  }

  withhold(): void {
    this.#late += 1;
  }

  figures(): Pick<PlcFigures, 'late' | 'fromDecisionMs' | 'fromTriggerMs'> {
    return {
      late: this.#late,
      fromDecisionMs: this.#fromDecision.summary(),
      fromTriggerMs: this.#fromTrigger.summary(),
    };
  }
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}
