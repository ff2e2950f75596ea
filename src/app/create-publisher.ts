import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/logger.js';
import { clientIdOf } from '../config/client-id.js';
import type { Config } from '../config/schema/index.js';
import type { DestinationConfig } from '../config/schema/mqtt.js';
import type { StationConfig } from '../config/schema/station.js';
import { JsonCommands } from '../mqtt/commands.js';
import { type GatewayIdentity, MqttPublisher, type MqttPublisherOptions } from '../mqtt/publisher.js';
import type { DeviceDescription } from '../mqtt/sparkplug/device-metrics.js';
import { SparkplugPublisher } from '../mqtt/sparkplug/sparkplug-publisher.js';
import { baseTopic } from '../mqtt/topics.js';
import type { Commands } from '../ports/commands.js';
import type { Outbox } from '../ports/ledger.js';
import type { Publisher } from '../ports/publisher.js';
import { cameraPlace, serverPlace } from './health.js';
import { lastBdSeqIn } from './last-bd-seq.js';

export interface PublisherParts {
  readonly config: Config;
  /** `MAIN_DESTINATION`, or the name of a further one. */
  readonly name: string;
  readonly destination: DestinationConfig;
  /** The secret that `destination.password` refers to, resolved. */
  readonly password?: string;
  readonly identity: GatewayIdentity;
  /** What the gateway says of itself where the profile has a place for it. */
  readonly describe: MqttPublisherOptions['describe'];
  readonly outbox: Pick<Outbox, 'shed'>;
  readonly commands: Commands;
  readonly stateDirectory: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The publisher of one destination, by its profile. */
export function createPublisher(parts: PublisherParts): Publisher {
  const { config, name, destination, password, identity, describe, outbox, commands, stateDirectory, clock, logger } =
    parts;
  const { password: _, baseTopic: __, ...connection } = destination;
  const clientId = clientIdOf(config.gateway.name, name, destination.clientId);
  const common = {
    config: { ...connection, clientId },
    ...(password !== undefined && { password }),
    identity,
    clock,
    logger,
  };
  if (destination.profile === 'json' || destination.sparkplug === undefined) {
    const base = baseTopic(config.gateway, destination);
    const { stations } = identity;
    const listener =
      destination.commands.length === 0
        ? undefined
        : new JsonCommands({
            destination: name,
            baseTopic: base,
            stations,
            allowed: destination.commands,
            commands,
            clock,
            logger,
          });
    return new MqttPublisher({
      ...common,
      baseTopic: base,
      describe,
      ...(listener !== undefined && { commands: listener }),
    });
  }
  return new SparkplugPublisher({
    ...common,
    sparkplug: destination.sparkplug,
    destination: name,
    devices: config.stations.map((station) => deviceDescription(station, Object.keys(config.opcua))),
    shed: () => outbox.shed(),
    commands,
    lastBdSeq: lastBdSeqIn(stateDirectory, name),
  });
}

/** What hosts are told of a station by its config. */
function deviceDescription(station: StationConfig, servers: readonly string[]): DeviceDescription {
  const { name, sensors, trigger, output, verdict, recipes } = station;
  const rules = [...Object.values(recipes).flatMap((recipe) => recipe.verdict ?? []), verdict];
  const used = [
    ...sensors.map(({ connection }) => connection),
    ...(trigger.kind === 'tag' ? [trigger.connection] : []),
    ...(output.plc === undefined ? [] : [output.plc.connection]),
  ];
  // A connection without a name is the only one there is.
  const connections = new Set(used.flatMap((connection) => connection ?? servers[0] ?? []));
  return {
    name,
    sensors: sensors.map(({ name: sensor, unit }) => ({ name: sensor, ...(unit !== undefined && { unit }) })),
    goodThreshold: verdict.minimumPassConfidence ?? null,
    thresholds: Object.fromEntries(
      rules.flatMap(({ classes }) => Object.entries(classes).map(([label, rule]) => [label, rule.threshold])),
    ),
    ...(Object.keys(recipes).length > 0 && { recipe: station.defaultRecipe ?? '' }),
    camera: cameraPlace(name),
    plcs: [...connections].map(serverPlace),
  };
}
