import { defineErrors, type JidokaError } from '#jidoka/base/errors.js';
import type { OutboxRecord } from '#jidoka/domain/outbox.js';
import type { Lane, Publisher, PublisherStatus } from '#jidoka/ports/publisher.js';

const errors = defineErrors({
  FAKE_LOST: { consequence: 'transient', summary: 'The connection was lost.', remedy: 'Wait.' },
  FAKE_REFUSED: { consequence: 'degraded', summary: 'The broker refused the message.', remedy: 'Allow it.' },
});

interface Sent {
  readonly record: OutboxRecord;
  readonly resolve: () => void;
  readonly reject: (error: JidokaError) => void;
}

/** A publisher whose acknowledgements the test gives by hand, for orders of events no real broker can be made to show. */
export class FakePublisher implements Publisher {
  readonly underWay: Sent[] = [];
  /** Ids by lane, in the order they were sent. */
  readonly sentBy: Record<Lane, string[]> = { live: [], history: [] };
  /** Ids of the copies sent ahead of their turn. */
  readonly hurried: string[] = [];
  /** Ids in the order they were sent, over all connections. */
  readonly sent: string[] = [];
  /** Ids in the order the broker took them. */
  readonly taken: string[] = [];
  readonly takenPayloads: string[] = [];
  mostUnderWay = 0;
  /** Acknowledges by itself, in order. */
  automatic = false;
  refuses: (record: OutboxRecord) => boolean = () => false;
  /** The connection breaks when the broker sees this message, and is back a little later. */
  breaksOn: (record: OutboxRecord) => boolean = () => false;
  readonly #listeners = new Set<() => void>();
  #connected = false;

  rebirths = 0;

  constructor(
    readonly window = 4,
    readonly lanes: 'one' | 'two' = 'one',
  ) {}

  start(): Promise<void> {
    return Promise.resolve();
  }

  stop(): Promise<void> {
    this.disconnect();
    return Promise.resolve();
  }

  deliver(record: OutboxRecord, lane: Lane): Promise<void> {
    if (!this.#connected) return Promise.reject(errors.FAKE_LOST());
    this.sent.push(record.inspectionId);
    this.sentBy[lane].push(record.inspectionId);
    return new Promise((resolve, reject) => {
      this.underWay.push({ record, resolve, reject });
      this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay.length);
      if (this.automatic) setImmediate(() => this.acknowledge(record.inspectionId));
    });
  }

  hurry(record: OutboxRecord): Promise<void> {
    this.hurried.push(record.inspectionId);
    return Promise.resolve();
  }

  rebirth(): void {
    this.rebirths += 1;
  }

  announceStatus(): void {}

  announceState(): void {}

  status(): PublisherStatus {
    return { state: this.#connected ? 'connected' : 'disconnected', text: 'fake' };
  }

  onConnected(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  connect(): void {
    this.#connected = true;
    for (const listener of this.#listeners) listener();
  }

  disconnect(): void {
    this.#connected = false;
    for (const { reject } of this.underWay.splice(0)) reject(errors.FAKE_LOST());
  }

  /** Acknowledges the messages named that are under way, or all; refuses those that `refuses` names. */
  acknowledge(...ids: readonly string[]): void {
    const chosen =
      ids.length === 0 ? [...this.underWay] : this.underWay.filter((s) => ids.includes(s.record.inspectionId));
    for (const entry of chosen) {
      this.underWay.splice(this.underWay.indexOf(entry), 1);
      if (this.breaksOn(entry.record)) {
        entry.reject(errors.FAKE_LOST());
        this.disconnect();
        setTimeout(() => this.connect(), 5);
        return;
      }
      if (this.refuses(entry.record)) {
        entry.reject(errors.FAKE_REFUSED());
        continue;
      }
      this.taken.push(entry.record.inspectionId);
      this.takenPayloads.push(new TextDecoder().decode(entry.record.payload));
      entry.resolve();
    }
  }
}
