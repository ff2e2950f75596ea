import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { messageOf } from '../base/errors.js';
import { visionErrors } from './errors.js';
import {
  type ModelOutput,
  type ProviderChoice,
  reviveError,
  type WorkerReply,
  type WorkerRequest,
  type WorkerSetup,
} from './worker-protocol.js';

export interface Inference extends ModelOutput {
  readonly inferenceMs: number;
}

interface Waiting<T> {
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
}

/** The main thread's side of one worker thread. It runs one inference at a time; the pool sees to that. */
export class InferenceWorker {
  readonly #onLost: (worker: InferenceWorker) => void;
  #thread: Worker | undefined;
  #exited: Promise<unknown> = Promise.resolve();
  #opening: Waiting<ProviderChoice> | undefined;
  #inference: Waiting<Inference> | undefined;
  readonly #pings = new Map<number, () => void>();
  #nextPing = 0;
  #ready = false;
  #stopping = false;

  /** @param onLost called when a thread that was ready ends without having been asked to */
  constructor(onLost: (worker: InferenceWorker) => void) {
    this.#onLost = onLost;
  }

  /** Starts the thread; resolves when the model is loaded and warm. The setup is not kept: its pictures are many. */
  async start(setup: WorkerSetup): Promise<ProviderChoice> {
    const thread = new Worker(new URL('./worker.js', import.meta.url), { workerData: setup, name: 'inference' });
    this.#thread = thread;
    this.#exited = once(thread, 'exit').catch(() => undefined);
    let failure = 'it ended without an error';
    thread.on('error', (error) => {
      failure = messageOf(error);
    });
    thread.on('exit', () => this.#ended(failure));
    thread.on('message', (reply: WorkerReply) => this.#receive(reply));
    return new Promise((resolve, reject) => {
      this.#opening = { resolve, reject };
    });
  }

  /**
   * @param pixels move to the thread: their buffer is detached
   * @param map whether the class-activation map is wanted too
   */
  infer(pixels: Uint8Array<ArrayBuffer>, map: boolean): Promise<Inference> {
    return new Promise((resolve, reject) => {
      if (this.#thread === undefined || this.#stopping) return reject(visionErrors.INFERENCE_STOPPED());
      this.#inference = { resolve, reject };
      this.#thread.postMessage({ kind: 'infer', pixels, map } satisfies WorkerRequest, [pixels.buffer]);
    });
  }

  /** Resolves when the thread answers; never when it hangs. */
  ping(): Promise<void> {
    return new Promise((resolve) => {
      this.#nextPing += 1;
      this.#pings.set(this.#nextPing, resolve);
      this.#thread?.postMessage({ kind: 'ping', id: this.#nextPing } satisfies WorkerRequest);
    });
  }

  /**
   * Asks the thread to release the model and to end; resolves when it has. A thread that computes ends after its run,
   * and one that hangs never does: it is left alone, since ending it by force would abort the process.
   */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#thread?.postMessage({ kind: 'stop' } satisfies WorkerRequest);
    await this.#exited;
  }

  /** Gives up on a thread that hangs: who waits for it is told, and it no longer keeps the process alive. */
  abandon(): void {
    this.#thread?.unref();
    this.#inference?.reject(visionErrors.INFERENCE_STOPPED({ got: 'a run that did not end' }));
    this.#inference = undefined;
  }

  #receive(reply: WorkerReply): void {
    switch (reply.kind) {
      case 'ready':
        this.#ready = true;
        this.#opening?.resolve({ provider: reply.provider, fallbacks: reply.fallbacks });
        break;
      case 'unusable':
        this.#opening?.reject(reviveError(reply.error));
        break;
      case 'scores': {
        const { kind: _, ...inference } = reply;
        this.#settle((waiting) => waiting.resolve(inference));
        break;
      }
      case 'failed':
        this.#settle((waiting) => waiting.reject(reviveError(reply.error)));
        break;
      case 'pong':
        this.#pings.get(reply.id)?.();
        this.#pings.delete(reply.id);
        break;
    }
  }

  #settle(how: (waiting: Waiting<Inference>) => void): void {
    const waiting = this.#inference;
    this.#inference = undefined;
    if (waiting !== undefined) how(waiting);
  }

  #ended(failure: string): void {
    this.#thread = undefined;
    this.#pings.clear();
    const lost = (): Error => visionErrors.INFERENCE_WORKER_LOST({ got: failure });
    this.#opening?.reject(lost());
    if (this.#ready && !this.#stopping) this.#onLost(this);
    this.#settle((waiting) => waiting.reject(lost()));
  }
}
