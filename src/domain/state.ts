import type { ShedCount } from './outbox.js';
import type { Decision } from './verdict.js';

export const STATUS_SCHEMA = 'jidoka.status/1';
export const STATE_SCHEMA = 'jidoka.state/1';

/** The gateway's own state, retained on `BASE/status`; the broker sends `offline` as the will. */
export interface StatusMessage {
  readonly schema: typeof STATUS_SCHEMA;
  readonly gateway: string;
  readonly state: 'online' | 'offline';
  /** When this state began. The will carries the time of the connection, since the broker sends it later. */
  readonly at: string;
  readonly version: string;
  readonly startedAt: string;
  readonly stations: readonly string[];
  /** `ok`, or the most serious trouble; `troubles` names each. */
  readonly health: 'ok' | 'degraded';
  readonly troubles: readonly {
    readonly where: string;
    readonly text: string;
    /** Present once somebody has said that they know of it. */
    readonly acknowledged?: { readonly at: string; readonly by: string };
  }[];
  /** Messages that wait for a broker. */
  readonly outboxRows: number;
  /** Each destination by name, `mqtt` the main one; absent in an offline message, since then nobody knows. */
  readonly destinations?: Readonly<Record<string, DestinationSummary>>;
  /** Since the start, where commands are taken: those that took effect, those that could not, those refused. */
  readonly commands?: { readonly done: number; readonly failed: number; readonly refused: number };
}

export interface DestinationSummary {
  readonly connected: boolean;
  /** Messages that wait for it. */
  readonly waiting: number;
  /** Messages that were given up for good since the beginning; the stations' states say which. */
  readonly shed: number;
}

/** Of durations in ms; the percentiles are of the newest ones. */
export interface LatencySummary {
  readonly last: number;
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

/** How verdicts reach the PLC, since the start. */
export interface PlcFigures {
  /** Verdicts that missed their deadline; the PLC did not get them. */
  readonly late: number;
  /** Triggers that came before the station was ready for them. */
  readonly overruns: number;
  /** Results that the PLC did not acknowledge in time. */
  readonly ackTimeouts: number;
  /** From the verdict until the PLC has taken it; null before the first. */
  readonly fromDecisionMs: LatencySummary | null;
  /** From the trigger until then. */
  readonly fromTriggerMs: LatencySummary | null;
}

/** A station's running state, retained on `BASE/STATION/state`. */
export interface StationState {
  readonly schema: typeof STATE_SCHEMA;
  readonly station: string;
  readonly at: string;
  readonly last: {
    readonly id: string;
    /** null where the inspection could not be recorded. */
    readonly seq: number | null;
    readonly verdict: Decision;
    readonly class: string | null;
    readonly score: number | null;
    readonly capturedAt: string;
  } | null;
  /** Totals since the station's first part. */
  readonly counts: {
    readonly pass: number;
    readonly fail: number;
    readonly review: number;
    readonly total: number;
  };
  /** pass / total; null before the first part. */
  readonly firstPassYield: number | null;
  /** Null where parts are inspected. */
  readonly paused: { readonly since: string; readonly by: string; readonly reason?: string } | null;
  /**
   * Not inspected, since the start: lost by the camera, by the station's full queue, come during a pause; frames that
   * were too old.
   */
  readonly dropped: {
    readonly camera: number;
    readonly station: number;
    readonly paused: number;
    readonly stale: number;
  };
  /** Files set aside since the start. */
  readonly quarantined: number;
  /** Since the start: verdicts that the PLC did not take, inspections that were not recorded. */
  readonly failed: { readonly plcWrites: number; readonly records: number };
  /** Absent where no PLC gets the verdicts. */
  readonly plc?: PlcFigures;
  /** Messages of this station that were given up for good since the beginning, with the reason. */
  readonly shed: readonly Pick<ShedCount, 'destination' | 'verdict' | 'reason' | 'count'>[];
  readonly camera: string;
  /** Present where the station has recipes: the one in force for parts that bring none; null for the station itself. */
  readonly recipe?: string | null;
  /** With recipes that of the one in force, as the thresholds. */
  readonly model: {
    readonly name: string;
    readonly version: string;
    readonly variant: string;
    readonly provider: string;
  };
  /** In force for the next part; `changed` where a command has made them other than the configuration says. */
  readonly thresholds: {
    readonly good: number;
    readonly classes: Readonly<Record<string, number>>;
    readonly changed: boolean;
  };
}
