import type { Inspection } from '../domain/inspection.js';
import type { StationState } from '../domain/state.js';
import type { StationTally } from '../pipeline/station-state.js';
import type { ClassifierInfo } from '../ports/classifier.js';
import type { CommandedStation } from './commands/commanded-station.js';
import type { HealthSource } from './health.js';
import type { ReloadableStation } from './model-reload.js';

/** Called after an inspection is committed and counted, or has been given up: then `seq` is null. */
export type InspectionListener = (inspection: Inspection, seq: number | null) => void;

/** A configured station that has not begun yet. */
export interface StationPlan {
  readonly name: string;
  /** Loads and warms the model, asks for the sensors, reads the totals of earlier runs. */
  start(onInspected: InspectionListener): Promise<RunningStation>;
}

/** A station whose models are warm; `info` is that of the model in use, with recipes of the one in force. */
export interface RunningStation extends CommandedStation {
  readonly info: ClassifierInfo;
  /** One a recipe, or the station's own. */
  readonly models: readonly ReloadableStation[];
  /** Without a name that of the recipe in force. @throws PIPELINE_RECIPE_UNKNOWN */
  modelOf(recipe: string | undefined): ReloadableStation;
  readonly tally: StationTally;
  readonly health: readonly HealthSource[];
  /** Gives the servers a moment to answer, so that a start does not send the first parts to review for nothing. */
  settle(signal: AbortSignal): Promise<void>;
  /** Takes parts until the signal aborts and the last one is recorded. */
  run(signal: AbortSignal): Promise<void>;
  /** `shed`: what was given up of it for good. */
  state(atMs: number, shed: StationState['shed']): StationState;
  /** How long the oldest part has been with the model, ms. */
  busyMs(): number;
  alive(timeoutMs: number): Promise<boolean>;
  /** Clears the PLC's result tags and lets go of the model and the sensors. */
  stop(): Promise<void>;
}
