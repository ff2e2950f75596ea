import type { ReadingValue, Snapshot } from '../domain/reading.js';

export interface SensorSourceStatus {
  /** `degraded`: connected, but at least one tag is bad. */
  readonly state: 'connecting' | 'connected' | 'degraded' | 'disconnected' | 'stopped';
  readonly text: string;
  /** Sensor name → its error in a plain sentence, for each tag that cannot be read. */
  readonly faults: ReadonlyMap<string, string>;
}

/** A change of a watched tag. */
export interface TagChange {
  readonly value: ReadingValue;
  /** The value before it, be it a change or the starting point. */
  readonly before: ReadingValue;
  readonly sourceTimeMs: number;
}

/** Which tags are to be read beside one that has changed. */
export interface ReadBeside {
  readonly nodeId: string;
  readonly change: TagChange;
  /** A tag that has fallen since has not changed again: the PLC lowers it by itself. */
  readonly pulse: boolean;
  readonly others: readonly string[];
}

/**
 * The process values of one station.
 *
 * `start` returns once the work has begun, connected or not: a server that is absent is retried with back-off for
 * ever, and until it answers each reading says so (`quality: 'bad'`, `stale: true`). Only a configuration error is
 * thrown. `snapshot` is synchronous, reads the history in memory, never throws, and gives every configured sensor in
 * the order of the config.
 */
export interface SensorSource {
  start(signal: AbortSignal): Promise<void>;
  stop(): Promise<void>;
  /**
   * For each sensor the last value whose source time, on the gateway's clock, is not after `atMs`, or a number between
   * that and the next one, as its config says; its age is reckoned to `atMs`.
   */
  snapshot(atMs: number): Snapshot;
  status(): SensorSourceStatus;
}

/**
 * A PLC tag that opens parts. Calls `onChange` for each new value in the order of source time, on the event loop; the
 * value at connection counts as the starting point and is not a change. The function returned ends the watch.
 */
export interface TagWatcher {
  watch(nodeId: string, samplingMs: number, onChange: (change: TagChange) => void): () => void;
  /** Whether a change of the tag would be seen now: false until its starting point is known. */
  sees(nodeId: string): boolean;
  /** Begins anew with a tag: changes still on their way are not told, and the next value is the starting point. */
  renew(nodeId: string): void;
  /**
   * What other tags hold while the watched one holds its new value, in the order of `others`. Undefined where one of
   * them cannot be read, or the tag has changed again: they may be of the next part then. Never rejects.
   */
  readBeside(request: ReadBeside): Promise<readonly ReadingValue[] | undefined>;
}
