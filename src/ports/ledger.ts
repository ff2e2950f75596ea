import type { JidokaError } from '../base/errors.js';
import type { FrameOrigin } from '../domain/frame.js';
import type { Inspection, StationCounts } from '../domain/inspection.js';
import type { OutboxRecord, ShedCount } from '../domain/outbox.js';
import type { Decision } from '../domain/verdict.js';

export interface LedgerStatus {
  /** `failing`: nothing can be committed now. `degraded`: all is recorded, but the disk is slow or almost full. */
  readonly state: 'open' | 'degraded' | 'failing' | 'closed';
  /** What is wrong, since when, what waits and what was given up, in plain words. */
  readonly text: string;
  /** Messages that wait for one destination or more; each counts once. */
  readonly outboxRows: number;
  /** What waits for each destination. */
  readonly waiting: Readonly<Record<string, number>>;
  /** Inspections in memory that are not committed yet. */
  readonly pendingWrites: number;
  /** Inspections given up since the start, because the disk was in trouble for longer than memory lasts. */
  readonly recordsGivenUp: number;
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
 * survives a power cut. A commit that fails is tried again, the calls stay pending. Their number and bytes are bounded:
 * beyond, a record is given up, passes before reviews before fails, and its call rejects with consequence `degraded`.
 * It was not committed then and never will be. While the disk is in trouble no image is kept. The kept image is written after the record and may be missing after a power cut; its row never points
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
 *
 * A destination that is new in the configuration gets what is committed from then on. One that is gone from it keeps
 * what waits for it, gets nothing new, and goes on from there when it comes back.
 *
 * Two things are given up, and counted for good: rows that waited longer than their destination allows, and, where all
 * messages together are larger than the bound, rows of the destination that has the most waiting: its oldest passes
 * first, then its reviews, then its fails. So a row that was read may be gone before it is settled.
 *
 * Reading and settling cost the same whatever the backlog. An unknown destination has no rows.
 */
export interface Outbox {
  /** Up to `limit` selected rows that wait for the destination, oldest first. */
  read(destination: string, selection: OutboxSelection, limit: number): Promise<readonly OutboxRecord[]>;
  /** Takes rows that the destination has received from its account; those that are not on it do not matter. */
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
