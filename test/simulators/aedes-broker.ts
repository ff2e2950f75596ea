import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import { freePort } from './mosquitto.js';

/** A broker in this process that speaks MQTT 3.1.1 only. */
export class AedesBroker {
  #server: Server | undefined;
  #broker: Aedes | undefined;
  readonly #sockets = new Set<Socket>();

  private constructor(readonly port: number) {}

  static async onFreePort(): Promise<AedesBroker> {
    return new AedesBroker(await freePort());
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  async start(): Promise<void> {
    const broker = await Aedes.createBroker();
    const server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      broker.handle(socket);
    }).listen(this.port, '127.0.0.1');
    await once(server, 'listening');
    this.#broker = broker;
    this.#server = server;
  }

  async stop(): Promise<void> {
    const server = this.#server;
    const broker = this.#broker;
    this.#server = undefined;
    if (server === undefined || broker === undefined) return;
    const closed = once(server, 'close');
    server.close();
    await new Promise<void>((resolve) => broker.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}
