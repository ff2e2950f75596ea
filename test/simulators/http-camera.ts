import { type AddressInfo, createServer, type Socket } from 'node:net';
import sharp from 'sharp';

/** A JPEG of one grey; each number gives another picture. */
export async function jpegOf(number = 0, width = 64, height = 48): Promise<Buffer> {
  const background = { r: (number * 40) % 256, g: 90, b: 120 };
  return sharp({ create: { width, height, channels: 3, background } })
    .jpeg()
    .toBuffer();
}

export interface Asked {
  /** The request line. */
  readonly line: string;
  /** By name in small letters. */
  readonly headers: Readonly<Record<string, string>>;
  /** From 1, over all connections. */
  readonly count: number;
}

/**
 * A network camera made of a bare socket, so that every byte of its answers is the test's: `answer` is called with each
 * request and writes to the socket what it likes. Requests without bodies only.
 */
export class BareCamera {
  readonly requests: Asked[] = [];
  readonly sockets = new Set<Socket>();
  #connections = 0;
  readonly #server;

  private constructor(answer: (socket: Socket, asked: Asked) => void | Promise<void>) {
    this.#server = createServer((socket) => {
      this.#connections += 1;
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
      socket.on('error', () => undefined);
      let text = '';
      socket.setEncoding('latin1').on('data', (chunk: unknown) => {
        text += String(chunk);
        for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
          const asked = parse(text.slice(0, end), this.requests.length + 1);
          text = text.slice(end + 4);
          this.requests.push(asked);
          void answer(socket, asked);
        }
      });
    });
  }

  static async start(answer: (socket: Socket, asked: Asked) => void | Promise<void>, port = 0): Promise<BareCamera> {
    const camera = new BareCamera(answer);
    await new Promise<void>((resolve, reject) => {
      camera.#server.once('error', reject).listen(port, '127.0.0.1', resolve);
    });
    return camera;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/picture`;
  }

  /** Connections that were ever made. */
  get connections(): number {
    return this.#connections;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** A whole answer with a length. */
export function answerOf(body: Uint8Array | string, type = 'image/jpeg', status = '200 OK', headers = ''): Buffer {
  const bytes = Buffer.from(body);
  const head = `HTTP/1.1 ${status}\r\nContent-Type: ${type}\r\nContent-Length: ${bytes.length}\r\n${headers}\r\n`;
  return Buffer.concat([Buffer.from(head), bytes]);
}

/** The head of an MJPEG stream. */
export const STREAM_HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=frame\r\n\r\n';

/** One part of an MJPEG stream as it should be. */
export function partOf(jpeg: Uint8Array): Buffer {
  const head = `--frame\r\nContent-Type: image/jpeg\r\nContent-Length: ${jpeg.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), jpeg, Buffer.from('\r\n')]);
}

function parse(text: string, count: number): Asked {
  const [line = '', ...rest] = text.split('\r\n');
  const headers = rest.map((header) => [
    header.slice(0, header.indexOf(':')).toLowerCase(),
    header.slice(header.indexOf(':') + 1).trim(),
  ]);
  return { line, headers: Object.fromEntries(headers) as Record<string, string>, count };
}
