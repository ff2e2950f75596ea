import { join } from 'node:path';
import type { Database, Statement } from 'better-sqlite3';
import type { Clock } from '../base/clock.js';
import { JidokaError, messageOf } from '../base/errors.js';
import type { Inspection } from '../domain/inspection.js';
import { AuditTable } from './audit-table.js';
import { Ballast } from './ballast.js';
import { Chores } from './chores.js';
import { CommitQueue, type CommitQueueOptions, type MetTrouble } from './commit-queue.js';
import { type Account, DestinationTable } from './destination-table.js';
import { spaceOf } from './disk-space.js';
import { DiskTrouble } from './disk-trouble.js';
import { storeErrors } from './errors.js';
import { Housekeeper } from './housekeeper.js';
import { ImageFiles } from './image-files.js';
import { ImageStore } from './image-store.js';
import { sweepImages } from './image-sweep.js';
import { ImageTable } from './image-table.js';
import { type Inserted, InspectionTable } from './inspection-table.js';
import { NameTables } from './name-tables.js';
import { OriginTable } from './origin-table.js';
import { OutboxTable } from './outbox-table.js';
import {
  type Answer,
  type CallName,
  type Calls,
  type FromWorker,
  type Report,
  sendable,
  type ToWorker,
  type WorkerSettings,
} from './protocol.js';
import { Shedding } from './shedding.js';
import { openingError } from './sqlite-errors.js';

export interface WriterOptions
  extends Omit<WorkerSettings, 'pid'>,
    Pick<CommitQueueOptions, 'retryInitialMs' | 'retryMaxMs'> {
  readonly clock: Clock;
  readonly send: (message: FromWorker) => void;
  /** See `WorkerData`. */
  readonly onDisk: Int32Array;
}

interface Tallies {
  readonly outboxRows: number;
  readonly outboxBytes: number;
  readonly imageBytes: number;
}

/**
 * The thread's side of the store: takes calls, answers them, owns everything that touches the database.
 *
 * Changes go through the commit queue and are answered together after its fsync; questions are answered at once.
 */
export class Writer {
  readonly #options: WriterOptions;
  readonly #inspections: InspectionTable;
  readonly #destinations: DestinationTable;
  readonly #outbox: OutboxTable;
  readonly #shedding: Shedding;
  readonly #audit: AuditTable;
  readonly #origins: OriginTable;
  readonly #imageTable: ImageTable;
  readonly #imageFiles: ImageFiles;
  readonly #images: ImageStore;
  readonly #queue: CommitQueue;
  readonly #disk: DiskTrouble;
  /** Of records that are not committed yet, by request. */
  readonly #pictures = new Map<number, Uint8Array>();
  readonly #chores: Chores;
  readonly #housekeeper: Housekeeper;
  readonly #readTallies: Statement<[], Tallies>;
  readonly #sweepEnd = new AbortController();
  #sweep: Promise<void> | undefined;
  #tallies: Tallies;
  #accounts: readonly Account[];
  #answers: Answer[] = [];
  #records = 0;
  #duplicates = 0;
  #stopping = false;
  /** Room was made for the next attempt to commit. */
  #triesNow = false;

  constructor(db: Database, options: WriterOptions) {
    this.#options = options;
    const names = new NameTables(db);
    this.#inspections = new InspectionTable(db, names);
    this.#destinations = new DestinationTable(db, options.destinations);
    this.#outbox = new OutboxTable(db, this.#destinations);
    this.#shedding = new Shedding(this.#outbox, this.#destinations, options.outboxQuotaBytes);
    this.#origins = new OriginTable(db, names);
    this.#audit = new AuditTable(db);
    this.#readTallies = db.prepare(`
      SELECT outbox_rows AS outboxRows, outbox_bytes AS outboxBytes, image_bytes AS imageBytes FROM tallies`);
    this.#tallies = this.#tally();
    this.#accounts = this.#destinations.accounts();
    this.#queue = new CommitQueue(db, {
      ...options,
      beforeAttempt: () => this.#setOnDisk(true),
      afterAttempt: () => this.#afterAttempt(),
      meetTrouble: (error) => this.#meetTrouble(error),
    });
    this.#imageFiles = new ImageFiles(options.directory);
    this.#imageTable = new ImageTable(db);
    this.#images = new ImageStore({
      files: this.#imageFiles,
      table: this.#imageTable,
      queue: this.#queue,
      quotaBytes: options.imageQuotaBytes,
      keptBytes: this.#tallies.imageBytes,
      nowMs: () => options.clock.nowMs(),
      space: () => this.#atDisk(() => spaceOf(options.directory)),
      onChange: () => this.#sendAnswers(),
    });
    this.#disk = new DiskTrouble({
      directory: options.directory,
      imagesFolder: join(options.directory, 'images'),
      ballast: new Ballast(options.directory),
      images: this.#images,
      failing: () => this.#queue.trouble !== undefined,
      atDisk: (run) => this.#atDisk(run),
      onChange: () => this.#sendAnswers(),
    });
    this.#chores = new Chores({
      db,
      queue: this.#queue,
      images: this.#images,
      shedding: this.#shedding,
      retention: options.retention,
      nowMs: () => options.clock.nowMs(),
      monotonicMs: () => options.clock.monotonicMs(),
      onChange: () => this.#sendAnswers(),
    });
    this.#housekeeper = new Housekeeper(this.#chores.list, {
      onTrouble: (chore, cause) => this.#log('warn', { chore, cause }, 'Could not do a chore; it is tried again.'),
    });
  }

  /** The figures as they stand. */
  get report(): Report {
    const { trouble } = this.#queue;
    return {
      trouble: trouble && { code: trouble.code, text: trouble.message },
      lastCommitMs: this.#queue.lastCommitMs,
      lowSpace: this.#disk.lowSpace,
      outboxRows: this.#tallies.outboxRows,
      outboxBytes: this.#tallies.outboxBytes,
      accounts: this.#accounts,
      ...this.#images.figures,
      ...this.#chores.figures,
      commits: this.#queue.commits,
      records: this.#records,
      duplicates: this.#duplicates,
    };
  }

  /** Begins the work that nobody asked for: cleaning up what a crash left, deleting what is too old. */
  start(): void {
    this.#images.start();
    this.#housekeeper.start();
    this.#sweep = this.#sweepImages();
    this.#disk.start();
  }

  /** Commits and writes what is pending, as far as the disk takes it; the rest is rejected. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#sweepEnd.abort();
    const housekeeper = this.#housekeeper.stop();
    this.#queue.flush();
    await housekeeper;
    await this.#images.drained();
    await this.#sweep;
    await this.#disk.stop();
    this.#queue.close();
    this.#sendAnswers();
  }

  handle(message: Exclude<ToWorker, { call: 'stop' }>): void {
    const { request } = message;
    switch (message.call) {
      case 'record':
        this.#record(request, ...message.args);
        break;
      case 'settle':
        this.#write(request, () => this.#outbox.settle(...message.args));
        break;
      case 'quarantine': {
        const atMs = this.#options.clock.nowMs();
        this.#write(request, () => this.#origins.quarantine(...message.args, atMs));
        break;
      }
      case 'forget':
        this.#write(request, () => this.#origins.forget(...message.args));
        break;
      case 'audit':
        this.#write(request, () => this.#audit.add(...message.args));
        break;
      case 'dropDestination':
        void this.#drop(request, ...message.args);
        break;
      case 'totals':
        this.#read<'totals'>(request, () => this.#inspections.totals(...message.args));
        break;
      case 'read':
        this.#read<'read'>(request, () => this.#outbox.read(...message.args));
        break;
      case 'newest':
        this.#read<'newest'>(request, () => this.#outbox.newest());
        break;
      case 'shed':
        this.#read<'shed'>(request, () => this.#outbox.shed());
        break;
      case 'result':
        this.#read<'result'>(request, () => this.#audit.result(...message.args));
        break;
      case 'audited':
        this.#read<'audited'>(request, () => this.#audit.newest(...message.args));
        break;
      case 'seen':
        this.#read<'seen'>(request, () => this.#origins.seen(...message.args));
        break;
      case 'quarantined':
        this.#read<'quarantined'>(request, () => this.#origins.quarantined(...message.args));
        break;
      case 'ping':
        this.#read<'ping'>(request, () => this.#queue.trouble === undefined);
        break;
    }
  }

  #record(request: number, inspection: Inspection, jpeg: Uint8Array | undefined): void {
    const { id, station, capturedAtMs, origin } = inspection;
    const atMs = this.#options.clock.nowMs();
    if (jpeg !== undefined) this.#pictures.set(request, jpeg);
    this.#queue.submit<{ readonly inserted: Inserted; readonly shed: number }>({
      run: () => {
        const inserted = this.#inspections.insert(inspection);
        if (inserted.duplicate) return { inserted, shed: 0 };
        const { number, message } = inserted;
        this.#outbox.add(number, message.verdict, Buffer.from(JSON.stringify(message)));
        if (origin !== undefined) this.#origins.take(station, origin, atMs);
        return { inserted, shed: this.#shedding.makeRoom(atMs) };
      },
      committed: ({ inserted: { number, seq, duplicate }, shed }) => {
        this.#answers.push({ request, value: { seq } });
        this.#records += 1;
        this.#chores.shedBesideRecord(shed);
        const picture = this.#pictures.get(request);
        this.#pictures.delete(request);
        if (duplicate) this.#duplicates += 1;
        else if (picture !== undefined) {
          this.#images.keep({ inspection: number, id, station, capturedAtMs, jpeg: picture });
        }
      },
      rejected: (error) => {
        this.#pictures.delete(request);
        this.#reject(request, error);
      },
    });
  }

  /** Step by step, so that an account of millions does not hold up the commits. */
  async #drop(request: number, name: string): Promise<void> {
    try {
      let total: number | undefined;
      for (;;) {
        const taken = await this.#queue.write(() => this.#destinations.drop(name));
        if (taken === undefined) break;
        total = (total ?? 0) + taken;
      }
      if (total === undefined) throw storeErrors.STORE_DESTINATION_UNKNOWN({ got: JSON.stringify(name) });
      this.#answers.push({ request, value: total });
    } catch (error) {
      if (!(error instanceof JidokaError)) throw error;
      this.#reject(request, error);
    }
    this.#sendAnswers();
  }

  #write(request: number, run: () => void): void {
    this.#queue.submit({
      run,
      committed: () => {
        this.#answers.push({ request, value: undefined });
      },
      rejected: (error) => this.#reject(request, error),
    });
  }

  #read<N extends CallName>(request: number, run: () => ReturnType<Calls[N]>): void {
    this.#setOnDisk(true);
    try {
      this.#answers.push({ request, value: run() });
    } catch (error) {
      const expected = openingError(error, this.#options.directory);
      if (!(expected instanceof JidokaError)) throw error;
      this.#reject(request, expected);
    }
    this.#setOnDisk(false);
    this.#sendAnswers();
  }

  #reject(request: number, error: JidokaError): void {
    this.#answers.push({ request, error: sendable(error) });
  }

  #setOnDisk(onDisk: boolean): void {
    Atomics.store(this.#options.onDisk, 0, Number(onDisk));
  }

  #atDisk<T>(run: () => T): T {
    this.#setOnDisk(true);
    const result = run();
    this.#setOnDisk(false);
    return result;
  }

  /** Images give way before records: those that wait are given up at once. */
  #meetTrouble(error: JidokaError): MetTrouble {
    const met = this.#disk.met(error);
    this.#images.giveUp(this.#pictures.size, `the disk is in trouble (${met.error.code})`);
    this.#pictures.clear();
    this.#triesNow = met.tryNow;
    return met;
  }

  #afterAttempt(): void {
    this.#setOnDisk(false);
    if (this.#queue.trouble === undefined) {
      this.#tallies = this.#tally();
      this.#accounts = this.#destinations.accounts();
    } else if (this.#stopping && !this.#triesNow) this.#queue.abandon();
    this.#sendAnswers();
  }

  #tally(): Tallies {
    return this.#readTallies.get() ?? { outboxRows: 0, outboxBytes: 0, imageBytes: 0 };
  }

  #log(level: 'info' | 'warn', fields: object, message: string): void {
    this.#options.send({ kind: 'log', level, fields, message });
  }

  #sendAnswers(): void {
    const answers = this.#answers;
    this.#answers = [];
    this.#options.send({ kind: 'answers', answers, report: this.report });
  }

  async #sweepImages(): Promise<void> {
    try {
      const result = await sweepImages(this.#imageFiles, this.#imageTable, this.#images, this.#sweepEnd.signal);
      if (result.filesRemoved + result.rowsRemoved > 0) {
        this.#log('info', result, 'Put kept images and their list in step again.');
      }
    } catch (error) {
      this.#log('info', { cause: messageOf(error) }, 'Could not look through the kept images.');
    }
  }
}
