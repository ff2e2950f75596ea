import type { SecretReference } from '../config/schema/common.js';
import type { Config } from '../config/schema/index.js';
import { type DestinationConfig, MAIN_DESTINATION } from '../config/schema/mqtt.js';
import { Deliverer } from '../pipeline/deliver.js';
import type { Outbox } from '../ports/ledger.js';
import { createPublisher, type PublisherParts } from './create-publisher.js';
import type { Destination } from './destinations.js';

export interface DestinationParts extends Omit<PublisherParts, 'name' | 'destination' | 'password' | 'outbox'> {
  readonly outbox: Outbox;
  readonly secret: (reference: SecretReference) => Promise<string>;
}

/** The names of all destinations, the main one first: the accounts of the outbox. */
export function destinationNames(config: Config): readonly string[] {
  return [MAIN_DESTINATION, ...Object.keys(config.destinations)];
}

/**
 * `mqtt` and each of `destinations`, with a publisher and a delivery of its own.
 * @throws JidokaError (config) for a secret that cannot be read.
 */
export function composeDestinations(parts: DestinationParts): Promise<readonly Destination[]> {
  const { config } = parts;
  const all = [[MAIN_DESTINATION, config.mqtt] as const, ...Object.entries(config.destinations)];
  return Promise.all(all.map(([name, destination]) => compose(name, destination, parts)));
}

async function compose(name: string, config: DestinationConfig, parts: DestinationParts): Promise<Destination> {
  const main = name === MAIN_DESTINATION;
  const logger = main ? parts.logger : parts.logger.child({ destination: name });
  const { password } = config;
  const publisher = createPublisher({
    ...parts,
    logger,
    name,
    destination: config,
    ...(password !== undefined && { password: await parts.secret(password) }),
  });
  const deliverer = new Deliverer({
    destination: name,
    outbox: parts.outbox,
    publisher,
    drainPerSecond: config.drainPerSecond,
    failsFirst: config.failsFirst,
    logger,
    clock: parts.clock,
  });
  return { name, main, publisher, deliverer };
}
