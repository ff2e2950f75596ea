import { once } from 'node:events';
import { createServer, type Server, type Socket, connect as tcpConnect } from 'node:net';

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
  /** What is held back of either direction while frozen. */
  readonly held: { readonly to: Socket; readonly bytes: Buffer }[];
  /** Bytes of the server's present message that are still to come. */
  rest: number;
}

const HEADER = 8;

/** A stretch of network between a client and an OPC UA server that can be cut, also inside a message, frozen and half closed. */
export class OpcuaProxy {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #open = true;
  #frozen = false;
  #cutInside: (() => void) | undefined;

  private constructor(private readonly targetPort: number) {
    this.#server = createServer((socket) => this.#accept(socket));
  }

  static async start(targetPort: number): Promise<OpcuaProxy> {
    const proxy = new OpcuaProxy(targetPort);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('no TCP address');
    return address.port;
  }

  get connections(): number {
    return this.#pairs.size;
  }

  /**
   * Breaks every connection half-way through the next message of the server, without a word to either side but the
   * end of the socket. Resolves once that has happened.
   */
  async cutInsideMessage(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#cutInside = resolve;
    });
  }

  /** Breaks every connection and lets none be made until `open`. */
  cut(): void {
    this.#open = false;
    this.#breakAll();
  }

  open(): void {
    this.#open = true;
  }

  /** Nothing gets through until `thaw`, and nobody is told. */
  freeze(): void {
    this.#frozen = true;
  }

  /** Forgets what was held back and breaks the frozen connections, as a switch that was restarted. */
  breakFrozen(): void {
    this.#frozen = false;
    this.#breakAll();
  }

  thaw(): void {
    this.#frozen = false;
    for (const { held } of this.#pairs) for (const { to, bytes } of held.splice(0)) to.write(bytes);
  }

  /** Ends the way from the server to the client, and leaves the other open. */
  halfClose(): void {
    for (const { near } of this.#pairs) near.end();
  }

  async stop(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #breakAll(): void {
    for (const { near, far } of this.#pairs) {
      near.destroy();
      far.destroy();
    }
    this.#pairs.clear();
  }

  #accept(near: Socket): void {
    if (!this.#open) {
      near.destroy();
      return;
    }
    const far = tcpConnect({ port: this.targetPort, host: '127.0.0.1', allowHalfOpen: true });
    const pair: Pair = { near, far, held: [], rest: 0 };
    this.#pairs.add(pair);
    for (const socket of [near, far]) {
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#pairs.delete(pair);
        near.destroy();
        far.destroy();
      });
    }
    near.on('data', (bytes: Buffer) => this.#pass(pair, far, bytes));
    far.on('data', (bytes: Buffer) => this.#fromServer(pair, bytes));
    far.on('end', () => near.end());
  }

  #pass(pair: Pair, to: Socket, bytes: Buffer): void {
    if (this.#frozen) pair.held.push({ to, bytes });
    else to.write(bytes);
  }

  #fromServer(pair: Pair, bytes: Buffer): void {
    const cut = this.#cutInside;
    const starts = pair.rest === 0 && bytes.length > HEADER && bytes.toString('latin1', 0, 3) === 'MSG';
    if (cut !== undefined && starts) {
      this.#cutInside = undefined;
      this.#open = false;
      pair.near.write(bytes.subarray(0, Math.min(bytes.length, bytes.readUInt32LE(4)) - 5), () => {
        this.#breakAll();
        cut();
      });
      return;
    }
    this.#follow(pair, bytes);
    this.#pass(pair, pair.near, bytes);
  }

  /** Keeps account of where the server's messages begin: each says its length at its fourth byte. */
  #follow(pair: Pair, bytes: Buffer): void {
    let at = pair.rest;
    while (at < bytes.length && at + HEADER <= bytes.length) at += bytes.readUInt32LE(at + 4);
    pair.rest = Math.max(0, at - bytes.length);
  }
}
