import { silentLogger } from '#jidoka/base/logger.js';
import { type MqttConfig, mqttSchema } from '#jidoka/config/schema/connections.js';
import type { MqttPublisherOptions } from '#jidoka/mqtt/publisher.js';

/** Options for a publisher in a test: the config's own defaults, and short waits. */
export function publisherOptions(
  url: string,
  config: Partial<MqttConfig> = {},
  options: Partial<MqttPublisherOptions> = {},
): MqttPublisherOptions {
  return {
    config: { ...mqttSchema.parse({ url, baseTopic: 'plant/line4', reconnectMaxMs: 300 }), ...config },
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
