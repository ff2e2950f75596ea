import { type Answer, type FromServer, METHOD_ERRORS, type Request } from './protocol.js';

/** Calls that wait for the station's answer; what comes beyond is turned away. */
const MAX_WAITING = 64;
/** A recipe may have to be loaded; nothing else takes longer than a moment. */
const ANSWER_MS = 120_000;

const NOT_CARRIED_OUT: Answer = { kind: 'done', error: METHOD_ERRORS.NOT_CARRIED_OUT, jobId: '' };

/** Asks the thread of the stations and waits for its answers. */
export class Calls {
  readonly #post: (message: FromServer) => void;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #last = 0;

  constructor(post: (message: FromServer) => void) {
    this.#post = post;
  }

  /** Undefined where too many wait already. */
  ask(station: string, request: Request, user: string): Promise<Answer> | undefined {
    if (this.#waiting.size >= MAX_WAITING) return undefined;
    this.#last += 1;
    const call = this.#last;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.answered(call, NOT_CARRIED_OUT), ANSWER_MS);
      this.#waiting.set(call, (answer) => {
        clearTimeout(timer);
        resolve(answer);
      });
      this.#post({ kind: 'call', call, station, request, user });
    });
  }

  answered(call: number, answer: Answer): void {
    const resolve = this.#waiting.get(call);
    this.#waiting.delete(call);
    resolve?.(answer);
  }

  close(): void {
    for (const call of [...this.#waiting.keys()]) this.answered(call, NOT_CARRIED_OUT);
  }
}
