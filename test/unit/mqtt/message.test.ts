import { once } from 'node:events';
import { createServer } from 'node:net';
import { connectAsync } from 'mqtt';
import { describe, expect, it } from 'vitest';
import { publishProperties } from '#jidoka/mqtt/client-options.js';
import { jsonProperties, type OutgoingMessage, publishPacketBytes } from '#jidoka/mqtt/message.js';

/** The bytes the client library really writes for a PUBLISH, seen by a server that only knows how to say CONNACK. */
async function bytesOnTheWire(version: 4 | 5, message: OutgoingMessage): Promise<number> {
  let resolve: (bytes: number) => void = () => undefined;
  const written = new Promise<number>((done) => {
    resolve = done;
  });
  const server = createServer((socket) => {
    let total = 0;
    socket.once('data', () => {
      socket.write(Buffer.from(version === 5 ? [0x20, 3, 0, 0, 0] : [0x20, 2, 0, 0]));
      socket.on('data', (chunk) => {
        total += chunk.length;
      });
      socket.on('close', () => resolve(total));
    });
    socket.on('error', () => undefined);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  const options = { host: '127.0.0.1', port: address.port, protocol: 'mqtt', reconnectPeriod: 0 } as const;
  const client = await connectAsync({ ...options, protocolVersion: version });
  const { topic, payload, qos = 1 } = message;
  const properties = version === 5 && message.properties && { properties: publishProperties(message.properties) };
  client.publish(topic, Buffer.from(payload), { qos, ...properties }, () => undefined);
  client.stream.end();
  const bytes = await written;
  client.end(true);
  server.close();
  return bytes;
}

describe('publishPacketBytes', () => {
  it.each([0, 60, 127, 128, 300, 16_380, 70_000])('agrees with what is sent, payload of %i bytes', async (size) => {
    const payload = new Uint8Array(size).fill(32);
    const properties = jsonProperties('s/1', { station: 'käfig', seq: '7' });
    const message = { topic: 'plant/é/inspection', payload, retain: false, properties };
    const rich = { ...properties, expirySeconds: 60, correlationData: Uint8Array.of(1, 2, 3) };
    const bare = { topic: 'a', payload, retain: false, qos: 0 as const };
    for (const sent of [message, { ...message, properties: rich }, bare]) {
      expect(await bytesOnTheWire(5, sent)).toBe(publishPacketBytes(sent, '5'));
      expect(await bytesOnTheWire(4, sent)).toBe(publishPacketBytes(sent, '3.1.1'));
    }
  });
});
