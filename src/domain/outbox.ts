/** One committed inspection on its way to the brokers. */
export interface OutboxRecord {
  /** Grows with every commit; the order of delivery. */
  readonly position: number;
  readonly inspectionId: string;
  readonly station: string;
  readonly seq: number;
  /** The `InspectionMessage` as UTF-8 JSON, encoded once when it was committed. */
  readonly payload: Uint8Array;
}
