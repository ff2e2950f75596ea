import type { DestinationConfig } from '../config/schema/mqtt.js';
import { DISCOVERY_SCHEMA, type DiscoveryMessage, type GatewayDescription } from '../domain/discovery.js';
import { payloadForms } from './payload-schemas.js';
import { topicsOf } from './topic-catalogue.js';

/** Hosted brokers commonly take 128 KiB and more in one message; the schemas are left out where it would be larger. */
const MAX_BYTES = 120_000;

export interface DiscoveryFacts {
  readonly gateway: string;
  readonly version: string;
  readonly baseTopic: string;
  readonly config: Pick<DestinationConfig, 'failsFirst' | 'commands'>;
  readonly description: GatewayDescription;
}

/** What an engineer who subscribes to `#` needs to understand the rest. */
export function discoveryMessage({
  gateway,
  version,
  baseTopic,
  config,
  description,
}: DiscoveryFacts): DiscoveryMessage {
  const { location, stations } = description;
  const names = stations.map(({ name }) => name);
  const topics = topicsOf(baseTopic, names, config);
  const message = { schema: DISCOVERY_SCHEMA, gateway, version, baseTopic, location, topics, stations } as const;
  const used = new Set(topics.map(({ schemaId }) => schemaId));
  const schemas = Object.fromEntries(
    payloadForms().flatMap(({ id, jsonSchema }) => (used.has(id) ? [[id, jsonSchema] as const] : [])),
  );
  const whole = { ...message, schemas };
  return Buffer.byteLength(JSON.stringify(whole)) <= MAX_BYTES ? whole : message;
}
