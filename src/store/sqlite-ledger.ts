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
import type { Condition } from './disk-condition.js';
import { DiskWatch } from './disk-watch.js';
import { storeErrors } from './errors.js';
import type { StationTotals } from './inspection-table.js';
import type { CallName, Calls, FromWorker, Report, ToWorker, WorkerData, WorkerSettings } from './protocol.js';
import { received } from './protocol.js';
import type { HoldLimits } from './record-hold.js';
import { RecordIntake } from './record-intake.js';
import { LEFT_ACCOUNT, leftAccounts, reportChanges, statusText } from './status-text.js';

export interface SqliteLedgerOptions extends WorkerSettings {
  readonly logger: Logger;
  /** What may wait in memory while the disk is in trouble. */
  readonly hold?: HoldLimits;
  /** A sign of life while a check or a rescue of the database holds up the start. */
  readonly onStarting?: () => void;
}

export type StoreStatistics = Omit<Report, 'trouble' | 'imageTrouble' | 'lowSpace'>;

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: JidokaError) => void;
}

/** Keys in one question, so that a folder of a hundred thousand files does not hold up the commits. */
const KEYS_A_CALL = 1000;

const NOTHING_YET: Report = {
  trouble: undefined,
  lastCommitMs: 0,
  lowSpace: undefined,
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
  readonly #intake: RecordIntake;
  readonly #disk: DiskWatch;
  /** Requests whose callers would rather try again than wait for the disk. */
  readonly #impatient = new Set<number>();
  #unwritten = 0;
  #lastRequest = 0;
  #ping: Promise<boolean> | undefined;
  #notice: string | undefined;
  #breakDown: (error: JidokaError) => void = () => undefined;
  readonly #brokenDown = new Promise<JidokaError>((resolve) => {
    this.#breakDown = resolve;
  });

  constructor(options: SqliteLedgerOptions) {
    this.#options = options;
    this.#intake = new RecordIntake((inspection, jpeg) => this.#call('record', [inspection, jpeg], jpeg), options.hold);
    this.#disk = new DiskWatch({
      where: options.directory,
      logger: options.logger,
      isAsked: () => this.#pending.size > 0,
      figures: () => ({ waiting: this.#intake.pending, givenUp: this.#intake.givenUp }),
      onFailing: (condition) => this.#beginFailing(condition),
      onWorking: () => this.#intake.takeImages(true),
    });
  }

  /**
   * Opens or creates the database.
   *
   * A damaged one is set aside, and what can be read of it is carried over to a new one.
   *
   * @throws STORE_DIRECTORY_UNUSABLE, STORE_FOLDER_IN_USE, STORE_SCHEMA_NEWER, STORE_DATABASE_FOREIGN; STORE_DISK_FULL
   * and its like where the disk refuses
   */
  start(): Promise<void> {
    if (this.#state !== 'new') return Promise.reject(storeErrors.STORE_CLOSED({ hint: 'A store is started once.' }));
    this.#state = 'starting';
    const { logger: _logger, hold: _hold, onStarting: _onStarting, ...settings } = this.#options;
    const workerData: WorkerData = { ...settings, onDisk: this.#disk.onDisk };
    const worker = new Worker(new URL('./worker.js', import.meta.url), { name: 'jidoka-store', workerData });
    this.#worker = worker;
    this.#disk.start();
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
      this.#intake.handOverAll();
      this.#state = 'stopping';
      this.#post({ call: 'stop' });
    }
    await this.#ended;
    this.#state = 'closed';
  }

  record(inspection: Inspection, jpeg?: Uint8Array): Promise<Recorded> {
    return this.#intake.record(inspection, jpeg);
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
    return this.#tryCall('quarantine', [station, origin, reason]);
  }

  async forget(station: string, keys: readonly string[]): Promise<void> {
    await Promise.all(chunks(keys, KEYS_A_CALL).map((some) => this.#tryCall('forget', [station, some])));
  }

  quarantined(station: string, limit: number): Promise<readonly QuarantineEntry[]> {
    return this.#call('quarantined', [station, limit]);
  }

  brokenDown(): Promise<JidokaError> {
    return this.#brokenDown;
  }

  status(): LedgerStatus {
    const { outboxRows, accounts, imageBytes, imagesEvicted } = this.#report;
    const { pass, fail, review } = this.#intake.givenUp;
    const figures = {
      outboxRows,
      waiting: Object.fromEntries(accounts.map(({ destination, rows }) => [destination, rows])),
      pendingWrites: this.#intake.pending,
      recordsGivenUp: pass + fail + review,
      imageBytes,
      imagesEvicted,
      notice: this.#notice,
    };
    if (this.#failure !== undefined) return { state: 'failing', text: this.#failure.message, ...figures };
    if (this.#state === 'new' || this.#state === 'closed') return { state: 'closed', text: 'Closed.', ...figures };
    this.#disk.look();
    const { condition } = this.#disk;
    const text = statusText(this.#report, condition, {
      waiting: figures.pendingWrites,
      givenUp: this.#intake.givenUp,
      imagesLost: this.statistics().imagesLost,
    });
    return { state: condition?.state ?? 'open', text, ...figures };
  }

  /** Figures since the start, for metrics. */
  statistics(): StoreStatistics {
    const { trouble, imageTrouble, lowSpace, ...figures } = this.#report;
    return { ...figures, imagesLost: figures.imagesLost + this.#intake.imagesGivenUp };
  }

  /** True when the thread answers within `timeoutMs` and its last commit succeeded. */
  async alive(timeoutMs: number): Promise<boolean> {
    this.#ping ??= this.#call('ping', []).finally(() => {
      this.#ping = undefined;
    });
    return withTimeout(this.#ping, timeoutMs, () => storeErrors.STORE_CLOSED()).catch(() => false);
  }

  /** For callers who try again themselves: while nothing can be committed they are told so at once. */
  async #tryCall<N extends CallName>(call: N, args: Parameters<Calls[N]>): Promise<ReturnType<Calls[N]>> {
    const { condition } = this.#disk;
    if (condition?.state === 'failing') throw this.#conditionError(condition);
    const answer = this.#call(call, args);
    const request = this.#lastRequest;
    this.#impatient.add(request);
    return answer.finally(() => this.#impatient.delete(request));
  }

  #call<N extends CallName>(call: N, args: Parameters<Calls[N]>, jpeg?: Uint8Array): Promise<ReturnType<Calls[N]>> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#state !== 'open') return Promise.reject(storeErrors.STORE_CLOSED());
    this.#lastRequest += 1;
    const request = this.#lastRequest;
    if (this.#pending.size === 0) this.#disk.asked();
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
      case 'progress':
        this.#options.onStarting?.();
        this.#options.logger.warn({}, message.text);
        break;
      case 'opened':
        if (this.#state === 'starting') this.#state = 'open';
        this.#report = message.report;
        this.#notice = message.notice;
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
      case 'damaged': {
        const damage = received(message.error);
        this.#options.logger.error({}, damage.message);
        this.#breakDown(damage);
        break;
      }
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
    // Before the callers are told: what they look up then is as it is now.
    this.#disk.heard(report);
    for (const answer of answers) {
      const pending = this.#pending.get(answer.request);
      this.#pending.delete(answer.request);
      if ('error' in answer) {
        if (answer.error.code === 'STORE_STOPPED_UNWRITTEN') this.#unwritten += 1;
        pending?.reject(received(answer.error));
      } else pending?.resolve(answer.value);
    }
    if (report.records - report.duplicates > before.records - before.duplicates) {
      for (const listener of [...this.#listeners]) listener();
    }
    for (const { level, fields, text } of reportChanges(before, report)) this.#options.logger[level](fields, text);
  }

  #beginFailing(condition: Condition): void {
    this.#intake.takeImages(false);
    for (const request of this.#impatient) {
      this.#pending.get(request)?.reject(this.#conditionError(condition));
      this.#pending.delete(request);
    }
  }

  #conditionError({ text }: Condition): JidokaError {
    return storeErrors.STORE_IO_FAILED({ where: this.#options.directory, got: text });
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
    this.#disk.stop();
    this.#rejectPending(this.#failure ?? storeErrors.STORE_CLOSED());
    if (this.#unwritten === 0) return;
    const got = `${this.#unwritten} inspections and other changes`;
    this.#options.logger.error({}, storeErrors.STORE_STOPPED_UNWRITTEN({ got }).message);
  }

  #rejectPending(error: JidokaError): void {
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
    this.#intake.rejectAll(error);
  }
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
