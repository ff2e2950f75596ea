import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import { freePort } from './mosquitto.js';

/** A broker in this process that speaks MQTT 3.1.1 only. */
export class AedesBroker {
  #server: Server | undefined;
  #broker: Aedes | undefined;
  /** What was taken before it was acknowledged, in order, over all its lives: this broker forgets nothing. */
  readonly taken: { readonly topic: string; readonly text: string }[] = [];
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
    broker.on('publish', ({ topic, payload }, client) => {
      if (client !== null) this.taken.push({ topic, text: payload.toString() });
    });
    const server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      broker.handle(socket);
    }).listen(this.port, '127.0.0.1');
    await once(server, 'listening');
    this.#broker = broker;
    this.#server = server;
  }

  /** Cuts every connection at once, acknowledgements on their way included, and is gone. */
  async kill(): Promise<void> {
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await this.stop();
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
