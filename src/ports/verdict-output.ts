import type { TriggerEcho } from '../domain/inspection.js';
import type { Decision } from '../domain/verdict.js';

/** A part as the PLC's side of it goes on: from its trigger to its result. */
export interface OutputPart {
  /** The inspection's id. */
  readonly id: string;
  /** The moment of its trigger on the monotonic clock. */
  readonly openedTickMs: number;
  /** Somebody else than the line has asked for it: a PLC that waits for its own part must not get this one's result. */
  readonly called: boolean;
}

export interface OutputResult {
  readonly inspectionId: string;
  /** As the PLC gave it. */
  readonly partId?: string;
  readonly decision: Decision;
  readonly label: string | null;
  readonly score: number | null;
  /** Counts the verdicts of this run; the PLC sees it change last. */
  readonly counter: number;
}

/**
 * `ready`: parts can be inspected. `unavailable`: not now, as during a pause. `hung`: nothing comes of the parts under
 * way any more, so that the PLC must not see a heartbeat.
 */
export type StationCondition = 'ready' | 'unavailable' | 'hung';

/** Since the start. */
export interface OutputFigures {
  /** Triggers that came before the station was ready for them. */
  readonly overruns: number;
  /** Results that the PLC did not acknowledge, or whose acknowledgement it did not take back. */
  readonly ackTimeouts: number;
}

/**
 * The way back to the PLC. OK and NOK are separate bits and both 0 means no result; the counter is written last, so
 * that a PLC that watches it never reads half a result.
 *
 * Each part is told by `opened`, by `taken` once its id and recipe have been read, and has one end: `write`, `withhold`
 * or `dropped`. Results reach the PLC in the order in which the parts were opened, so that a part without an end holds
 * up those after it. Nothing but `start`, `write` and `stop` waits for the PLC.
 */
export interface VerdictOutput {
  /** Results wait until their part is at the gate: `write` settles late, and the next one need not wait for it. */
  readonly delayed: boolean;
  /**
   * Clears OK and NOK now, if the PLC can be reached, and on each new connection. Does not wait for a connection.
   * `condition` is asked several times a second. `onPlcRestart` is called when the PLC has begun anew without the
   * connection being lost: triggers from before may still be on their way and are no parts any more.
   */
  start(condition: () => StationCondition, onPlcRestart: () => void): Promise<void>;
  opened(part: OutputPart): void;
  /** Whatever the PLC set for the part has been read: it may set the next one's. */
  taken(id: string, echo?: TriggerEcho): void;
  /** The part will have no verdict. */
  dropped(id: string): void;
  /** A trigger came and no part was opened for it. */
  turnedAway(): void;
  /** The PLC has begun anew: what it waited for before is no longer waited for. */
  restarted(): void;
  /** By how much a verdict that is made now misses the part's deadline; undefined where it is in time. */
  lateMs(id: string): number | undefined;
  /** The verdict is late: the PLC does not get it. */
  withhold(id: string): void;
  /**
   * Resolves once the PLC has taken every value, and rejects with a `transient` JidokaError when it has not: the
   * caller counts that verdict, and it is never written later.
   */
  write(result: OutputResult): Promise<void>;
  figures(): OutputFigures;
  /** What the PLC's side is in trouble with, in a plain sentence. */
  trouble(): string | undefined;
  /** Clears OK and NOK a last time. What waits for the gate is rejected. */
  stop(): Promise<void>;
}
