import type { TagValue } from './values.js';

/** A value as it arrived. */
export interface TagSample extends TagValue {
  /** Wall time of its arrival. */
  readonly receivedAtMs: number;
  /** The life of the connection it came in. */
  readonly life: number;
  /** The first value of a new subscription: what was true when the server was found again, not a change. */
  readonly first: boolean;
}

export interface HeldSample extends TagSample {
  /** Where the sample stands in the order of time; see `TagHistory`. */
  readonly timeMs: number;
  /** Values between this one and the one before may be missing: the subscription was new, or the server's queue full. */
  readonly gapBefore: boolean;
}

export interface HistoryLimits {
  readonly keepMs: number;
  readonly mostSamples: number;
}

const DEFAULT_LIMITS: HistoryLimits = { keepMs: 60_000, mostSamples: 600 };

/** A sample that is older than the newest by more than this did not arrive late: the source's clock was set back. */
const LATEST_ARRIVAL_MS = 5000;

/**
 * The recent values of one tag in the order of source time, bounded in time and number; the newest is kept however old
 * it is, since a subscription reports changes only.
 *
 * Source clocks are not trusted blindly. A value cannot have been measured after it arrived, so the clock of a source
 * that runs ahead is cut to the time of arrival. A value that stands before the first of its subscription, or far
 * before the newest, comes from a clock that was set back: it takes the place of the newest, for otherwise the old
 * value would hide it until the clock has caught up. What is a little late is sorted in; what comes twice is held once.
 */
export class TagHistory {
  readonly #samples: HeldSample[] = [];
  #floorMs = Number.NEGATIVE_INFINITY;

  constructor(private readonly limits: HistoryLimits = DEFAULT_LIMITS) {}

  add(sample: TagSample): void {
    if ((this.newest?.receivedAtMs ?? 0) > sample.receivedAtMs + LATEST_ARRIVAL_MS) this.#forget();
    const timeMs = this.#place(sample);
    const gapBefore = sample.first || sample.overflow;
    const index = this.#after(timeMs);
    const before = this.#samples[index - 1];
    // One that has the same time takes its place: it came twice, or nobody can tell which of them was first.
    if (before?.timeMs === timeMs && before.life === sample.life) {
      this.#samples[index - 1] = { ...sample, timeMs, gapBefore: before.gapBefore || gapBefore };
    } else {
      this.#samples.splice(index, 0, { ...sample, timeMs, gapBefore });
    }
    this.#trim(sample.receivedAtMs);
  }

  get newest(): HeldSample | undefined {
    return this.#samples.at(-1);
  }

  get length(): number {
    return this.#samples.length;
  }

  /** The last sample whose time is not after `atMs`; where all are later, the earliest. */
  at(atMs: number): HeldSample | undefined {
    return this.#samples[Math.max(0, this.#after(atMs) - 1)];
  }

  /** The first sample whose time is after `atMs`, if it has come already. */
  nextAfter(atMs: number): HeldSample | undefined {
    return this.#samples[this.#after(atMs)];
  }

  /** Where the samples begin that are later than `atMs`. */
  #after(atMs: number): number {
    let index = this.#samples.length;
    while (index > 0 && (this.#samples[index - 1]?.timeMs ?? 0) > atMs) index -= 1;
    return index;
  }

  #place(sample: TagSample): number {
    const stated = Math.min(sample.sourceTimeMs ?? sample.receivedAtMs, sample.receivedAtMs);
    const newestMs = this.newest?.timeMs ?? Number.NEGATIVE_INFINITY;
    const setBack = stated < newestMs - (sample.first ? 0 : LATEST_ARRIVAL_MS);
    const placed = setBack ? newestMs : stated;
    if (!sample.first) return Math.max(placed, this.#floorMs);
    this.#floorMs = placed;
    return placed;
  }

  /** The gateway's own clock was set back: the times held belong to a future that will come again. */
  #forget(): void {
    this.#samples.length = 0;
    this.#floorMs = Number.NEGATIVE_INFINITY;
  }

  #trim(nowMs: number): void {
    const oldestMs = nowMs - this.limits.keepMs;
    let drop = Math.max(0, this.#samples.length - this.limits.mostSamples);
    // The one before the window stays: it is the value at the window's beginning.
    while (drop < this.#samples.length - 1 && (this.#samples[drop + 1]?.timeMs ?? 0) <= oldestMs) drop += 1;
    if (drop > 0) this.#samples.splice(0, drop);
  }
}
