import { join } from 'node:path';
import type { Database, Statement } from 'better-sqlite3';
import { JidokaError, messageOf } from '../base/errors.js';
import type { Inspection } from '../domain/inspection.js';
import { Ballast } from './ballast.js';
import { CommitQueue, type CommitQueueOptions, type MetTrouble } from './commit-queue.js';
import { spaceOf } from './disk-space.js';
import { DiskTrouble } from './disk-trouble.js';
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
} from './protocol.js';
import { openingError } from './sqlite-errors.js';

export interface WriterOptions extends Pick<CommitQueueOptions, 'retryInitialMs' | 'retryMaxMs'> {
  readonly directory: string;
  readonly imageQuotaBytes: number;
  readonly nowMs: () => number;
  readonly send: (message: FromWorker) => void;
  /** See `WorkerData`. */
  readonly onDisk: Int32Array;
}

interface Tallies {
  readonly outboxRows: number;
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
  readonly #outbox: OutboxTable;
  readonly #origins: OriginTable;
  readonly #imageTable: ImageTable;
  readonly #imageFiles: ImageFiles;
  readonly #images: ImageStore;
  readonly #queue: CommitQueue;
  readonly #disk: DiskTrouble;
  /** Of records that are not committed yet, by request. */
  readonly #pictures = new Map<number, Uint8Array>();
  readonly #tallies: Statement<[], Tallies>;
  readonly #sweepEnd = new AbortController();
  #sweep: Promise<void> | undefined;
  #outboxRows: number;
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
    this.#outbox = new OutboxTable(db);
    this.#origins = new OriginTable(db, names);
    this.#tallies = db.prepare('SELECT outbox_rows AS outboxRows, image_bytes AS imageBytes FROM tallies');
    const { outboxRows, imageBytes } = this.#readTallies();
    this.#outboxRows = outboxRows;
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
      keptBytes: imageBytes,
      nowMs: options.nowMs,
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
  }
  /** The figures as they stand. */
  get report(): Report {
    const { trouble } = this.#queue;
    return {
      trouble: trouble && { code: trouble.code, text: trouble.message },
      lastCommitMs: this.#queue.lastCommitMs,
      lowSpace: this.#disk.lowSpace,
      outboxRows: this.#outboxRows,
      ...this.#images.figures,
      commits: this.#queue.commits,
      records: this.#records,
      duplicates: this.#duplicates,
    };
  }

  /** Begins the work that nobody asked for: cleaning up what a crash left. */
  start(): void {
    this.#images.start();
    this.#sweep = this.#sweepImages();
    this.#disk.start();
  }

  /** Commits and writes what is pending, as far as the disk takes it; the rest is rejected. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#sweepEnd.abort();
    this.#queue.flush();
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
        const atMs = this.#options.nowMs();
        this.#write(request, () => this.#origins.quarantine(...message.args, atMs));
        break;
      }
      case 'forget':
        this.#write(request, () => this.#origins.forget(...message.args));
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
    const atMs = this.#options.nowMs();
    if (jpeg !== undefined) this.#pictures.set(request, jpeg);
    this.#queue.submit<Inserted>({
      run: () => {
        const inserted = this.#inspections.insert(inspection);
        if (!inserted.duplicate && origin !== undefined) this.#origins.take(station, origin, atMs);
        return inserted;
      },
      committed: ({ number, seq, duplicate }) => {
        this.#answers.push({ request, value: { seq } });
        this.#records += 1;
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
    if (this.#queue.trouble === undefined) this.#outboxRows = this.#readTallies().outboxRows;
    else if (this.#stopping && !this.#triesNow) this.#queue.abandon();
    this.#sendAnswers();
  }

  #readTallies(): Tallies {
    return this.#tallies.get() ?? { outboxRows: 0, imageBytes: 0 };
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
        this.#options.send({ kind: 'log', fields: result, message: 'Put kept images and their list in step again.' });
      }
    } catch (error) {
      const fields = { cause: messageOf(error) };
      this.#options.send({ kind: 'log', fields, message: 'Could not look through the kept images.' });
    }
  }
}
