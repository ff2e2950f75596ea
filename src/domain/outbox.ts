import type { Decision } from './verdict.js';

/** One committed inspection on its way to the brokers. */
export interface OutboxRecord {
  /** Grows with every commit; the order of delivery. */
  readonly position: number;
  readonly inspectionId: string;
  readonly station: string;
  readonly seq: number;
  readonly verdict: Decision;
  readonly decidedAtMs: number;
  /** The `InspectionMessage` as UTF-8 JSON, encoded once when it was committed. */
  readonly payload: Uint8Array;
}

/** Parts that were not sent to a destination for good, by verdict. */
export interface ShedCount {
  readonly destination: string;
  readonly station: string;
  readonly verdict: Decision;
  readonly reason: 'full' | 'expired';
  readonly count: number;
}
