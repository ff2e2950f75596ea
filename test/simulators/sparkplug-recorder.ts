import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket, connect as tcpConnect } from 'node:net';
import { type Packet, type Parser, parser } from 'mqtt-packet';

export type Side = 'edge' | 'broker';

interface Where {
  readonly at: number;
  /** Which of the scenario's servers, from 0. */
  readonly server: number;
  /** Counts the connections of a tape from 0. */
  readonly connection: number;
}

export type TapeEntry =
  | (Where & { readonly kind: 'opened' | 'closed' })
  | (Where & { readonly kind: 'packet'; readonly from: Side; readonly packet: Packet })
  | (Where & { readonly kind: 'bytes'; readonly from: Side; readonly bytes: Buffer })
  | { readonly kind: 'mark'; readonly at: number; readonly text: string; readonly device?: string };

/** All that went between the edge node and its brokers, in the order in which it passed. */
export class Tape {
  readonly entries: TapeEntry[] = [];
  #connections = 0;

  /** Writes down what the scenario does to the world beside the wire. */
  mark(text: string, device?: string): void {
    this.entries.push({ kind: 'mark', at: Date.now(), text, ...(device !== undefined && { device }) });
  }

  nextConnection(): number {
    this.#connections += 1;
    return this.#connections - 1;
  }
}

/** Nobody listens on it. */
const CLOSED_PORT = 1;

/** A TCP proxy before a broker that writes every packet of both directions on the tape and changes none. */
export class RecordingProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #refusing = false;

  private constructor(
    private readonly tape: Tape,
    private readonly index: number,
    private readonly brokerPort: number,
  ) {
    this.#server = createServer({ noDelay: true }, (socket) => this.#accept(socket));
  }

  /** @param index which of the edge node's servers this is */
  static async start(tape: Tape, index: number, brokerPort: number): Promise<RecordingProxy> {
    const proxy = new RecordingProxy(tape, index, brokerPort);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** While true, a CONNECT is taken and the connection closed: the edge node finds no broker, others do. */
  refuse(refusing: boolean): void {
    this.#refusing = refusing;
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  #accept(edge: Socket): void {
    const where = { server: this.index, connection: this.tape.nextConnection() };
    const note = (kind: 'opened' | 'closed'): void => {
      this.tape.entries.push({ kind, at: Date.now(), ...where });
    };
    const parsers: Record<Side, Parser> = { edge: parser(), broker: parser() };
    const record = (from: Side, bytes: Buffer): void => {
      this.tape.entries.push({ kind: 'bytes', at: Date.now(), ...where, from, bytes });
      parsers[from].parse(bytes);
    };
    const listen = (from: Side): void => {
      parsers[from].on('packet', (packet: Packet) => {
        this.tape.entries.push({ kind: 'packet', at: Date.now(), ...where, from, packet });
        if (packet.cmd !== 'connect') return;
        // What the broker answers can only be read in the version that the edge node asked for.
        parsers.broker = parser({ protocolVersion: packet.protocolVersion });
        listen('broker');
      });
      parsers[from].on('error', (error: Error) => edge.destroy(error));
    };
    listen('edge');
    note('opened');
    const broker = tcpConnect({
      port: this.#refusing ? CLOSED_PORT : this.brokerPort,
      host: '127.0.0.1',
      noDelay: true,
    });
    this.#pass('edge', edge, broker, record);
    this.#pass('broker', broker, edge, record);
    edge.on('close', () => note('closed'));
  }

  #pass(from: Side, source: Socket, target: Socket, record: (from: Side, bytes: Buffer) => void): void {
    this.#sockets.add(source);
    source.on('data', (bytes: Buffer) => {
      record(from, bytes);
      target.write(bytes);
    });
    source.on('end', () => target.end());
    // A broker that is away must not hide the CONNECT it would have got: the edge node speaks first.
    source.on('error', () => (from === 'broker' ? refuseAfterConnect(target) : undefined));
    source.on('close', () => {
      this.#sockets.delete(source);
      if (from === 'edge') target.destroy();
      else target.end();
    });
  }
}

function refuseAfterConnect(edge: Socket): void {
  if (edge.bytesRead > 0) edge.destroy();
  else edge.once('data', () => edge.destroy());
}
