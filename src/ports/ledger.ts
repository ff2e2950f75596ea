import type { JidokaError } from '../base/errors.js';
import type { FrameOrigin } from '../domain/frame.js';
import type { Inspection, StationCounts } from '../domain/inspection.js';
import type { OutboxRecord, ShedCount } from '../domain/outbox.js';
import type { Decision } from '../domain/verdict.js';

export interface LedgerStatus {
  readonly state: 'open' | 'failing' | 'closed';
  readonly text: string;
  /** Rows that wait to be acknowledged by the broker. */
  readonly outboxRows: number;
  /** Inspections in memory that are not committed yet. */
  readonly pendingWrites: number;
  readonly imageBytes: number;
  /** Images given up to keep the quota, since the start. */
  readonly imagesEvicted: number;
  /** What operators should know although all is well now, such as a database that had to be begun anew. */
  readonly notice?: string | undefined;
}

export interface Recorded {
  /** The station's sequence number, given inside the transaction so that it has no gaps. */
  readonly seq: number;
}

/**
 * The durable memory of the agent.
 *
 * `record` commits the inspection, its readings, its origin and its outbox message in one transaction and resolves
 * after the fsync; calls made meanwhile share one commit (group commit) and keep their order. What has resolved
 * survives a power cut. A commit that fails is tried again, the calls stay pending; the number pending is bounded by
 * the station. The kept image is written after the record and may be missing after a power cut; its row never points
 * to a half-written file.
 */
export interface Ledger {
  start(): Promise<void>;
  /** Commits what is pending and closes. */
  stop(): Promise<void>;
  record(inspection: Inspection, jpeg?: Uint8Array): Promise<Recorded>;
  /** Totals of a station since its first part, and its last sequence number. */
  totals(station: string): Promise<{ readonly counts: StationCounts; readonly lastSeq: number }>;
  status(): LedgerStatus;
  /** Resolves true when the writer answers within `timeoutMs`. */
  alive(timeoutMs: number): Promise<boolean>;
  /**
   * Resolves with the reason once only a restart helps, such as a database found damaged; else never. What is pending is
   * still committed where that is possible.
   */
  brokenDown(): Promise<JidokaError>;
}

/** Part of what waits for a destination; without one, everything. */
export interface OutboxSelection {
  /** Rows above this position. */
  readonly after: number;
  /** Rows up to this position, itself included. */
  readonly upTo?: number;
  readonly verdict?: Decision;
}

/**
 * The way out: rows in the order of commit. Each destination has its own account; a row is deleted when every
 * destination has it.
 */
export interface Outbox {
  /** Up to `limit` selected rows that wait for the destination, oldest first. */
  read(destination: string, selection: OutboxSelection, limit: number): Promise<readonly OutboxRecord[]>;
  /** Takes rows that the destination has received from its account. */
  settle(destination: string, positions: readonly number[]): Promise<void>;
  /** Position of the newest row that was ever committed; 0 before the first. */
  newest(): Promise<number>;
  /** What was given up, since the beginning. */
  shed(): Promise<readonly ShedCount[]>;
  /** Calls `listener` after each commit that added rows; the function returned ends it. */
  onCommitted(listener: () => void): () => void;
}

export interface QuarantineEntry {
  readonly station: string;
  readonly name: string;
  readonly reason: string;
  readonly atMs: number;
}

/** What became of the files a directory camera saw, so that each is taken once, over restarts too. */
export interface OriginLog {
  /** Which of these keys have been inspected or quarantined already. */
  seen(station: string, keys: readonly string[]): Promise<ReadonlySet<string>>;
  /** Puts a file on the quarantine list with a plain reason; the same key once only. */
  quarantine(station: string, origin: FrameOrigin, reason: string): Promise<void>;
  /** Forgets keys whose files are gone, so that the log does not grow for ever. */
  forget(station: string, keys: readonly string[]): Promise<void>;
  /** The newest entries of the quarantine list. */
  quarantined(station: string, limit: number): Promise<readonly QuarantineEntry[]>;
}
