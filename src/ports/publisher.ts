import type { OutboxRecord } from '../domain/outbox.js';
import type { StationState, StatusMessage } from '../domain/state.js';

export type Lane = 'live' | 'history';

export interface PublisherStatus {
  readonly state: 'connecting' | 'connected' | 'disconnected' | 'stopped';
  /** A plain sentence: where it is connected, with which protocol, or why it is not. */
  readonly text: string;
  /** A plain sentence on what needs a person's eye while messages still go out. */
  readonly warning?: string;
}

/**
 * One destination: a broker, or a list of brokers of which one is used at a time.
 *
 * `lanes` says how the rows that waited during an outage go: in one sequence with the new ones (`one`), or beside them
 * (`two`), for a protocol that marks history as such.
 *
 * It connects and reconnects by itself, for ever and with back-off; `start` returns once that has begun. `deliver`
 * resolves when the broker has taken responsibility for the message (PUBACK with a good reason code). It rejects with a
 * `transient` JidokaError when there is no connection or it is lost first: the caller sends the row again. It rejects
 * with a `degraded` one when the broker refuses this very message while the connection stands: the caller keeps the row
 * and tries again later. Calls are sent in the order they are made. `announceStatus` and `announceState` are for
 * retained state: only the newest counts, it is not kept over an outage but sent anew on every connection.
 */
export interface Publisher {
  readonly lanes: 'one' | 'two';
  /** Most deliveries that may be under way at a time, over both lanes. */
  readonly window: number;
  start(): Promise<void>;
  /** Sends the offline status, waits for what is under way at most `timeoutMs`, and disconnects. */
  stop(timeoutMs: number): Promise<void>;
  /** `live`: nothing older of its station waits, `history`: it is from before the connection. */
  deliver(record: OutboxRecord, lane: Lane): Promise<void>;
  /** Sends a copy of a row whose turn has not come. It is not repeated: the row itself follows. */
  hurry(record: OutboxRecord): Promise<void>;
  announceStatus(status: StatusMessage): void;
  announceState(state: StationState): void;
  /** Says everything of itself anew: retained state, or the births of a protocol that has them. */
  rebirth(): void;
  status(): PublisherStatus;
  /** Calls `listener` each time the connection is up and ready for messages. */
  onConnected(listener: () => void): () => void;
}
