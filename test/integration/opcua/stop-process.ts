import { silentLogger } from '#jidoka/base/logger.js';
import { opcuaConnectionSchema } from '#jidoka/config/schema/connections.js';
import { sensorSchema } from '#jidoka/config/schema/station.js';
import { OpcuaConnection } from '#jidoka/opcua/connection.js';
import { OpcuaSensorSource } from '#jidoka/opcua/sensor-source.js';

// Run as a process of its own: it ends by itself only if nothing is left running after the stop.
const [endpoint = '', pkiFolder = '', state = ''] = process.argv.slice(2);
const connection = new OpcuaConnection({
  name: 'plc',
  config: opcuaConnectionSchema.parse({ endpoint, publishingIntervalMs: 50, lostAfterMs: 1000, reconnectMaxMs: 500 }),
  pkiFolder,
  logger: silentLogger,
});
const source = new OpcuaSensorSource({
  sensors: [sensorSchema.parse({ name: 'a', nodeId: 'ns=1;s=temperature' })],
  connections: new Map([['plc', connection]]),
});
await source.start(new AbortController().signal);
await connection.start();
while (connection.status().state !== state) await new Promise((resolve) => setTimeout(resolve, 20));
await source.stop();
await connection.stop();
