import { Backoff } from '../base/backoff.js';
import type { Clock } from '../base/clock.js';
import type { SentRow } from './delivery-order.js';

export interface Refusal {
  readonly station: string;
  readonly seq: number;
  readonly text: string;
}

/** A station whose oldest message the broker refuses. */
export interface HeldStation extends Refusal {
  readonly position: number;
  readonly backoff: Backoff;
  /** The broker does not say no, it breaks the connection. */
  readonly breaksConnection: boolean;
  readonly retryAtMs: number;
  /** The message is on its way once more. */
  readonly probing: boolean;
}

/**
 * The stations that wait at a message which the broker refuses: later messages of the station stay behind it, other
 * stations go on. The one message is tried again with back-off.
 */
export class HeldStations {
  readonly #held = new Map<string, HeldStation>();

  constructor(
    private readonly clock: Clock,
    private readonly retry: { readonly initialMs: number; readonly maxMs: number },
  ) {}

  has(station: string): boolean {
    return this.#held.has(station);
  }

  /** The station, if it is held at this very row. */
  heldAt({ station, position }: SentRow): HeldStation | undefined {
    const held = this.#held.get(station);
    return held?.position === position ? held : undefined;
  }

  refusals(): Refusal[] {
    return [...this.#held.values()].map(({ station, seq, text }) => ({ station, seq, text }));
  }

  hold({ station, position, seq }: SentRow, text: string, breaksConnection: boolean): void {
    const backoff = this.#held.get(station)?.backoff ?? new Backoff(this.retry);
    const retryAtMs = this.clock.monotonicMs() + backoff.next();
    this.#held.set(station, { station, seq, position, text, backoff, breaksConnection, retryAtMs, probing: false });
  }

  release(station: string): void {
    this.#held.delete(station);
  }

  clear(): void {
    this.#held.clear();
  }

  /** Takes note that the message is tried again; gives the station as it stands then. */
  probing(station: string): HeldStation | undefined {
    this.#change(station, { probing: true });
    return this.#held.get(station);
  }

  /** The message was not sent after all. */
  probed(station: string): void {
    this.#change(station, { probing: false });
  }

  /** Whether nothing has happened to the station since it was given out. */
  isCurrent(held: HeldStation): boolean {
    return this.#held.get(held.station) === held;
  }

  /** A new connection may be to a broker that was set right; what breaks connections waits its time all the same. */
  connected(): void {
    for (const { station, breaksConnection } of this.#held.values()) {
      if (!breaksConnection) this.#change(station, { retryAtMs: 0 });
    }
  }

  /** Takes note of the rows that a lost connection leaves to be sent again; gives those of stations that go on. */
  connectionLost(rows: readonly SentRow[]): SentRow[] {
    for (const { station, probing, breaksConnection, backoff } of this.#held.values()) {
      if (!probing) continue;
      const retry = breaksConnection ? { retryAtMs: this.clock.monotonicMs() + backoff.next() } : {};
      this.#change(station, { probing: false, ...retry });
    }
    return rows.filter(({ station, position, seq }) => {
      const held = this.#held.get(station);
      if (held !== undefined && position < held.position) this.#change(station, { position, seq });
      return held === undefined;
    });
  }

  due(): HeldStation[] {
    const nowMs = this.clock.monotonicMs();
    return [...this.#held.values()].filter(({ probing, retryAtMs }) => !probing && retryAtMs <= nowMs);
  }

  /** Time until the next station is due; undefined where none waits for its time. */
  nextDueInMs(): number | undefined {
    const times = [...this.#held.values()].filter(({ probing }) => !probing).map(({ retryAtMs }) => retryAtMs);
    return times.length === 0 ? undefined : Math.max(1, Math.min(...times) - this.clock.monotonicMs());
  }

  #change(station: string, change: Partial<HeldStation>): void {
    const held = this.#held.get(station);
    if (held !== undefined) this.#held.set(station, { ...held, ...change });
  }
}
