import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export const projectRoot = join(import.meta.dirname, '..', '..');
export const cliPath = join(projectRoot, 'dist', 'cli', 'main.js');

/** `jidoka run` as operations run it: a process of its own with its log on standard error. */
export class AgentProcess {
  readonly log: Record<string, unknown>[] = [];
  readonly #child: ChildProcess;
  readonly #exit: Promise<number | NodeJS.Signals>;
  #watchers: (() => void)[] = [];

  constructor(configFile: string, environment: Record<string, string> = {}) {
    this.#child = spawn(process.execPath, [cliPath, 'run', '--config', configFile], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...environment },
    });
    this.#exit = once(this.#child, 'exit').then(([code, signal]) => code ?? signal);
    if (this.#child.stderr !== null) {
      createInterface({ input: this.#child.stderr }).on('line', (line) => {
        this.log.push(line.startsWith('{') ? (JSON.parse(line) as Record<string, unknown>) : { msg: line });
        for (const watcher of this.#watchers) watcher();
      });
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get text(): string {
    return this.log.map(({ msg }) => String(msg)).join('\n');
  }

  /** Resolves with the first log line, past or coming, whose message matches. */
  async logged(pattern: RegExp, timeoutMs = 20_000): Promise<Record<string, unknown>> {
    const find = () => this.log.find(({ msg }) => pattern.test(String(msg)));
    return new Promise((resolve, reject) => {
      const settle = (action: () => void): void => {
        clearTimeout(timer);
        this.#watchers = this.#watchers.filter((watcher) => watcher !== look);
        action();
      };
      const look = (): void => {
        const line = find();
        if (line !== undefined) settle(() => resolve(line));
      };
      const timer = setTimeout(
        () => settle(() => reject(new Error(`no log line matches ${pattern}; the log:\n${this.text}`))),
        timeoutMs,
      );
      this.#watchers.push(look);
      look();
    });
  }

  /** How many log lines so far match. */
  count(pattern: RegExp): number {
    return this.log.filter(({ msg }) => pattern.test(String(msg))).length;
  }

  ready(timeoutMs?: number): Promise<Record<string, unknown>> {
    return this.logged(/^Ready\b/, timeoutMs);
  }

  /** The exit code, or the signal's name where one ended the process. */
  exited(): Promise<number | NodeJS.Signals> {
    return this.#exit;
  }

  /** Sends a signal that does not end the process. */
  send(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async signal(name: NodeJS.Signals): Promise<number | NodeJS.Signals> {
    this.#child.kill(name);
    return this.#exit;
  }

  /** For `afterEach`: ends the process whatever state it is in. */
  async dispose(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await this.signal('SIGKILL');
  }
}
