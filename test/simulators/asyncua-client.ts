import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { projectRoot } from './agent-process.js';

const PYTHON = process.env['JIDOKA_OPCUA_PYTHON'] ?? join(projectRoot, 'test', 'opcua', '.venv', 'bin', 'python');

/** Why the asyncua client cannot run here; undefined where it can. */
export const asyncuaClientAbsent = usable() ? undefined : `${PYTHON} has no asyncua: see test/opcua/requirements.txt`;

/** An input argument: a structure of the specification, a list of anything, or a value of a built-in type. */
export type Argument =
  | { readonly struct: string; readonly fields?: Readonly<Record<string, unknown>> }
  | { readonly list: readonly unknown[] }
  | { readonly type: string; readonly value: unknown };

export interface Login {
  readonly user?: string;
  readonly password?: string;
  /** Files of the client's certificate and key, and the URI that stands in it: with them SignAndEncrypt, without None. */
  readonly cert?: string;
  readonly key?: string;
  readonly uri?: string;
}

export type SeenEvent = { readonly type: string; readonly Message: string } & Readonly<Record<string, unknown>>;

interface Reply {
  readonly ready?: true;
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: string;
  readonly text?: string;
  readonly event?: SeenEvent;
}

/** What the server answered in the client's words, such as `BadUserAccessDenied`. */
export class ClientError extends Error {
  constructor(
    readonly status: string,
    text: string,
  ) {
    super(`${status}: ${text}`);
  }
}

/** An OPC UA client of another make, in a process of its own. */
export class AsyncuaClient {
  readonly events: SeenEvent[] = [];
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #waiting = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  #last = 0;
  #problems = '';

  private constructor() {
    this.#child = spawn(PYTHON, [join(import.meta.dirname, 'asyncua_client.py')], { stdio: 'pipe' });
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#problems += text;
    });
  }

  static async start(): Promise<AsyncuaClient> {
    const client = new AsyncuaClient();
    await new Promise<void>((resolve, reject) => {
      const ended = (code: number | null) => reject(new Error(`the client ended with ${code}: ${client.#problems}`));
      client.#child.once('exit', ended);
      createInterface({ input: client.#child.stdout }).on('line', (line) => {
        const reply = JSON.parse(line) as Reply;
        if (reply.ready) resolve();
        else client.#take(reply);
      });
    });
    client.#child.once('exit', () => client.#failAll());
    return client;
  }

  /** @throws ClientError */
  connect(url: string, login: Login = {}): Promise<void> {
    return this.#ask('connect', { url, ...login });
  }

  disconnect(): Promise<void> {
    return this.#ask('disconnect', {});
  }

  /** Policy, mode and kinds of login of each endpoint. */
  endpoints(url: string): Promise<[policy: string, mode: string, logins: string[]][]> {
    return this.#ask('endpoints', { url });
  }

  browse(path: readonly string[]): Promise<string[]> {
    return this.#ask('browse', { path });
  }

  type(path: readonly string[]): Promise<string> {
    return this.#ask('type', { path });
  }

  read(path: readonly string[], attribute?: string): Promise<{ status: string; value: never }> {
    return this.#ask('read', { path, ...(attribute !== undefined && { attribute }) });
  }

  call(path: readonly string[], method: string, ...args: readonly Argument[]): Promise<never[]> {
    return this.#ask('call', { path, method, arguments: args });
  }

  subscribe(path: readonly string[], ...types: readonly string[]): Promise<void> {
    return this.#ask('subscribe', { path, types });
  }

  /** Resolves when the variable has the value. */
  until(path: readonly string[], value: unknown, seconds = 30): Promise<void> {
    return this.#ask('watch', { path, value, seconds });
  }

  async dispose(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  #ask<T>(what: string, parameters: object): Promise<T> {
    this.#last += 1;
    const id = this.#last;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.stdin.write(`${JSON.stringify({ id, do: what, ...parameters })}\n`);
    });
  }

  #take({ id, result, error, text = '', event }: Reply): void {
    if (event !== undefined) this.events.push(event);
    if (id === undefined) return;
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(result as never);
    else waiting?.reject(new ClientError(error, text));
  }

  #failAll(): void {
    for (const { reject } of this.#waiting.values()) reject(new Error(`the client has ended: ${this.#problems}`));
    this.#waiting.clear();
  }
}

function usable(): boolean {
  if (!existsSync(PYTHON)) return false;
  try {
    execFileSync(PYTHON, ['-c', 'import asyncua'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
