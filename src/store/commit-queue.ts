import type { Database, Transaction } from 'better-sqlite3';
import { Backoff } from '../base/backoff.js';
import { JidokaError, messageOf } from '../base/errors.js';
import { storeErrors } from './errors.js';
import { isCorrupt, isFaultOfRecord, passingError } from './sqlite-errors.js';

/** One change to the database. */
export interface Write<T> {
  /** Runs inside the transaction, perhaps several times: a commit that failed is tried again. */
  run(): T;
  /** Called once, after the fsync. */
  committed(value: T): void;
  /** Called once, where this change cannot be made or the queue was closed. */
  rejected(error: JidokaError): void;
}

export interface CommitQueueOptions {
  readonly beforeAttempt?: () => void;
  /** After every attempt, successful or not, when the outcomes have been told. */
  readonly afterAttempt: () => void;
  /** Called when a commit failed for a reason that may pass, before it is tried again. */
  readonly meetTrouble?: (error: JidokaError) => MetTrouble;
  readonly retryInitialMs?: number;
  readonly retryMaxMs?: number;
}

export interface MetTrouble {
  /** The trouble under its most exact name. */
  readonly error: JidokaError;
  /** Something was done that helps: the commit is tried again at once. */
  readonly tryNow: boolean;
}

/** Bounds how long one transaction keeps the newest caller waiting. */
const MAX_WRITES_PER_COMMIT = 512;

type Outcome = { readonly value: unknown } | { readonly error: JidokaError };

/**
 * Group commit: all changes that came while the last transaction was being synced go into the next one, in order.
 *
 * Each change has a savepoint of its own, so that one that cannot be made does not take the others with it. A commit
 * that fails as a whole (disk full, locked, read-only) is rolled back, everything stays queued, and it is tried again
 * with back-off for as long as it takes. Not bounded itself: the ledger bounds what it sends here.
 */
export class CommitQueue {
  readonly #db: Database;
  readonly #options: CommitQueueOptions;
  readonly #backoff: Backoff;
  readonly #transaction: Transaction<(batch: readonly Write<unknown>[]) => Outcome[]>;
  /** Inside a transaction better-sqlite3 makes a savepoint of it. */
  readonly #savepoint: Transaction<(write: Write<unknown>) => unknown>;
  #queued: Write<unknown>[] = [];
  #scheduled: NodeJS.Immediate | undefined;
  #retry: NodeJS.Timeout | undefined;
  #trouble: JidokaError | undefined;
  /** The database is damaged or our SQL is wrong: trying again does not help. */
  #broken: JidokaError | undefined;
  #closed = false;
  #commits = 0;
  #lastCommitMs = 0;

  constructor(db: Database, options: CommitQueueOptions) {
    this.#db = db;
    this.#options = options;
    this.#backoff = new Backoff({ initialMs: options.retryInitialMs ?? 100, maxMs: options.retryMaxMs ?? 5000 });
    this.#savepoint = db.transaction((write) => write.run());
    this.#transaction = db.transaction((batch) => batch.map((write) => this.#inSavepoint(write)));
  }

  /** Why the last attempt failed; undefined when it succeeded. */
  get trouble(): JidokaError | undefined {
    return this.#trouble;
  }

  /** Transactions committed. */
  get commits(): number {
    return this.#commits;
  }

  /** How long the last transaction that was committed took, its fsync included. */
  get lastCommitMs(): number {
    return this.#lastCommitMs;
  }

  submit<T>(write: Write<T>): void {
    if (this.#refused(write)) return;
    this.#queued.push(write as Write<unknown>);
    this.#schedule();
  }

  /** The same, ahead of everything that is queued. */
  submitFirst<T>(write: Write<T>): void {
    if (this.#refused(write)) return;
    this.#queued.unshift(write as Write<unknown>);
    this.#schedule();
  }

  /** The same for one who waits: resolves after the fsync. */
  write<T>(run: () => T): Promise<T> {
    return new Promise((committed, rejected) => this.submit({ run, committed, rejected }));
  }

  /** Commits what is queued now, as far as it can be. */
  flush(): void {
    this.#unschedule();
    while (this.#queued.length > 0 && this.#attempt()) this.#unschedule();
  }

  /** Commits what is queued and, where that fails a last time, rejects it. */
  close(): void {
    if (this.#closed) return;
    this.flush();
    this.abandon();
  }

  /** Rejects what is queued without another attempt, and takes nothing more. */
  abandon(): void {
    this.#closed = true;
    this.#unschedule();
    this.#rejectAll(this.#trouble);
  }

  #unschedule(): void {
    clearTimeout(this.#retry);
    clearImmediate(this.#scheduled);
    this.#retry = undefined;
    this.#scheduled = undefined;
  }

  #schedule(): void {
    if (this.#closed || this.#queued.length === 0 || this.#retry !== undefined) return;
    this.#scheduled ??= setImmediate(() => {
      this.#scheduled = undefined;
      this.#attempt();
    });
  }

  #refused({ rejected }: Pick<Write<unknown>, 'rejected'>): boolean {
    if (this.#closed) rejected(this.#broken ?? storeErrors.STORE_CLOSED());
    return this.#closed;
  }

  /** @returns whether another attempt now may well succeed */
  #attempt(): boolean {
    const batch = this.#queued.slice(0, MAX_WRITES_PER_COMMIT);
    this.#options.beforeAttempt?.();
    const promising = this.#commit(batch);
    this.#options.afterAttempt();
    if (this.#retry === undefined) this.#schedule();
    return promising;
  }

  #commit(batch: readonly Write<unknown>[]): boolean {
    const startedMs = performance.now();
    let outcomes: Outcome[];
    try {
      outcomes = this.#transaction.immediate(batch);
    } catch (error) {
      return this.#failed(error);
    }
    this.#lastCommitMs = performance.now() - startedMs;
    this.#commits += 1;
    this.#trouble = undefined;
    this.#backoff.reset();
    this.#queued = this.#queued.slice(batch.length);
    for (const [index, outcome] of outcomes.entries()) {
      if ('error' in outcome) batch[index]?.rejected(outcome.error);
      else batch[index]?.committed(outcome.value);
    }
    return true;
  }

  #inSavepoint(write: Write<unknown>): Outcome {
    try {
      return { value: this.#savepoint(write) };
    } catch (error) {
      if (!this.#db.inTransaction || !isFaultOfRecord(error)) throw error;
      return {
        error:
          error instanceof JidokaError
            ? error
            : storeErrors.STORE_RECORD_REFUSED({ where: this.#db.name, got: messageOf(error), cause: error }),
      };
    }
  }

  #failed(error: unknown): boolean {
    const where = this.#db.name;
    const passing = passingError(error, where);
    if (passing === undefined) {
      const details = { where, got: messageOf(error), cause: error };
      this.#broken = isCorrupt(error)
        ? storeErrors.STORE_DATABASE_CORRUPT(details)
        : storeErrors.STORE_WORKER_FAILED(details);
      this.#trouble = this.#broken;
      this.#closed = true;
      for (const write of this.#queued.splice(0)) write.rejected(this.#broken);
      return false;
    }
    const met = this.#options.meetTrouble?.(passing) ?? { error: passing, tryNow: false };
    this.#trouble = met.error;
    if (met.tryNow) return true;
    this.#retry = setTimeout(() => {
      this.#retry = undefined;
      this.#attempt();
    }, this.#backoff.next());
    return false;
  }

  #rejectAll(cause: JidokaError | undefined): void {
    const abandoned = this.#queued.splice(0);
    for (const write of abandoned) {
      write.rejected(
        storeErrors.STORE_STOPPED_UNWRITTEN({
          where: this.#db.name,
          got: `${abandoned.length} not written${cause === undefined ? '' : `: ${cause.message}`}`,
          cause,
        }),
      );
    }
  }
}
