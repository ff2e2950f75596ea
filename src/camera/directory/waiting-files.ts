import type { Candidate } from './candidate.js';

/** A file that waits to be taken. */
export interface WaitingFile {
  candidate: Candidate;
  /** When this state of the file was first observed, on the monotonic clock. */
  observedAtMs: number;
  /** It is not looked at again before. */
  readyAtMs: number;
  /** Attempts to read this state of the file that failed. */
  attempts: number;
}

/** The files that wait, in the order in which they are to be taken. */
export class WaitingFiles {
  #files: WaitingFile[] = [];

  constructor(private readonly settleMs: (candidate: Candidate) => number) {}

  get length(): number {
    return this.#files.length;
  }

  /** Takes over a new listing; a file whose state is unchanged keeps the time it has been observed for. */
  replace(candidates: readonly Candidate[], nowMs: number): void {
    const known = new Map(this.#files.map((file) => [file.candidate.name, file]));
    this.#files = candidates.map((candidate) => {
      const file = known.get(candidate.name);
      return file?.candidate.mark === candidate.mark ? file : this.#observed(candidate, nowMs);
    });
  }

  /** The first file that may be looked at now. */
  firstReady(nowMs: number): WaitingFile | undefined {
    return this.#files.find((file) => file.readyAtMs <= nowMs);
  }

  /** When the next file will be ready; Infinity when none waits. */
  nextReadyMs(): number {
    return this.#files.reduce((soonest, file) => Math.min(soonest, file.readyAtMs), Number.POSITIVE_INFINITY);
  }

  remove(file: WaitingFile): void {
    const index = this.#files.indexOf(file);
    if (index >= 0) this.#files.splice(index, 1);
  }

  /** The file has another state now: it must be left alone anew for the whole time. */
  restart(file: WaitingFile, candidate: Candidate, nowMs: number): void {
    Object.assign(file, this.#observed(candidate, nowMs));
  }

  clear(): void {
    this.#files = [];
  }

  #observed(candidate: Candidate, nowMs: number): WaitingFile {
    return { candidate, observedAtMs: nowMs, readyAtMs: nowMs + this.settleMs(candidate), attempts: 0 };
  }
}
