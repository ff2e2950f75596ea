import type { StationState, StatusMessage } from '../domain/state.js';
import type { Deliverer } from '../pipeline/deliver.js';
import type { Publisher } from '../ports/publisher.js';
import type { HealthSource } from './health.js';

/** One place that gets every message: a publisher, and the delivery that drains its account of the outbox into it. */
export interface Destination {
  /** Its account in the outbox. */
  readonly name: string;
  /** The one that `mqtt` configures: messages to people speak of it as the broker. */
  readonly main: boolean;
  readonly publisher: Publisher;
  readonly deliverer: Pick<Deliverer, 'start' | 'stop' | 'status'>;
}

/** All destinations as the agent sees them. They share nothing, so that one that is away does not hold up the others. */
export class Destinations {
  constructor(private readonly all: readonly Destination[]) {}

  /** @throws JidokaError (config) for a certificate or key that cannot be used. */
  async start(): Promise<void> {
    await Promise.all(this.all.map(({ publisher }) => publisher.start()));
    await Promise.all(this.all.map(({ deliverer }) => deliverer.start()));
  }

  /** Each drains for at most `drainMs`, then says goodbye. Rejects with the first failure when all have ended. */
  async stop(drainMs: number): Promise<void> {
    const outcomes = await Promise.allSettled(
      this.all.map(async ({ deliverer, publisher }) => {
        await deliverer.stop(drainMs).finally(() => publisher.stop(drainMs));
      }),
    );
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  /** Everything is announced anew to one destination; false where there is none of that name. */
  rebirth(name: string): boolean {
    const destination = this.all.find((one) => one.name === name);
    destination?.publisher.rebirth();
    return destination !== undefined;
  }

  announceStatus(status: StatusMessage): void {
    for (const { publisher } of this.all) publisher.announceStatus(status);
  }

  announceState(state: StationState): void {
    for (const { publisher } of this.all) publisher.announceState(state);
  }

  /** What the status message says of each. */
  summary(
    waiting: (destination: string) => number,
    shed: (destination: string) => number,
  ): NonNullable<StatusMessage['destinations']> {
    return Object.fromEntries(
      this.all.map(({ name, publisher }) => [
        name,
        { connected: publisher.status().state === 'connected', waiting: waiting(name), shed: shed(name) },
      ]),
    );
  }

  get health(): readonly HealthSource[] {
    return this.all.flatMap(({ name, main, publisher, deliverer }) => [
      {
        where: main ? 'broker' : `broker ${name}`,
        trouble: () => {
          const { state, text, warning } = publisher.status();
          return state === 'disconnected' ? text : warning;
        },
      },
      {
        where: main ? 'delivery' : `delivery to ${name}`,
        trouble: () =>
          ['refused', 'failing'].includes(deliverer.status().state) ? deliverer.status().text : undefined,
      },
    ]);
  }
}
