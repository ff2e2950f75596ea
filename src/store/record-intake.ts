import type { Inspection } from '../domain/inspection.js';
import type { Decision } from '../domain/verdict.js';
import type { Recorded } from '../ports/ledger.js';
import { storeErrors } from './errors.js';
import { type HeldRecord, type HoldLimits, RecordHold } from './record-hold.js';

interface Caller extends HeldRecord {
  readonly resolve: (recorded: Recorded) => void;
  readonly reject: (error: unknown) => void;
}

/** Hands a record to the store's thread; settles with the thread's answer. */
export type HandOver = (inspection: Inspection, jpeg: Uint8Array | undefined) => Promise<Recorded>;

/** The way of a record to the store's thread: held within bounds, handed over in order, told of in the end. */
export class RecordIntake {
  readonly #hold: RecordHold<Caller>;
  readonly #handOver: HandOver;
  #takesImages = true;
  #imagesRefused = 0;

  constructor(handOver: HandOver, limits?: HoldLimits) {
    this.#handOver = handOver;
    this.#hold = new RecordHold(limits);
  }

  /** Records that are not committed yet. */
  get pending(): number {
    return this.#hold.size;
  }

  /** Records given up since the start, by verdict. */
  get givenUp(): Readonly<Record<Decision, number>> {
    return this.#hold.givenUp;
  }

  get imagesGivenUp(): number {
    return this.#hold.imagesGivenUp + this.#imagesRefused;
  }

  /** @throws STORE_MEMORY_FULL where it is given up, now or later, before the thread has seen it; what the thread says */
  record(inspection: Inspection, jpeg: Uint8Array | undefined): Promise<Recorded> {
    if (jpeg !== undefined && !this.#takesImages) this.#imagesRefused += 1;
    return new Promise((resolve, reject) => {
      const caller = { inspection, jpeg: this.#takesImages ? jpeg : undefined, resolve, reject };
      for (const refused of this.#hold.add(caller)) refused.reject(storeErrors.STORE_MEMORY_FULL());
      this.#pump();
    });
  }

  /** While the disk is in trouble images are given up at once: what waits then is small. */
  takeImages(takes: boolean): void {
    this.#takesImages = takes;
    if (!takes) this.#hold.giveUpImages();
  }

  /** Hands everything over that waits, however much it is: the thread is about to be stopped. */
  handOverAll(): void {
    this.#pump(Number.POSITIVE_INFINITY);
  }

  /** There is no thread any more. */
  rejectAll(error: unknown): void {
    for (const { reject } of this.#hold.clear()) reject(error);
  }

  #pump(limit?: number): void {
    for (let next = this.#hold.handOn(limit); next !== undefined; next = this.#hold.handOn(limit)) {
      const caller = next;
      const { inspection, jpeg } = caller;
      caller.jpeg = undefined;
      const answered = this.#handOver(inspection, jpeg).finally(() => this.#hold.settled(caller));
      answered.then(caller.resolve, caller.reject).finally(() => this.#pump());
    }
  }
}
