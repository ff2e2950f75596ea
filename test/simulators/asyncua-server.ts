import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { projectRoot } from './agent-process.js';
import type { SessionCounts, TagUpdate, WriteCall } from './opcua-server.js';

const PYTHON = process.env['JIDOKA_OPCUA_PYTHON'] ?? join(projectRoot, 'test', 'opcua', '.venv', 'bin', 'python');

/** Why the asyncua server cannot run here; undefined where it can. */
export const asyncuaAbsent = usable() ? undefined : `${PYTHON} has no asyncua: see test/opcua/requirements.txt`;

export type AsyncuaPolicy =
  | 'NoSecurity'
  | `${'Basic256Sha256' | 'Aes128Sha256RsaOaep' | 'Aes256Sha256RsaPss'}_${'Sign' | 'SignAndEncrypt'}`;

/** A tag of the server; its NodeId is `ns=1;s=NAME`. */
export interface AsyncuaTag {
  /** OPC UA built-in type: `Double`, `Boolean`, `Int16`, … */
  readonly type: string;
  readonly value: unknown;
  readonly readOnly?: boolean;
  /** The folder below Objects it lies in, `ns=1;s=FOLDER`. */
  readonly folder?: string;
  /** Its EngineeringUnits. */
  readonly unit?: string;
}

export interface AsyncuaOptions {
  readonly tags: Readonly<Record<string, AsyncuaTag>>;
  /** Default: only `NoSecurity`. */
  readonly policies?: readonly AsyncuaPolicy[];
  /** Files of the server's certificate (DER or PEM) and key; without them it makes its own in `folder`. */
  readonly certificate?: string;
  readonly key?: string;
  readonly applicationUri?: string;
  /** Folder of client certificates (DER) it trusts; without it every client is trusted. Read at the start. */
  readonly trustedClients?: string;
  /** Default: every kind. */
  readonly logins?: readonly ('anonymous' | 'username' | 'certificate')[];
  /** Who may log in; without it every name and password may. */
  readonly users?: Readonly<Record<string, string>>;
  /** Files of the user certificates that may log in; without it every one may. */
  readonly userCertificates?: readonly string[];
  /** The endpoint URL it announces, where that is not the one it is reached at. */
  readonly announced?: string;
  /** Its clock minus the real one. */
  readonly clockAheadMs?: number;
  readonly maxSessions?: number;
  readonly minSessionTimeoutMs?: number;
  readonly maxSessionTimeoutMs?: number;
}

interface Reply {
  readonly id?: number;
  readonly ready?: boolean;
  readonly result?: unknown;
  readonly error?: string;
}

/** A server of another make in a process of its own, on one free loopback port over all its starts. */
export class AsyncuaServer {
  #child: ChildProcessWithoutNullStreams | undefined;
  #port = 0;
  #folder = '';
  #nextId = 0;
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();

  constructor(public options: AsyncuaOptions) {}

  /** Chooses the port; may be called before `start` for a server that comes up late. */
  async reserve(): Promise<void> {
    if (this.#port !== 0) return;
    this.#port = await freePort();
    this.#folder = await mkdtemp(join(tmpdir(), 'jidoka-asyncua-'));
  }

  get port(): number {
    return this.#port;
  }

  get endpoint(): string {
    return `opc.tcp://127.0.0.1:${this.#port}/`;
  }

  /** Where it keeps its own certificate, `server.der`: without that file it makes a new one at the next start. */
  get folder(): string {
    return this.#folder;
  }

  /** Starts it, after a stop or a kill on the same port; `options` may have been changed meanwhile. */
  async start(): Promise<void> {
    await this.reserve();
    const settings = { ...this.options, port: this.#port, folder: this.#folder };
    const script = join(import.meta.dirname, 'asyncua_server.py');
    const child = spawn(PYTHON, [script, JSON.stringify(settings)], { stdio: 'pipe' });
    this.#child = child;
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(-4000);
    });
    child.stdin.on('error', () => undefined);
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => {
        const error = new Error(`the asyncua server ended with ${code}: ${complaint}`);
        reject(error);
        if (this.#child !== child) return;
        for (const waiting of this.#waiting.values()) waiting.reject(error);
        this.#waiting.clear();
      });
      createInterface({ input: child.stdout }).on('line', (line) => {
        const reply = JSON.parse(line) as Reply;
        if (reply.ready === true) resolve();
        else this.#settle(reply);
      });
    });
  }

  #settle(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id ?? -1);
    this.#waiting.delete(reply.id ?? -1);
    if (reply.error !== undefined) waiting?.reject(new Error(reply.error));
    else waiting?.resolve(reply.result);
  }

  /** Shuts the server down in good order. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    await this.#ask({ do: 'stop' });
    await exited;
    this.#child = undefined;
  }

  /** Ends the process at once, as a power cut would. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    this.#waiting.clear();
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  /** Kills the server and removes its folder. */
  async dispose(): Promise<void> {
    await this.kill();
    if (this.#folder !== '') await rm(this.#folder, { recursive: true, force: true });
  }

  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }

  /** A `sourceTimeMs` left out is the server's own time. */
  async set(name: string, value: unknown, more: Omit<TagUpdate, 'name' | 'value'> = {}): Promise<void> {
    await this.#ask({ do: 'set', updates: [{ name, value, ...more }] });
  }

  /** Several updates at once. */
  async burst(updates: readonly TagUpdate[]): Promise<void> {
    await this.#ask({ do: 'set', updates });
  }

  async addTag(name: string, tag: AsyncuaTag): Promise<void> {
    await this.#ask({ do: 'add', name, tag });
  }

  async get(name: string): Promise<unknown> {
    return this.#ask({ do: 'get', name });
  }

  /** The Write calls of clients since the last time of asking, in order. */
  async writes(): Promise<readonly WriteCall[]> {
    return (await this.#ask({ do: 'writes' })) as WriteCall[];
  }

  /** What clients hold on the server at this moment. */
  async sessions(): Promise<SessionCounts> {
    return (await this.#ask({ do: 'sessions' })) as SessionCounts;
  }

  /** From now on the tag counts up by one every so many milliseconds. */
  async tick(name: string, everyMs: number): Promise<void> {
    await this.#ask({ do: 'tick', name, everyMs });
  }

  /** Ends the counting; gives the last count. */
  async hold(name: string): Promise<number> {
    return (await this.#ask({ do: 'hold', name })) as number;
  }

  /** Sets the server's clock, that of its tags' source times too. */
  async setClock(aheadMs: number): Promise<void> {
    await this.#ask({ do: 'clock', aheadMs });
  }

  /** Ends every client's session without a word to the client. */
  async closeSessions(): Promise<void> {
    await this.#ask({ do: 'close sessions' });
  }

  async deleteSubscriptions(): Promise<void> {
    await this.#ask({ do: 'delete subscriptions' });
  }

  /** Leaves out one sequence number, as if a notification had been lost. */
  async skipNotification(): Promise<void> {
    await this.#ask({ do: 'skip notification' });
  }

  /** Tells every subscription a StatusChangeNotification such as `BadTimeout`. */
  async changeStatus(status: string): Promise<void> {
    await this.#ask({ do: 'status change', status });
  }

  async limitSessions(most: number): Promise<void> {
    await this.#ask({ do: 'limit sessions', most });
  }

  #ask(command: { readonly do: string; readonly [more: string]: unknown }): Promise<unknown> {
    const child = this.#child;
    if (child === undefined) return Promise.reject(new Error('the asyncua server is not running'));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      child.stdin.write(`${JSON.stringify({ ...command, id })}\n`);
    });
  }
}

function usable(): boolean {
  if (!existsSync(PYTHON)) return false;
  try {
    execFileSync(PYTHON, ['-c', 'import importlib.util, sys; sys.exit(importlib.util.find_spec("asyncua") is None)']);
    return true;
  } catch {
    return false;
  }
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const address = probe.address();
  probe.close();
  await once(probe, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
