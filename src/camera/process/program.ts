import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { env, kill } from 'node:process';
import { systemCode } from '../image-file.js';
import { ErrorLines } from './error-lines.js';

/** How long what a program has left behind may hold its standard error open after its end. */
const LEFTOVERS_MS = 1000;

export interface ProgramOptions {
  /** Found on the PATH unless it is a path itself. */
  readonly program: string;
  readonly parameters: readonly string[];
  /** The descriptor on which the program writes its pictures. */
  readonly descriptor: 1 | 3;
  readonly pictures: Socket;
  readonly secrets: readonly string[];
}

/** How a program ended, and its last words. */
export interface ProgramEnd {
  /** `ENOENT` and the like where it could not be started at all. */
  readonly startError: string | undefined;
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly lines: readonly string[];
}

/**
 * One run of a camera's program, without a shell. It leads a process group of its own, so that what it starts is ended
 * with it, and a Ctrl-C in the terminal reaches it only through the agent.
 */
export class Program {
  readonly #child: ChildProcess;
  readonly ended: Promise<ProgramEnd>;

  constructor({ program, parameters, descriptor, pictures, secrets }: ProgramOptions) {
    const errors = new ErrorLines(secrets);
    this.#child = spawn(program, [...parameters], {
      stdio: [
        'ignore',
        ...(descriptor === 1 ? [pictures] : ['ignore' as const]),
        'pipe',
        ...(descriptor === 3 ? [pictures] : []),
      ],
      detached: true,
      // What the program says in its own words is read by a program: it is asked to speak English.
      env: { ...env, LC_ALL: 'C.UTF-8', LANGUAGE: '', GST_DEBUG_NO_COLOR: '1', AV_LOG_FORCE_NOCOLOR: '1' },
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => errors.add(text));
    this.ended = new Promise((resolve) => {
      let startError: string | undefined;
      let leftovers: NodeJS.Timeout | undefined;
      const end = (exitCode: number | null, signal: NodeJS.Signals | null): void => {
        clearTimeout(leftovers);
        resolve({ startError, exitCode, signal, lines: errors.lines });
      };
      this.#child.on('error', (error) => {
        if (this.#child.pid !== undefined) return;
        startError = systemCode(error);
        end(null, null);
      });
      this.#child.on('exit', () => {
        this.signal('SIGKILL');
        leftovers = setTimeout(() => this.#child.stderr?.destroy(), LEFTOVERS_MS);
      });
      this.#child.on('close', end);
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Signals the program and all it has started. */
  signal(name: NodeJS.Signals): void {
    const { pid } = this.#child;
    if (pid === undefined) return;
    try {
      kill(-pid, name);
    } catch {
      // ESRCH: nobody of the group is left.
    }
  }

  /** Lets the agent end though this program does not. */
  abandon(): void {
    this.#child.stderr?.destroy();
    this.#child.unref();
  }
}
