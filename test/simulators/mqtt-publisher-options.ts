import { silentLogger } from '#jidoka/base/logger.js';
import { type DestinationConfig, mqttSchema } from '#jidoka/config/schema/mqtt.js';
import type { GatewayDescription, StationDescription } from '#jidoka/domain/discovery.js';
import type { ConnectionConfig } from '#jidoka/mqtt/options.js';
import type { MqttPublisherOptions } from '#jidoka/mqtt/publisher.js';

/** Options for a publisher in a test: the config's own defaults, and short waits. */
export function publisherOptions(
  url: string,
  config: Partial<ConnectionConfig> = {},
  options: Partial<MqttPublisherOptions> = {},
): MqttPublisherOptions {
  return {
    config: { ...withoutSecret(mqttSchema.parse({ url, reconnectMaxMs: 300 })), ...config },
    baseTopic: 'plant/line4',
    identity: {
      gateway: 'line4',
      version: '0.1.0',
      startedAt: '2026-11-23T09:00:00.000Z',
      stations: ['bottle-neck'],
    },
    describe: () => exampleDescription(),
    logger: silentLogger,
    ...options,
  };
}

function withoutSecret({ password: _, baseTopic: __, ...config }: DestinationConfig): ConnectionConfig {
  return config;
}

/** Where the gateway of the tests stands and what it inspects. */
export function exampleDescription(change: Partial<StationDescription> = {}): GatewayDescription {
  return {
    location: { enterprise: 'plant', line: 'line4' },
    stations: [
      {
        name: 'bottle-neck',
        camera: 'directory',
        trigger: 'frame',
        model: { name: 'bottle-neck', version: '1.2.0', labels: ['good', 'chipped'], goodLabel: 'good' },
        sensors: [
          { name: 'temperature', unit: '°C', min: 60, max: 80, required: true },
          { name: 'pressure', unit: 'bar', required: true },
        ],
        ...change,
      },
    ],
  };
}
