import { Worker } from 'node:worker_threads';
import { messageOf } from '../base/errors.js';
import type { FromServer, ServerSettings, ToServer } from './protocol.js';

/** More than this the server may not use: a client that asks for everything at once ends the thread, not the agent. */
const MAX_HEAP_MB = 512;
/** What the server may take to say good-bye to its clients. */
const STOP_MS = 3000;
/** Messages that the thread has not worked off yet; beyond it, it is behind. */
const MAX_UNTAKEN = 256;

export interface ServerThreadEvents {
  readonly onMessage: (message: FromServer) => void;
  /** The thread has ended without being asked to. */
  readonly onEnd: (reason: string) => void;
}

/**
 * The thread in which the OPC UA server lives, so that neither its start, which takes seconds, nor any client can hold
 * up the thread that parts pass through.
 */
export class ServerThread {
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  readonly #nowMs: () => number;
  #untaken = 0;
  #untakenSinceMs = 0;
  #stopping = false;

  constructor(settings: ServerSettings, events: ServerThreadEvents, nowMs: () => number) {
    this.#nowMs = nowMs;
    this.#worker = new Worker(new URL('./worker.js', import.meta.url), {
      workerData: settings,
      resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
    });
    let reason = 'the thread has ended';
    this.#worker.on('message', (message: FromServer) => {
      if (message.kind === 'taken') this.#taken(message.messages);
      else events.onMessage(message);
    });
    this.#worker.on('error', (error) => {
      reason = messageOf(error);
    });
    this.#exited = new Promise((resolve) => {
      this.#worker.once('exit', () => {
        resolve();
        if (!this.#stopping) events.onEnd(reason);
      });
    });
  }

  /** False where the thread is too far behind to be told anything. */
  send(message: ToServer): boolean {
    if (this.#untaken >= MAX_UNTAKEN) return false;
    if (this.#untaken === 0) this.#untakenSinceMs = this.#nowMs();
    this.#untaken += 1;
    this.#worker.postMessage(message);
    return true;
  }

  /** For how long the thread has left messages lying, ms; 0 where it has taken all. */
  get silentMs(): number {
    return this.#untaken === 0 ? 0 : this.#nowMs() - this.#untakenSinceMs;
  }

  get behind(): boolean {
    return this.#untaken > 0;
  }

  /** Lets the server say good-bye; one that does not end in time is ended. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#worker.postMessage({ kind: 'stop' } satisfies ToServer);
    const timer = setTimeout(() => void this.#worker.terminate(), STOP_MS);
    await this.#exited;
    clearTimeout(timer);
  }

  /** Ends a thread that does not answer. */
  async kill(): Promise<void> {
    this.#stopping = true;
    await this.#worker.terminate();
  }

  #taken(messages: number): void {
    this.#untaken = Math.max(0, this.#untaken - messages);
    this.#untakenSinceMs = this.#nowMs();
  }
}
