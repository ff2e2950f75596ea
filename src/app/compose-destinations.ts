import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/logger.js';
import { clientIdOf } from '../config/client-id.js';
import type { SecretReference } from '../config/schema/common.js';
import type { Config } from '../config/schema/index.js';
import { type DestinationConfig, MAIN_DESTINATION } from '../config/schema/mqtt.js';
import { type GatewayIdentity, MqttPublisher } from '../mqtt/publisher.js';
import { baseTopic } from '../mqtt/topics.js';
import { Deliverer } from '../pipeline/deliver.js';
import type { Outbox } from '../ports/ledger.js';
import type { Publisher } from '../ports/publisher.js';
import type { Destination } from './destinations.js';

export interface DestinationParts {
  readonly config: Config;
  readonly identity: GatewayIdentity;
  readonly outbox: Outbox;
  readonly secret: (reference: SecretReference) => Promise<string>;
  readonly clock: Clock;
  readonly logger: Logger;
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
  const publisher = await createPublisher(name, config, { ...parts, logger });
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

/** The one place that knows which publisher speaks which profile. */
async function createPublisher(name: string, config: DestinationConfig, parts: DestinationParts): Promise<Publisher> {
  const { identity, clock, logger } = parts;
  const { gateway } = parts.config;
  const { password, baseTopic: _, ...rest } = config;
  const common = {
    config: { ...rest, clientId: clientIdOf(gateway.name, name, config.clientId) },
    ...(password !== undefined && { password: await parts.secret(password) }),
    identity,
    clock,
    logger,
  };
  switch (config.profile) {
    case 'json':
      return new MqttPublisher({ ...common, baseTopic: baseTopic(gateway, config) });
    case 'sparkplug':
      throw new Error(`destination ${name}: this build has no publisher for the profile sparkplug`);
  }
}
