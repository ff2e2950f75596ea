import { once } from 'node:events';
import { createServer, type Server, type Socket, connect as tcpConnect } from 'node:net';
import { Transform } from 'node:stream';

/** A stretch of network between the agent and its broker that can be cut, frozen and made slow. */
export class FlakyProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #held: Array<() => void> = [];
  #open = true;
  #frozen = false;
  delayMs = 0;

  private constructor(private readonly targetPort: number) {
    this.#server = createServer((socket) => this.#accept(socket));
  }

  static async start(targetPort: number): Promise<FlakyProxy> {
    const proxy = new FlakyProxy(targetPort);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('no TCP address');
    return `mqtt://127.0.0.1:${address.port}`;
  }

  get connections(): number {
    return this.#sockets.size / 2;
  }

  /** Breaks every connection, with what is on its way in them, and lets none be made until `open`. */
  cut(): void {
    this.#open = false;
    for (const socket of this.#sockets) socket.destroy();
    this.thaw();
  }

  open(): void {
    this.#open = true;
  }

  /** Nothing gets through until `thaw`, and nobody is told. */
  freeze(): void {
    this.#frozen = true;
  }

  thaw(): void {
    this.#frozen = false;
    for (const pass of this.#held.splice(0)) pass();
  }

  async stop(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(near: Socket): void {
    if (!this.#open) {
      near.destroy();
      return;
    }
    const far = tcpConnect(this.targetPort, '127.0.0.1');
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    near.pipe(this.#stretch()).pipe(far);
    far.pipe(this.#stretch()).pipe(near);
  }

  #stretch(): Transform {
    return new Transform({
      transform: (chunk: Buffer, _encoding, pass) => {
        const go = (): void => pass(null, chunk);
        if (this.#frozen) this.#held.push(go);
        else if (this.delayMs > 0) setTimeout(go, this.delayMs);
        else go();
      },
    });
  }
}
