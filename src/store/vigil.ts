import { Worker } from 'node:worker_threads';
import type { JidokaError } from '../base/errors.js';
import type { CheckOutcome } from './check-worker.js';
import { markSuspect } from './damage-marker.js';
import { databasePath } from './database.js';
import { storeErrors } from './errors.js';
import { type FromWorker, received, sendable } from './protocol.js';

export interface VigilOptions {
  readonly directory: string;
  readonly nowMs: () => number;
  readonly post: (message: FromWorker) => void;
}

/**
 * Watches for damage while the store runs: in every answer that is sent, and by reading a large database through. The
 * first damage leaves the marker for the next start and is told once.
 */
export class Vigil {
  readonly #options: VigilOptions;
  #check: Worker | undefined;
  #told = false;

  constructor(options: VigilOptions) {
    this.#options = options;
  }

  /** Passes a message on, and looks at it. */
  send(message: FromWorker): void {
    this.#options.post(message);
    if (message.kind !== 'answers') return;
    const { answers, report } = message;
    const refused = answers.flatMap((answer) => ('error' in answer ? [answer.error] : []));
    const damage = refused.find(({ code }) => code === 'STORE_DATABASE_CORRUPT');
    if (damage !== undefined) this.#tell(received(damage));
    else if (report.trouble?.code === 'STORE_DATABASE_CORRUPT') this.#tell(this.#damaged(report.trouble.text));
  }

  /** Reads the database through in a thread of its own, on a connection of its own that cannot write. */
  checkBeside(): void {
    const { directory, post } = this.#options;
    const check = new Worker(new URL('./check-worker.js', import.meta.url), {
      name: 'jidoka-store-check',
      workerData: databasePath(directory),
    });
    this.#check = check;
    check.once('message', (outcome: CheckOutcome) => {
      if (outcome.outcome === 'damaged') this.#tell(this.#damaged(outcome.damage));
      else if (outcome.outcome === 'sound') {
        post({ kind: 'log', level: 'info', fields: {}, message: 'The database has been read through and is sound.' });
      } else this.#unfinished(outcome.reason);
    });
    check.once('error', (error) => this.#unfinished(error.message));
  }

  async stop(): Promise<void> {
    await this.#check?.terminate();
  }

  #unfinished(reason: string): void {
    const message = `The database could not be read through beside the running agent: ${reason}.`;
    this.#options.post({ kind: 'log', level: 'warn', fields: {}, message });
  }

  #damaged(got: string): JidokaError {
    return storeErrors.STORE_DATABASE_CORRUPT({ where: databasePath(this.#options.directory), got });
  }

  #tell(error: JidokaError): void {
    if (this.#told) return;
    this.#told = true;
    const { directory, nowMs, post } = this.#options;
    markSuspect(directory, error.got ?? error.message, nowMs());
    post({ kind: 'damaged', error: sendable(error) });
  }
}
