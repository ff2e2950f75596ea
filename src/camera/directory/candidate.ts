import type { FrameOrigin } from '../../domain/frame.js';

/** What a name in the folder stands for. */
export type EntryKind = 'file' | 'folder' | 'link' | 'special' | 'undecodable';

/** Something in the folder with an image's name, as it was when it was looked at. */
export interface Candidate {
  readonly name: string;
  readonly kind: EntryKind;
  readonly sizeBytes: number;
  /** Nanoseconds since 1970 UTC. */
  readonly mtimeNs: bigint;
  /** Changes when the content may have changed. */
  readonly mark: string;
}

/** The key of "taken once": the same name, size and time is the same picture. */
export function originOf({ name, mark }: { readonly name: string; readonly mark: string }): FrameOrigin {
  return { name, key: `${name}:${mark}` };
}

/** The order in which files are taken: by modification time, then by name. Negative: `a` comes first. */
export function inOrder(a: Candidate, b: Candidate): number {
  if (a.mtimeNs !== b.mtimeNs) return a.mtimeNs < b.mtimeNs ? -1 : 1;
  if (a.name === b.name) return 0;
  return a.name < b.name ? -1 : 1;
}

/**
 * Keeps the first `limit` of any number of candidates, in the order in which they are to be taken, so that a folder
 * with a hundred thousand files costs no more memory than one with `limit`. A binary heap whose root is the last.
 */
export class FirstInOrder {
  readonly #heap: Candidate[] = [];
  #refused = 0;

  constructor(readonly limit: number) {}

  /** How many were left out; they are found again by the next listing. */
  get refused(): number {
    return this.#refused;
  }

  offer(candidate: Candidate): void {
    const heap = this.#heap;
    if (heap.length < this.limit) {
      heap.push(candidate);
      this.#siftUp(heap.length - 1);
      return;
    }
    this.#refused += 1;
    const last = heap[0];
    if (last === undefined || inOrder(candidate, last) >= 0) return;
    heap[0] = candidate;
    this.#siftDown();
  }

  /** The candidates that were kept, in order. */
  sorted(): Candidate[] {
    return [...this.#heap].sort(inOrder);
  }

  #siftUp(start: number): void {
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#swapIfLater(index, parent)) return;
      index = parent;
    }
  }

  #siftDown(): void {
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const right = left + 1;
      let later = this.#isLater(left, index) ? left : index;
      if (this.#isLater(right, later)) later = right;
      if (later === index) return;
      this.#swapIfLater(later, index);
      index = later;
    }
  }

  #isLater(child: number, parent: number): boolean {
    const a = this.#heap[child];
    const b = this.#heap[parent];
    return a !== undefined && b !== undefined && inOrder(a, b) > 0;
  }

  #swapIfLater(child: number, parent: number): boolean {
    const a = this.#heap[child];
    const b = this.#heap[parent];
    if (a === undefined || b === undefined || inOrder(a, b) <= 0) return false;
    this.#heap[parent] = a;
    this.#heap[child] = b;
    return true;
  }
}
