/** What a full queue does with one more item. */
export type OverflowPolicy = 'wait' | 'drop-oldest' | 'drop-newest';

/**
 * A first-in first-out queue of limited length for one consumer. What it drops it counts and hands to `onDrop`, so
 * that a drop is never silent and a dropped frame's memory can go back to its pool.
 */
export class BoundedQueue<T> {
  readonly #items: T[] = [];
  readonly #waitingForRoom: Array<() => void> = [];
  #waitingForItem: (() => void) | undefined;
  #closed = false;
  #dropped = 0;

  constructor(
    readonly capacity: number,
    readonly policy: OverflowPolicy,
    private readonly onDrop: (item: T) => void = () => undefined,
  ) {
    if (!Number.isInteger(capacity) || capacity < 1)
      throw new RangeError(`capacity must be 1 or more, got ${capacity}`);
  }

  get length(): number {
    return this.#items.length;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Puts an item in; with `wait` it resolves when there is room. After `close` the item counts as dropped. */
  async push(item: T): Promise<void> {
    while (this.policy === 'wait' && this.#items.length >= this.capacity && !this.#closed) {
      await new Promise<void>((resolve) => this.#waitingForRoom.push(resolve));
    }
    if (this.#closed || (this.policy === 'drop-newest' && this.#items.length >= this.capacity)) {
      this.#drop(item);
      return;
    }
    if (this.#items.length >= this.capacity) this.#drop(this.#items.shift() as T);
    this.#items.push(item);
    this.#waitingForItem?.();
  }

  /** Takes the oldest item, waiting for one; `undefined` once the queue is closed and empty. */
  async shift(): Promise<T | undefined> {
    while (this.#items.length === 0 && !this.#closed) {
      await new Promise<void>((resolve) => {
        this.#waitingForItem = resolve;
      });
    }
    this.#waitingForItem = undefined;
    const item = this.#items.shift();
    this.#waitingForRoom.shift()?.();
    return item;
  }

  /** No more items come in; those inside can still be taken. */
  close(): void {
    this.#closed = true;
    this.#waitingForItem?.();
    for (const resolve of this.#waitingForRoom.splice(0)) resolve();
  }

  #drop(item: T): void {
    this.#dropped += 1;
    this.onDrop(item);
  }
}
