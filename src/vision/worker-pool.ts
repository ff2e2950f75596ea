import { messageOf } from '../base/errors.js';
import { withTimeout } from '../base/lifecycle.js';
import type { Logger } from '../base/logger.js';
import { visionErrors } from './errors.js';
import { exclusively, runsAlone } from './exclusive-providers.js';
import type { GoldenSet } from './golden-check.js';
import { type Inference, InferenceWorker } from './inference-worker.js';
import type { ProviderChoice, WorkerSetup } from './worker-protocol.js';

interface Claim {
  readonly resolve: (worker: InferenceWorker) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Worker threads that run the same model, handed out one at a time, first come, first served. A thread that ends by
 * itself is replaced by a new one.
 */
export class WorkerPool {
  readonly #setup: WorkerSetup;
  readonly #wanted: number;
  readonly #logger: Logger;
  readonly #workers = new Set<InferenceWorker>();
  readonly #idle: InferenceWorker[] = [];
  readonly #claims: Claim[] = [];
  #provider: string | undefined;
  #replacing = 0;
  #stopping = false;

  constructor(setup: WorkerSetup, workers: number, logger: Logger) {
    this.#setup = setup;
    this.#wanted = workers;
    this.#logger = logger;
  }

  get size(): number {
    return this.#workers.size;
  }

  /**
   * The first worker chooses the provider, the others take the same. A provider that must not run in two threads at
   * once gets one worker.
   * @param golden what a provider must reproduce to be chosen; the others load the same bytes with the same provider
   */
  async start(golden?: GoldenSet): Promise<ProviderChoice> {
    const choice = await this.#add(this.#setup.providers, golden);
    this.#provider = choice.provider;
    const others = runsAlone(choice.provider) ? 0 : this.#wanted - 1;
    const started = await Promise.allSettled(Array.from({ length: others }, () => this.#add([choice.provider])));
    const failed = started.find((result) => result.status === 'rejected');
    if (failed !== undefined) {
      this.#stopping = true;
      await this.#stopAll();
      throw failed.reason;
    }
    return choice;
  }

  /** Takes a worker for one inference; `infer` with it gives it back. */
  claim(): Promise<InferenceWorker> {
    const worker = this.#idle.shift();
    if (worker !== undefined) return Promise.resolve(worker);
    if (this.#workers.size === 0 && this.#replacing === 0) {
      return Promise.reject(visionErrors.INFERENCE_WORKER_LOST({ got: 'no thread that runs the model' }));
    }
    return new Promise((resolve, reject) => this.#claims.push({ resolve, reject }));
  }

  async infer(worker: InferenceWorker, pixels: Uint8Array<ArrayBuffer>, map: boolean): Promise<Inference> {
    try {
      return await exclusively([this.#provider ?? ''], () => worker.infer(pixels, map));
    } finally {
      if (this.#workers.has(worker)) this.#give(worker);
    }
  }

  /** Resolves true when every worker answers in time and none is missing. */
  async alive(timeoutMs: number): Promise<boolean> {
    if (this.#workers.size === 0 || this.#replacing > 0) return false;
    const answers = Promise.all([...this.#workers].map((worker) => worker.ping()));
    return withTimeout(answers, timeoutMs, () => new Error('no answer')).then(
      () => true,
      () => false,
    );
  }

  /** Stops every worker; one that does not end in time is reported and left alone. */
  async stop(timeoutMs: number): Promise<void> {
    this.#stopping = true;
    await withTimeout(this.#stopAll(), timeoutMs, () => new Error('a worker hangs')).catch(() => {
      this.#logger.error(
        { workers: this.#workers.size },
        `A thread that runs the model does not end within ${timeoutMs} ms; it is left to the end of the process.`,
      );
      for (const worker of this.#workers) worker.abandon();
    });
  }

  async #stopAll(): Promise<void> {
    await Promise.all(
      [...this.#workers].map(async (worker) => {
        await exclusively([this.#provider ?? ''], () => worker.stop());
        this.#workers.delete(worker);
      }),
    );
  }

  async #add(providers: readonly string[], golden?: GoldenSet): Promise<ProviderChoice> {
    const setup = { ...this.#setup, providers, ...(golden !== undefined && { golden }) };
    const worker = new InferenceWorker((lost) => this.#replace(lost));
    const choice = await exclusively(providers, () => worker.start(setup));
    this.#workers.add(worker);
    this.#give(worker);
    return choice;
  }

  #give(worker: InferenceWorker): void {
    const claim = this.#claims.shift();
    if (claim === undefined) this.#idle.push(worker);
    else claim.resolve(worker);
  }

  #replace(lost: InferenceWorker): void {
    this.#workers.delete(lost);
    const position = this.#idle.indexOf(lost);
    if (position >= 0) this.#idle.splice(position, 1);
    if (this.#stopping) return;
    this.#logger.error({}, 'A thread that runs the model has ended by itself; it is started anew.');
    this.#replacing += 1;
    this.#add([this.#provider ?? ''])
      .catch((error: unknown) => {
        this.#logger.error({}, `A thread that runs the model could not be started anew: ${messageOf(error)}`);
        return undefined;
      })
      .finally(() => {
        this.#replacing -= 1;
        if (this.#workers.size > 0 || this.#replacing > 0) return;
        for (const { reject } of this.#claims.splice(0)) {
          reject(visionErrors.INFERENCE_WORKER_LOST({ got: 'no thread that runs the model' }));
        }
      });
  }
}
