import { silentLogger } from '#jidoka/base/logger.js';
import { type DestinationConfig, mqttSchema } from '#jidoka/config/schema/mqtt.js';
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
    logger: silentLogger,
    ...options,
  };
}

function withoutSecret({ password: _, baseTopic: __, ...config }: DestinationConfig): ConnectionConfig {
  return config;
}
