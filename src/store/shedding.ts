import type { DestinationTable } from './destination-table.js';
import type { OutboxTable, WaitingMessage } from './outbox-table.js';

/** Messages given up beside each new one while the outbox is full: more than one, so that it catches up. */
const BESIDE_A_RECORD = 8;
/** Messages given up in one step of a chore. */
export const SHED_STEP = 200;

/**
 * Gives messages up: beyond the byte bound, and those that waited too long. Writing runs inside the caller's
 * transaction.
 *
 * The bound holds for all messages together, each of them kept once however many destinations wait for it. The
 * destination that has the most waiting gives up first: one that is away must not cost another its few. Of its messages
 * the oldest passes go first, then reviews, then fails.
 */
export class Shedding {
  readonly #outbox: OutboxTable;
  readonly #destinations: DestinationTable;
  readonly #quotaBytes: number;

  constructor(outbox: OutboxTable, destinations: DestinationTable, quotaBytes: number) {
    this.#outbox = outbox;
    this.#destinations = destinations;
    this.#quotaBytes = quotaBytes;
  }

  get isFull(): boolean {
    return this.#outbox.bytes > this.#quotaBytes;
  }

  /** @returns how many were given up */
  makeRoom(atMs: number, limit = BESIDE_A_RECORD): number {
    let given = 0;
    while (given < limit) {
      const excess = this.#outbox.bytes - this.#quotaBytes;
      const destination = excess > 0 ? this.#destinations.largest() : undefined;
      if (destination === undefined) break;
      const messages = untilFreed(this.#outbox.firstToGo(destination, limit - given), excess);
      if (messages.length === 0) break;
      for (const message of messages) given += Number(this.#outbox.giveUp(message, 'full', atMs));
    }
    return given;
  }

  /** Messages whose time is over, the oldest of each destination and verdict. */
  expired(atMs: number, limit = SHED_STEP): WaitingMessage[] {
    return [...this.#destinations.configured].flatMap(([destination, { expireAfterSeconds }]) => {
      if (expireAfterSeconds === undefined) return [];
      const before = atMs - expireAfterSeconds * 1000;
      return this.#outbox.oldest(destination, limit).filter(({ decidedAtMs }) => decidedAtMs < before);
    });
  }

  /** @returns how many of them were still waiting */
  giveUp(expired: readonly WaitingMessage[], atMs: number): number {
    return expired.filter((message) => this.#outbox.giveUp(message, 'expired', atMs)).length;
  }
}

function untilFreed(messages: readonly WaitingMessage[], bytes: number): WaitingMessage[] {
  let freed = 0;
  return messages.filter((message) => {
    const wanted = freed < bytes;
    freed += message.bytes;
    return wanted;
  });
}
