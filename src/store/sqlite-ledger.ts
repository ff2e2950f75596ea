import { Worker } from 'node:worker_threads';
import { type JidokaError, messageOf } from '../base/errors.js';
import { withTimeout } from '../base/lifecycle.js';
import type { Logger } from '../base/logger.js';
import type { AuditEntry, CommandResult } from '../domain/command.js';
import type { FrameOrigin } from '../domain/frame.js';
import type { Inspection } from '../domain/inspection.js';
import type { OutboxRecord, ShedCount } from '../domain/outbox.js';
import type { AuditLog } from '../ports/commands.js';
import type {
  Ledger,
  LedgerStatus,
  OriginLog,
  Outbox,
  OutboxSelection,
  QuarantineEntry,
  Recorded,
} from '../ports/ledger.js';
import { storeErrors } from './errors.js';
import type { StationTotals } from './inspection-table.js';
import type { CallName, Calls, FromWorker, Report, ToWorker, WorkerSettings } from './protocol.js';
import { received } from './protocol.js';
import { LEFT_ACCOUNT, leftAccounts, reportChanges, statusText } from './status-text.js';

export interface SqliteLedgerOptions extends WorkerSettings {
  readonly logger: Logger;
}

export type StoreStatistics = Omit<Report, 'trouble' | 'imageTrouble'>;

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: JidokaError) => void;
}

/** Keys in one question, so that a folder of a hundred thousand files does not hold up the commits. */
const KEYS_A_CALL = 1000;

const NOTHING_YET: Report = {
  trouble: undefined,
  outboxRows: 0,
  outboxBytes: 0,
  accounts: [],
  imageBytes: 0,
  imagesEvicted: 0,
  imagesLost: 0,
  imageTrouble: undefined,
  imagesWaiting: 0,
  commits: 0,
  records: 0,
  duplicates: 0,
  messagesShed: 0,
  messagesExpired: 0,
  inspectionsDeleted: 0,
  imagesExpired: 0,
  databaseBytes: 0,
  databaseFreeBytes: 0,
};

/**
 * The agent's memory in `jidoka.sqlite`, written by one thread of its own.
 *
 * `record` moves the JPEG to that thread: its buffer is detached at once where it can be transferred. Every promise
 * that is pending when the thread ends unexpectedly rejects with STORE_WORKER_FAILED, and so does every later call.
 */
export class SqliteLedger implements Ledger, Outbox, OriginLog, AuditLog {
  readonly #options: SqliteLedgerOptions;
  readonly #pending = new Map<number, Pending>();
  readonly #listeners = new Set<() => void>();
  #worker: Worker | undefined;
  #ended: Promise<void> | undefined;
  #state: 'new' | 'starting' | 'open' | 'stopping' | 'closed' = 'new';
  #failure: JidokaError | undefined;
  #report = NOTHING_YET;
  #pendingRecords = 0;
  #lastRequest = 0;
  #ping: Promise<boolean> | undefined;

  constructor(options: SqliteLedgerOptions) {
    this.#options = options;
  }

  /**
   * Opens or creates the database.
   *
   * @throws STORE_DIRECTORY_UNUSABLE, STORE_FOLDER_IN_USE, STORE_SCHEMA_NEWER, STORE_DATABASE_FOREIGN,
   * STORE_DATABASE_CORRUPT; STORE_DISK_FULL and its like where the disk refuses
   */
  start(): Promise<void> {
    if (this.#state !== 'new') return Promise.reject(storeErrors.STORE_CLOSED({ hint: 'A store is started once.' }));
    this.#state = 'starting';
    const { logger: _, ...workerData } = this.#options;
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      name: 'jidoka-store',
      workerData: workerData satisfies WorkerSettings,
    });
    this.#worker = worker;
    const opened = new Promise<void>((resolve, reject) => {
      worker.on('message', (message: FromWorker) => this.#receive(message, resolve, reject));
      worker.on('messageerror', (error) => this.#failed(error));
      worker.on('error', (error) => this.#failed(error));
      this.#ended = new Promise((ended) => {
        worker.once('exit', (code) => {
          this.#exited(code);
          reject(this.#failure ?? storeErrors.STORE_CLOSED());
          ended();
        });
      });
    });
    return opened;
  }

  async stop(): Promise<void> {
    if (this.#state === 'starting' || this.#state === 'open') {
      this.#state = 'stopping';
      this.#post({ call: 'stop' });
    }
    await this.#ended;
    this.#state = 'closed';
  }

  async record(inspection: Inspection, jpeg?: Uint8Array): Promise<Recorded> {
    this.#pendingRecords += 1;
    try {
      return await this.#call('record', [inspection, jpeg], jpeg);
    } finally {
      this.#pendingRecords -= 1;
    }
  }

  totals(station: string): Promise<StationTotals> {
    return this.#call('totals', [station]);
  }

  read(destination: string, selection: OutboxSelection, limit: number): Promise<readonly OutboxRecord[]> {
    return this.#call('read', [destination, selection, limit]);
  }

  settle(destination: string, positions: readonly number[]): Promise<void> {
    return this.#call('settle', [destination, positions]);
  }

  newest(): Promise<number> {
    return this.#call('newest', []);
  }

  shed(): Promise<readonly ShedCount[]> {
    return this.#call('shed', []);
  }

  /**
   * Gives up everything that waits for a destination that is no longer configured, and forgets it.
   *
   * @returns how many messages were given up
   * @throws STORE_DESTINATION_IN_USE, STORE_DESTINATION_UNKNOWN
   */
  dropDestination(name: string): Promise<number> {
    return this.#call('dropDestination', [name]);
  }

  result(id: string): Promise<CommandResult | undefined> {
    return this.#call('result', [id]);
  }

  audit(entry: AuditEntry): Promise<void> {
    return this.#call('audit', [entry]);
  }

  audited(limit: number): Promise<readonly AuditEntry[]> {
    return this.#call('audited', [limit]);
  }

  onCommitted(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async seen(station: string, keys: readonly string[]): Promise<ReadonlySet<string>> {
    const answers = await Promise.all(chunks(keys, KEYS_A_CALL).map((some) => this.#call('seen', [station, some])));
    return new Set(answers.flat());
  }

  quarantine(station: string, origin: FrameOrigin, reason: string): Promise<void> {
    return this.#call('quarantine', [station, origin, reason]);
  }

  async forget(station: string, keys: readonly string[]): Promise<void> {
    await Promise.all(chunks(keys, KEYS_A_CALL).map((some) => this.#call('forget', [station, some])));
  }

  quarantined(station: string, limit: number): Promise<readonly QuarantineEntry[]> {
    return this.#call('quarantined', [station, limit]);
  }

  status(): LedgerStatus {
    const { outboxRows, imageBytes, imagesEvicted } = this.#report;
    const figures = { outboxRows, pendingWrites: this.#pendingRecords, imageBytes, imagesEvicted };
    if (this.#failure !== undefined) return { state: 'failing', text: this.#failure.message, ...figures };
    if (this.#state === 'new' || this.#state === 'closed') return { state: 'closed', text: 'Closed.', ...figures };
    return {
      state: this.#report.trouble === undefined ? 'open' : 'failing',
      text: statusText(this.#report, this.#pendingRecords),
      ...figures,
    };
  }

  /** Figures since the start, for metrics. */
  statistics(): StoreStatistics {
    const { trouble, imageTrouble, ...figures } = this.#report;
    return figures;
  }

  /** True when the thread answers within `timeoutMs` and its last commit succeeded. */
  async alive(timeoutMs: number): Promise<boolean> {
    this.#ping ??= this.#call('ping', []).finally(() => {
      this.#ping = undefined;
    });
    return withTimeout(this.#ping, timeoutMs, () => storeErrors.STORE_CLOSED()).catch(() => false);
  }

  #call<N extends CallName>(call: N, args: Parameters<Calls[N]>, jpeg?: Uint8Array): Promise<ReturnType<Calls[N]>> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#state !== 'open') return Promise.reject(storeErrors.STORE_CLOSED());
    this.#lastRequest += 1;
    const request = this.#lastRequest;
    return new Promise((resolve, reject) => {
      this.#pending.set(request, { resolve: resolve as Pending['resolve'], reject });
      try {
        this.#post({ call, request, args } as ToWorker, jpeg);
      } catch (error) {
        this.#pending.delete(request);
        reject(storeErrors.STORE_RECORD_REFUSED({ got: messageOf(error), cause: error }));
      }
    });
  }

  #post(message: ToWorker, jpeg?: Uint8Array): void {
    const whole = jpeg?.buffer instanceof ArrayBuffer && jpeg.byteLength === jpeg.buffer.byteLength;
    this.#worker?.postMessage(message, whole ? [jpeg.buffer as ArrayBuffer] : []);
  }

  #receive(message: FromWorker, opened: () => void, refused: (error: JidokaError) => void): void {
    switch (message.kind) {
      case 'opened':
        if (this.#state === 'starting') this.#state = 'open';
        this.#report = message.report;
        for (const migration of message.migrated) {
          this.#options.logger.info({ migration }, 'The database has been brought to a newer schema.');
        }
        for (const { destination, rows } of leftAccounts(message.report)) {
          this.#options.logger.warn({ destination, rows }, LEFT_ACCOUNT);
        }
        opened();
        break;
      case 'refused':
        this.#state = 'closed';
        refused(received(message.error));
        break;
      case 'log':
        this.#options.logger[message.level](message.fields, message.message);
        break;
      case 'stopped':
        this.#state = 'closed';
        break;
      case 'answers':
        this.#answered(message);
    }
  }

  #answered({ answers, report }: Extract<FromWorker, { kind: 'answers' }>): void {
    const before = this.#report;
    this.#report = report;
    for (const answer of answers) {
      const pending = this.#pending.get(answer.request);
      this.#pending.delete(answer.request);
      if ('error' in answer) pending?.reject(received(answer.error));
      else pending?.resolve(answer.value);
    }
    if (report.records - report.duplicates > before.records - before.duplicates) {
      for (const listener of [...this.#listeners]) listener();
    }
    for (const { level, fields, text } of reportChanges(before, report)) this.#options.logger[level](fields, text);
  }

  #failed(cause: unknown): void {
    if (this.#failure !== undefined) return;
    const failure = storeErrors.STORE_WORKER_FAILED({ where: this.#options.directory, got: messageOf(cause), cause });
    this.#failure = failure;
    this.#options.logger.error({}, failure.message);
    this.#rejectPending(failure);
  }

  #exited(code: number): void {
    if (this.#state !== 'closed') this.#failed(new Error(`the thread ended with code ${code}`));
    this.#rejectPending(this.#failure ?? storeErrors.STORE_CLOSED());
  }

  #rejectPending(error: JidokaError): void {
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
  }
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
