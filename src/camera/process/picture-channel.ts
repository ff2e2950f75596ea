import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { ReaderReply, ReaderRequest, ReceivedPicture, StreamEnd, StreamOptions } from './reader-messages.js';

interface Stream {
  readonly life: number;
  readonly onPicture: (picture: ReceivedPicture) => void;
  readonly onEnd: (end: StreamEnd) => void;
}

/** One stream as the main thread sees it. */
export interface OpenStream {
  /** The end that the camera's program writes to; the caller destroys it once the program has it. */
  readonly writeEnd: Socket;
  /** Settles when the stream is read to its end. */
  readonly ended: Promise<StreamEnd>;
  /** Ends the reading where the program's end does not end it. */
  close(): void;
}

/**
 * Brings the pictures of one camera from its programs, one after the other, to the main thread: a thread that reads, and
 * a Unix socket in a folder of its own through which it gets at each program's output. A socket because its reader may
 * bring its own buffers, and because reading it can be ended at any time, which a blocking read of a pipe cannot.
 */
export class PictureChannel {
  readonly #worker: Worker;
  readonly #folder: string;
  readonly #server: Server;
  #stream: Stream | undefined;
  #failure: Error | undefined;

  private constructor(folder: string, server: Server) {
    this.#folder = folder;
    this.#server = server;
    this.#worker = new Worker(new URL('./reader-worker.js', import.meta.url), { name: 'camera-reader' });
    this.#worker.on('message', (reply: ReaderReply) => this.#take(reply));
    this.#worker.on('error', (error) => {
      this.#failure = error;
    });
    this.#worker.on('exit', () => {
      this.#failure ??= new Error('the thread that reads the pictures has ended');
      this.#finish({ fault: { kind: 'unreadable', text: this.#failure.message }, midway: false });
    });
  }

  static async open(): Promise<PictureChannel> {
    // Only this user gets at the socket: the folder is made with mode 0700.
    const folder = await mkdtemp(join(tmpdir(), 'jidoka-camera-'));
    const server = createServer({ pauseOnConnect: true });
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(join(folder, 'pictures'), resolve);
      });
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
    return new PictureChannel(folder, server);
  }

  /** The thread has ended by an error: this channel is of no use any more. */
  get broken(): boolean {
    return this.#failure !== undefined;
  }

  /** Begins the stream of a life; there is one at a time. Rejects when the thread ends before it is connected. */
  async stream(
    life: number,
    options: Omit<StreamOptions, 'path'>,
    onPicture: (picture: ReceivedPicture) => void,
  ): Promise<OpenStream> {
    if (this.#failure !== undefined) throw this.#failure;
    const connected = new Promise<Socket>((resolve) => this.#server.once('connection', resolve));
    const ended = new Promise<StreamEnd>((resolve) => {
      this.#stream = { life, onPicture, onEnd: resolve };
    });
    this.#request({ kind: 'connect', life, options: { ...options, path: join(this.#folder, 'pictures') } });
    const writeEnd = await Promise.race([connected, ended]);
    if ('midway' in writeEnd) throw new Error(writeEnd.fault?.text ?? 'the stream ended before it began');
    return { writeEnd, ended, close: () => this.#request({ kind: 'disconnect', life }) };
  }

  async close(): Promise<void> {
    this.#server.close();
    await this.#worker.terminate();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #request(request: ReaderRequest): void {
    this.#worker.postMessage(request);
  }

  #take(reply: ReaderReply): void {
    if (reply.life !== this.#stream?.life) return;
    if (reply.kind === 'ended') this.#finish(reply.end);
    else {
      this.#request({ kind: 'taken', life: reply.life });
      this.#stream.onPicture(reply.picture);
    }
  }

  #finish(end: StreamEnd): void {
    const stream = this.#stream;
    this.#stream = undefined;
    stream?.onEnd(end);
  }
}
