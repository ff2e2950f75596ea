import type { Inspection } from '../domain/inspection.js';
import type { StationState } from '../domain/state.js';
import type { StationTally } from '../pipeline/station-state.js';
import type { ClassifierInfo } from '../ports/classifier.js';
import type { HealthSource } from './health.js';

/** A configured station that has not begun yet. */
export interface StationPlan {
  readonly name: string;
  /** Loads and warms the model, connects the sensors, reads the totals of earlier runs. */
  start(signal: AbortSignal, onInspected: (inspection: Inspection, seq: number) => void): Promise<RunningStation>;
}

/** A station whose model is warm. */
export interface RunningStation {
  readonly name: string;
  readonly info: ClassifierInfo;
  readonly tally: StationTally;
  readonly health: readonly HealthSource[];
  /** Takes parts until the signal aborts and the last one is recorded. */
  run(signal: AbortSignal): Promise<void>;
  state(atMs: number): StationState;
  /** How long the oldest part has been with the model, ms. */
  busyMs(): number;
  alive(timeoutMs: number): Promise<boolean>;
  /** Clears the PLC's result tags and lets go of the model and the sensors. */
  stop(): Promise<void>;
}
