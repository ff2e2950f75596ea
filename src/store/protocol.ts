import type { ErrorDetails, JidokaError } from '../base/errors.js';
import type { AuditEntry, CommandResult } from '../domain/command.js';
import type { FrameOrigin } from '../domain/frame.js';
import type { Inspection } from '../domain/inspection.js';
import type { OutboxRecord, ShedCount } from '../domain/outbox.js';
import type { OutboxSelection, QuarantineEntry, Recorded } from '../ports/ledger.js';
import type { ChoreFigures } from './chores.js';
import type { Account, DestinationSettings } from './destination-table.js';
import { type StoreErrorCode, storeErrors } from './errors.js';
import type { StationTotals } from './inspection-table.js';
import type { RetentionSettings } from './retention.js';

/** What the store's thread is given at its start. */
export interface WorkerSettings {
  readonly directory: string;
  readonly imageQuotaBytes: number;
  /** Where every message goes. */
  readonly destinations: readonly DestinationSettings[];
  /** Bound of the messages that wait, all destinations together. */
  readonly outboxQuotaBytes: number;
  readonly retention: RetentionSettings;
  /** Named to a second process that wants the same folder. */
  readonly pid: number;
}

export interface WorkerData extends WorkerSettings {
  /** One int32: 1 while the thread is in a call to the disk, so that a disk that hangs is told from a thread that does. */
  readonly onDisk: SharedArrayBuffer;
}

/** The questions to the thread, by name. */
export interface Calls {
  record(inspection: Inspection, jpeg: Uint8Array | undefined): Recorded;
  settle(destination: string, positions: readonly number[]): void;
  quarantine(station: string, origin: FrameOrigin, reason: string): void;
  forget(station: string, keys: readonly string[]): void;
  totals(station: string): StationTotals;
  read(destination: string, selection: OutboxSelection, limit: number): readonly OutboxRecord[];
  newest(): number;
  shed(): readonly ShedCount[];
  /** Answers with the number of messages that were given up. */
  dropDestination(name: string): number;
  audit(entry: AuditEntry): void;
  result(id: string): CommandResult | undefined;
  audited(limit: number): readonly AuditEntry[];
  seen(station: string, keys: readonly string[]): readonly string[];
  quarantined(station: string, limit: number): readonly QuarantineEntry[];
  /** True where the last commit succeeded. */
  ping(): boolean;
}
export type CallName = keyof Calls;

export type ToWorker =
  | {
      readonly [N in CallName]: { readonly call: N; readonly request: number; readonly args: Parameters<Calls[N]> };
    }[CallName]
  | { readonly call: 'stop' };

export type Answer =
  | { readonly request: number; readonly value: unknown }
  | { readonly request: number; readonly error: SentError };

export type FromWorker =
  | { readonly kind: 'opened'; readonly report: Report; readonly migrated: readonly string[] }
  | { readonly kind: 'refused'; readonly error: SentError }
  | { readonly kind: 'answers'; readonly answers: readonly Answer[]; readonly report: Report }
  | { readonly kind: 'log'; readonly level: 'info' | 'warn'; readonly fields: object; readonly message: string }
  | { readonly kind: 'stopped' };

/** The thread's figures, sent with every answer. */
export interface Report extends ChoreFigures {
  /** Why nothing can be committed now; undefined where all is well. */
  readonly trouble: { readonly code: string; readonly text: string } | undefined;
  /** How long the last transaction took, its fsync included. */
  readonly lastCommitMs: number;
  /** Less room is left on the disk than the reserve. */
  readonly lowSpace: { readonly freeBytes: number; readonly reserveBytes: number } | undefined;
  /** Messages that wait for one destination or more, and their size. */
  readonly outboxRows: number;
  readonly outboxBytes: number;
  readonly accounts: readonly Account[];
  readonly imageBytes: number;
  readonly imagesEvicted: number;
  /** Images that were not kept: the disk refused them or came too slow. */
  readonly imagesLost: number;
  /** Why the last image was not kept; undefined once one is kept again. */
  readonly imageTrouble: string | undefined;
  readonly imagesWaiting: number;
  /** Transactions since the start; records divided by it is the size of a group commit. */
  readonly commits: number;
  readonly records: number;
  /** Records that were there already. */
  readonly duplicates: number;
}

/** An error of the catalogue in a form that crosses threads. */
export interface SentError {
  readonly code: StoreErrorCode;
  readonly details: ErrorDetails;
}

export function sendable(error: JidokaError): SentError {
  const { where, got, expected, hint, cause } = error;
  return {
    code: error.code as StoreErrorCode,
    details: {
      ...(where !== undefined && { where }),
      ...(got !== undefined && { got }),
      ...(expected !== undefined && { expected }),
      hint,
      ...(cause instanceof Error && { cause: new Error(cause.message) }),
    },
  };
}

export function received({ code, details }: SentError): JidokaError {
  return storeErrors[code](details);
}
