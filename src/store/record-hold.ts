import type { Inspection } from '../domain/inspection.js';
import type { Decision } from '../domain/verdict.js';

export interface HeldRecord {
  readonly inspection: Inspection;
  /** Taken away where the image is given up before its record is handed on. */
  jpeg: Uint8Array | undefined;
}

export interface HoldLimits {
  readonly records: number;
  readonly bytes: number;
  /** Of those, how many may be with the store's thread at once. */
  readonly handedOn: number;
  readonly images: number;
  readonly imageBytes: number;
}

export const HOLD_LIMITS: HoldLimits = {
  records: 2000,
  bytes: 32 * 1024 * 1024,
  handedOn: 512,
  images: 64,
  imageBytes: 64 * 1024 * 1024,
};

/** What goes first when the hold is full. */
const GIVEN_UP_FIRST: readonly Decision[] = ['pass', 'review', 'fail'];

interface Entry<R> {
  readonly record: R;
  readonly order: number;
  readonly bytes: number;
  /** undefined: the record has no image. */
  imageBytes: number | undefined;
}

/**
 * The inspections that are not committed yet, bounded in number and bytes, so that a disk in trouble costs neither the
 * line nor the memory.
 *
 * Records are handed on to the store's thread in the order they came, a limited number at a time. One that has been
 * handed on may be committed at any moment and is never given up; one that still waits here has been seen by nobody.
 * So whatever is given up cannot have been committed. When the hold is full a record gives way to a worse verdict:
 * the newest pass first, then the newest review. Where nothing milder waits, the newcomer itself is given up, so that
 * what is kept is the unbroken beginning.
 *
 * Images have limits of their own; beyond them the record goes on without its image.
 */
export class RecordHold<R extends HeldRecord> {
  readonly #limits: HoldLimits;
  readonly #waiting: Record<Decision, Entry<R>[]> = { pass: [], review: [], fail: [] };
  readonly #handedOn = new Map<R, Entry<R>>();
  #order = 0;
  #records = 0;
  #bytes = 0;
  #images = 0;
  #imageBytes = 0;
  readonly #givenUp: Record<Decision, number> = { pass: 0, review: 0, fail: 0 };
  #imagesGivenUp = 0;

  constructor(limits: HoldLimits = HOLD_LIMITS) {
    this.#limits = limits;
  }

  /** Records that are not committed: waiting here or with the thread. */
  get size(): number {
    return this.#records;
  }

  get imageBytes(): number {
    return this.#imageBytes;
  }

  /** Records given up since the start, by verdict. */
  get givenUp(): Readonly<Record<Decision, number>> {
    return this.#givenUp;
  }

  get imagesGivenUp(): number {
    return this.#imagesGivenUp;
  }

  /** @returns the records that are given up for it, perhaps itself */
  add(record: R): R[] {
    const { decision } = record.inspection.verdict;
    const entry: Entry<R> = {
      record,
      order: this.#order,
      bytes: approximateBytes(record.inspection),
      imageBytes: undefined,
    };
    this.#order += 1;
    const refused: R[] = [];
    while (this.#isFullFor(entry)) {
      const milder = this.#newestMilderThan(decision);
      if (milder === undefined) {
        this.#giveUp(entry);
        return [...refused, record];
      }
      this.#forget(milder);
      this.#giveUp(milder);
      refused.push(milder.record);
    }
    this.#records += 1;
    this.#bytes += entry.bytes;
    this.#addImage(entry);
    this.#waiting[decision].push(entry);
    return refused;
  }

  /** The next record for the thread; undefined where none waits or the thread has enough. */
  handOn(limit = this.#limits.handedOn): R | undefined {
    if (this.#handedOn.size >= limit) return undefined;
    const heads = GIVEN_UP_FIRST.flatMap((decision) => this.#waiting[decision].slice(0, 1));
    const [first] = heads.sort((one, other) => one.order - other.order);
    if (first === undefined) return undefined;
    this.#waiting[first.record.inspection.verdict.decision].shift();
    this.#handedOn.set(first.record, first);
    return first.record;
  }

  /** The thread has answered: the record is committed, or can never be. */
  settled(record: R): void {
    const entry = this.#handedOn.get(record);
    if (entry === undefined) return;
    this.#handedOn.delete(record);
    this.#forget(entry);
  }

  /** Drops the images of the records that wait here. */
  giveUpImages(): void {
    for (const entries of Object.values(this.#waiting)) {
      for (const entry of entries) {
        if (entry.record.jpeg === undefined) continue;
        this.#forgetImage(entry);
        entry.record.jpeg = undefined;
        this.#imagesGivenUp += 1;
      }
    }
  }

  /** Takes out every record, whether it was handed on or not. */
  clear(): R[] {
    const all = [...this.#handedOn.values(), ...Object.values(this.#waiting).flat()];
    this.#handedOn.clear();
    for (const entries of Object.values(this.#waiting)) entries.length = 0;
    for (const entry of all) this.#forget(entry);
    return all.sort((one, other) => one.order - other.order).map(({ record }) => record);
  }

  #isFullFor({ bytes }: Entry<R>): boolean {
    return this.#records >= this.#limits.records || this.#bytes + bytes > this.#limits.bytes;
  }

  #newestMilderThan(decision: Decision): Entry<R> | undefined {
    const milder = GIVEN_UP_FIRST.slice(0, GIVEN_UP_FIRST.indexOf(decision));
    return milder
      .map((verdict) => this.#waiting[verdict])
      .find((entries) => entries.length > 0)
      ?.pop();
  }

  #giveUp({ record }: Entry<R>): void {
    this.#givenUp[record.inspection.verdict.decision] += 1;
    if (record.jpeg !== undefined) this.#imagesGivenUp += 1;
  }

  #addImage(entry: Entry<R>): void {
    const bytes = entry.record.jpeg?.byteLength;
    if (bytes === undefined) return;
    if (this.#images >= this.#limits.images || this.#imageBytes + bytes > this.#limits.imageBytes) {
      entry.record.jpeg = undefined;
      this.#imagesGivenUp += 1;
      return;
    }
    entry.imageBytes = bytes;
    this.#images += 1;
    this.#imageBytes += bytes;
  }

  #forget(entry: Entry<R>): void {
    this.#records -= 1;
    this.#bytes -= entry.bytes;
    this.#forgetImage(entry);
  }

  #forgetImage(entry: Entry<R>): void {
    if (entry.imageBytes === undefined) return;
    this.#images -= 1;
    this.#imageBytes -= entry.imageBytes;
    entry.imageBytes = undefined;
  }
}

/** Nearly what an inspection takes in memory; exact would mean to encode it twice. */
function approximateBytes({ verdict, result, snapshot }: Inspection): number {
  const texts = verdict.reasons.reduce((sum, { text }) => sum + 2 * text.length + 64, 0);
  const readings = snapshot.readings.reduce(
    (sum, { value }) => sum + 256 + (typeof value === 'string' ? 2 * value.length : 0),
    0,
  );
  return 1024 + texts + readings + 64 * Object.keys(result?.scores ?? {}).length;
}
