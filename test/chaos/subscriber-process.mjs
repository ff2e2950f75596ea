// A consumer in a process of its own that shares no code with the agent: `node subscriber-process.mjs URL FILTER FILE`.
// It writes each message into FILE before it acknowledges it, and says `up` and `down` on its output.
import { appendFileSync } from 'node:fs';
import { connect } from 'mqtt';

const [url = '', filter = '', file = ''] = process.argv.slice(2);
const client = connect(url, {
  clientId: 'chaos-consumer',
  protocolVersion: 5,
  clean: false,
  properties: { sessionExpiryInterval: 3600, receiveMaximum: 65_535 },
  reconnectPeriod: 20,
  connectTimeout: 2000,
});
client.on('message', (topic, payload) => appendFileSync(file, `${topic} ${payload}\n`));
client.on('connect', async () => {
  await client.subscribeAsync(filter, { qos: 1 });
  process.stdout.write('up\n');
});
client.on('close', () => process.stdout.write('down\n'));
client.on('error', () => undefined);
