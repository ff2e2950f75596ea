const LARGEST = 0xffff_ffff;

/**
 * Watches the sequence numbers of one subscription for notifications that never arrived. A notification with data has
 * the number after the one before; a keep-alive tells the number that the next one will have.
 */
export class SequenceWatch {
  #next: number | undefined;

  /** Takes a number as it arrived; gives how many notifications are missing before it. */
  take(sequenceNumber: number, keepAlive: boolean): number {
    const expected = this.#next;
    // Some servers begin elsewhere than at 1, so the first number with data is believed.
    if (expected === undefined) {
      if (!keepAlive) this.#next = after(sequenceNumber);
      return 0;
    }
    // Lower numbers are repetitions; some servers repeat the last number in a keep-alive.
    if (sequenceNumber < expected) return 0;
    const missing = sequenceNumber - expected;
    this.#next = keepAlive ? sequenceNumber : after(sequenceNumber);
    return missing;
  }
}

/** After the largest comes 1: 0 is never used. */
function after(sequenceNumber: number): number {
  return sequenceNumber === LARGEST ? 1 : sequenceNumber + 1;
}
