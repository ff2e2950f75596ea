import type { Inspection } from '../domain/inspection.js';
import type { ModelIdentity } from '../domain/model.js';

/** One way in which a station can judge. */
export interface StationRecipe {
  readonly name: string;
  readonly model: ModelIdentity;
}

export interface StationRecipes {
  readonly all: readonly StationRecipe[];
  /** The name of the one that parts are judged by which bring none of their own. */
  readonly inForce: string;
}

/** Something wrong that this station suffers from. */
export interface StationTrouble {
  /** The thing: `camera of surface`, `store`, … */
  readonly where: string;
  readonly text: string;
  /** `error`: the station cannot do its work. `warning`: it can, with less than it should have. */
  readonly severity: 'error' | 'warning';
}

/** A station as a control system sees it, from outside and at any time. Nothing here takes longer than a moment. */
export interface ControlledStation {
  readonly name: string;
  /** Its pictures are not of real parts. */
  readonly simulated: boolean;
  /** By whom and why it is paused; undefined while parts are let in. */
  readonly paused: string | undefined;
  readonly recipes: StationRecipes;
  readonly troubles: readonly StationTrouble[];
  /** No part is let in from here on; those under way are finished. */
  pause(by: string, reason?: string): void;
  resume(): void;
  /** @throws JidokaError where there is none of this name; what is in force stays so then */
  selectRecipe(name: string): Promise<void>;
  /**
   * One part now, even during a pause. `opened` is called with the id of its inspection as soon as that is known.
   * Resolves with false when the part was lost or the signal aborted first.
   */
  inspectNow(part: CalledPart, signal: AbortSignal): Promise<boolean>;
  /** Somebody knows of every trouble there is. */
  acknowledge(by: string): void;
  /** Writes down what was asked of the station, and what became of it. */
  audit(entry: ControlEntry): void;
}

export interface ControlEntry {
  readonly method: string;
  readonly by: string;
  readonly given: Readonly<Record<string, unknown>>;
  /** Why it was not done; undefined where it was. */
  readonly refusal: string | undefined;
}

export interface CalledPart {
  /** The id that the caller knows it by; it is recorded with the inspection. */
  readonly externalId?: string;
  readonly opened: (id: string) => void;
}

/**
 * Whoever shows the stations to a control system: told of every inspection and asked to look when something may be
 * other than before. It never holds up the caller and never throws.
 */
export interface StationFace {
  /** From here on the stations are shown. Called once, when they take parts. */
  open(stations: readonly ControlledStation[]): void;
  /** `seq` is null where the record was given up. */
  inspected(inspection: Inspection, seq: number | null): void;
  /** Something about the stations may have changed. */
  look(): void;
}
