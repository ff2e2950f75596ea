import type { Inspection } from '../domain/inspection.js';
import type { HealthSource, Trouble } from './health.js';
import type { RunningStation } from './station-plan.js';

/** What a face may know and do of the agent besides its stations. */
export interface FacedAgent {
  troubles(): readonly Trouble[];
  acknowledge(where: string, by: string): void;
  /** Something about the station has changed that its state shows. */
  changed(station: RunningStation): void;
}

/** A view on the stations for a control system, as the agent drives it. None of the calls takes long or throws. */
export interface AgentFace {
  open(stations: readonly RunningStation[], agent: FacedAgent): void;
  inspected(inspection: Inspection): void;
  look(): void;
  readonly health: HealthSource;
  stop(): Promise<void>;
}
