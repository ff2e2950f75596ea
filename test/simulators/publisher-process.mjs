// A publisher in a process of its own, to be killed: `node publisher-process.mjs URL [WILL_DELAY_SECONDS]`. Says `connected` on its output.
import { silentLogger } from '#jidoka/base/logger.js';
import { mqttSchema } from '#jidoka/config/schema/mqtt.js';
import { STATUS_SCHEMA } from '#jidoka/domain/state.js';
import { MqttPublisher } from '#jidoka/mqtt/publisher.js';

const identity = { gateway: 'line4', version: '0.1.0', startedAt: new Date().toISOString(), stations: ['bottle-neck'] };
const config = mqttSchema.parse({ url: process.argv[2], willDelaySeconds: Number(process.argv[3] ?? 0) });
const describe = () => ({ location: {}, stations: [] });
const publisher = new MqttPublisher({ config, baseTopic: 'plant/line4', identity, describe, logger: silentLogger });
publisher.onConnected(() => process.stdout.write('connected\n'));
publisher.announceStatus({
  schema: STATUS_SCHEMA,
  ...identity,
  state: 'online',
  at: identity.startedAt,
  health: 'ok',
  troubles: [],
  outboxRows: 0,
});
await publisher.start();
