import type { FrameOrigin } from './frame.js';
import type { ModelIdentity } from './model.js';
import type { ReadingValue, Snapshot } from './reading.js';
import type { Decision, Verdict } from './verdict.js';

/** A thing to be inspected: opened by a trigger, closed by a verdict. */
export interface Part {
  /** UUIDv7; it becomes the inspection's id. */
  readonly id: string;
  readonly openedAtMs: number;
  /** The same moment on the monotonic clock. */
  readonly openedTickMs: number;
  /** The id the PLC or the MES knows the part by. */
  readonly externalId?: string;
  /** What the PLC has set for this part, where it says so. */
  readonly recipe?: string;
}

/** What the PLC has set for a part. */
export type PartIdentity = Pick<Part, 'externalId' | 'recipe'>;

/** The value of a trigger tag, by which the PLC learns that its trigger was seen. */
export interface TriggerEcho {
  readonly value: ReadingValue;
  /** The tag falls again before the next part. */
  readonly pulse: boolean;
}

/** Latency of one part by stage, ms. A stage that did not happen is absent. */
export interface StageTiming {
  /** From capture to the start of the inspection: waiting in the station's queue. */
  readonly waitMs: number;
  readonly queueMs?: number;
  readonly preprocessMs?: number;
  readonly inferenceMs?: number;
  /** From capture to verdict. */
  readonly totalMs: number;
}

/** The record of one part: made once, never changed. */
export interface Inspection {
  readonly id: string;
  readonly station: string;
  readonly partId?: string;
  /** What the PLC had set for the part, where it said so. */
  readonly recipe?: string;
  readonly capturedAtMs: number;
  readonly decidedAtMs: number;
  readonly verdict: Verdict;
  readonly model: ModelIdentity;
  /** null where the model could not judge; the verdict's reasons tell why. */
  readonly result: InspectionResult | null;
  readonly snapshot: Snapshot;
  readonly timing: StageTiming;
  readonly origin?: FrameOrigin;
  /** By how much the verdict missed the part's deadline, ms; the PLC did not get it then. Absent: it was in time. */
  readonly lateMs?: number;
  /** Present where several regions of the picture were judged, each by itself; `result` is then the deciding one's. */
  readonly regions?: readonly RegionResult[];
}

/** What became of one region of the picture. */
export interface RegionResult {
  readonly name: string;
  readonly decision: Decision;
  /** null where the model could not judge the region. */
  readonly result: InspectionResult | null;
}

export interface InspectionResult {
  readonly label: string;
  readonly score: number;
  readonly scores: Readonly<Record<string, number>>;
}

/** A station's running totals since its first part. */
export interface StationCounts {
  readonly pass: number;
  readonly fail: number;
  readonly review: number;
}

/** The share of parts that passed at once, without fail or review; null before the first part. */
export function firstPassYield(counts: StationCounts): number | null {
  const total = counts.pass + counts.fail + counts.review;
  return total === 0 ? null : counts.pass / total;
}
