export type Quality = 'good' | 'uncertain' | 'bad';

export type ReadingValue = number | boolean | string | null;

/** The value of one sensor at a part's capture time. */
export interface Reading {
  readonly sensor: string;
  /** null where nothing was ever received or the server sent no value. */
  readonly value: ReadingValue;
  readonly unit?: string;
  readonly quality: Quality;
  /** The OPC UA status by name, `Good`, `BadNotConnected`, …; `NoData` where nothing was ever received; `GoodInterpolated`. */
  readonly status: string;
  /** When the source says it measured, on the gateway's clock; null where nothing was received. */
  readonly sourceTimeMs: number | null;
  /** Capture time minus source time; null where nothing was received. */
  readonly ageMs: number | null;
  /** The value is older than the sensor's limit, or the connection to its server is lost. */
  readonly stale: boolean;
}

/** Every sensor's reading at one moment. */
export interface Snapshot {
  readonly atMs: number;
  readonly readings: readonly Reading[];
}
