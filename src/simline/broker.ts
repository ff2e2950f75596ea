import { createServer, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import { LOOPBACK, listenNear } from './listen.js';

export interface Broker {
  readonly port: number;
  readonly url: string;
  stop(): Promise<void>;
}

/** An MQTT 3.1.1 broker in memory, on 127.0.0.1 only. Messages of sessions that are away are kept up to a limit. */
export async function startBroker(preferredPort: number): Promise<Broker> {
  const aedes = await Aedes.createBroker({ id: 'simulated-line', connectTimeout: 10_000, queueLimit: 1_000 });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    aedes.handle(socket);
  });
  const port = await listenNear(server, preferredPort);
  return {
    port,
    url: `mqtt://${LOOPBACK}:${port}`,
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      await new Promise<void>((resolve) => aedes.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
