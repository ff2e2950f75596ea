import type { OutboxRecord } from '../domain/outbox.js';
import type { StationState, StatusMessage } from '../domain/state.js';

export interface PublisherStatus {
  readonly state: 'connecting' | 'connected' | 'disconnected' | 'stopped';
  /** A plain sentence: where it is connected, with which protocol, or why it is not. */
  readonly text: string;
}

/**
 * One broker, or another place where messages go.
 *
 * It connects and reconnects by itself, for ever and with back-off; `start` returns once that has begun. `deliver`
 * resolves when the broker has taken responsibility for the message (PUBACK with a good reason code). It rejects with a
 * `transient` JidokaError when there is no connection or it is lost first: the caller sends the row again. It rejects
 * with a `degraded` one when the broker refuses this very message while the connection stands: the caller keeps the row
 * and tries again later. Calls are sent in the order they are made. `announceStatus` and `announceState` are for
 * retained state: only the newest counts, it is not kept over an outage but sent anew on every connection.
 */
export interface Publisher {
  start(): Promise<void>;
  /** Sends the offline status, waits for what is under way at most `timeoutMs`, and disconnects. */
  stop(timeoutMs: number): Promise<void>;
  deliver(record: OutboxRecord): Promise<void>;
  announceStatus(status: StatusMessage): void;
  announceState(state: StationState): void;
  status(): PublisherStatus;
  /** Calls `listener` each time the connection is up and ready for messages. */
  onConnected(listener: () => void): () => void;
}
