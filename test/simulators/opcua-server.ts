import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { forkProgram } from './program.js';

/** A tag of the test server; its NodeId is `ns=1;s=NAME`. */
export interface TagOptions {
  /** OPC UA built-in type: `Double`, `Boolean`, `Int16`, … */
  readonly type: string;
  readonly value: unknown;
  readonly array?: boolean;
  readonly readOnly?: boolean;
  /** Its EngineeringUnits and EURange. */
  readonly unit?: string;
  readonly range?: readonly [number, number];
  /** The folder below Objects it lies in, `ns=1;s=FOLDER`. */
  readonly folder?: string;
}

export interface TagUpdate {
  readonly name: string;
  readonly value: unknown;
  readonly status?: string;
  readonly sourceTimeMs?: number;
}

export interface ServerOptions {
  readonly tags: Readonly<Record<string, TagOptions>>;
  readonly anonymous?: boolean;
  readonly users?: Readonly<Record<string, string>>;
  /** As the library numbers them: 1 none, 2 sign, 3 sign and encrypt. */
  readonly securityModes?: readonly number[];
  /** Policy URIs. */
  readonly securityPolicies?: readonly string[];
  readonly trustClients?: boolean;
  /**
   * Only the nodes that every server must have: it starts in less than half the time, but with them the library does not
   * get over a connection that breaks, and knows no units or ranges.
   */
  readonly fewNodes?: boolean;
}

export type WriteCall = readonly { readonly name: string; readonly type: string; readonly value: unknown }[];

export interface SessionCounts {
  readonly open: number;
  readonly subscriptions: number;
  readonly monitoredItems: number;
  /** CreateSession requests since this process began. */
  readonly everOpened: number;
}

export type ServerCommand =
  | { readonly do: 'set'; readonly updates: readonly TagUpdate[] }
  | { readonly do: 'add'; readonly name: string; readonly tag: TagOptions }
  | { readonly do: 'get'; readonly name: string }
  | { readonly do: 'writes' }
  | { readonly do: 'tick'; readonly name: string; readonly everyMs: number }
  | { readonly do: 'hold'; readonly name: string }
  | { readonly do: 'sessions' }
  | { readonly do: 'close sessions' };

interface Reply {
  readonly id?: number;
  readonly ready?: boolean;
  readonly result?: unknown;
  readonly error?: string;
}

/** A real OPC UA server in a process of its own: it can be stopped and started again on its port, killed and frozen. */
export class TestOpcuaServer {
  #child: ChildProcess | undefined;
  #port = 0;
  #folder = '';
  #nextId = 0;
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();

  constructor(public options: ServerOptions) {}

  /** Chooses a free loopback port; may be called before `start` for a server that comes up late. */
  async reserve(): Promise<void> {
    if (this.#port !== 0) return;
    this.#port = await freePort();
    this.#folder = await mkdtemp(join(tmpdir(), 'jidoka-opcua-server-'));
  }

  get port(): number {
    return this.#port;
  }

  get endpoint(): string {
    return `opc.tcp://127.0.0.1:${this.#port}/UA/Test`;
  }

  /** The server's PKI folder. */
  get pki(): string {
    return join(this.#folder, 'pki');
  }

  async start(): Promise<void> {
    await this.reserve();
    const settings = { ...this.options, port: this.#port, pki: this.pki };
    const child = forkProgram('simulators/opcua-server-process.ts', [JSON.stringify(settings)], {
      // JSON knows no NaN.
      serialization: 'advanced',
    });
    this.#child = child;
    let complaint = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString()).slice(-4000);
    });
    await new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`the OPC UA test server ended with ${code}: ${complaint}`)));
      child.on('message', (reply: Reply) => {
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

  /** Ends the process at once, as a power cut would. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
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

  async set(name: string, value: unknown, more: Omit<TagUpdate, 'name' | 'value'> = {}): Promise<void> {
    await this.#ask({ do: 'set', updates: [{ name, value, ...more }] });
  }

  /** Several updates without giving the server time between them. */
  async burst(updates: readonly TagUpdate[]): Promise<void> {
    await this.#ask({ do: 'set', updates });
  }

  async addTag(name: string, tag: TagOptions): Promise<void> {
    await this.#ask({ do: 'add', name, tag });
  }

  async get(name: string): Promise<unknown> {
    return this.#ask({ do: 'get', name });
  }

  /** The Write calls since the last time of asking, in order. */
  async writes(): Promise<readonly WriteCall[]> {
    return (await this.#ask({ do: 'writes' })) as WriteCall[];
  }

  /** From now on the tag counts up by one every so many milliseconds. */
  async tick(name: string, everyMs: number): Promise<void> {
    await this.#ask({ do: 'tick', name, everyMs });
  }

  /** Ends the counting; gives the last count. */
  async hold(name: string): Promise<number> {
    return (await this.#ask({ do: 'hold', name })) as number;
  }

  async sessions(): Promise<SessionCounts> {
    return (await this.#ask({ do: 'sessions' })) as SessionCounts;
  }

  /** Ends every client's session. */
  async closeSessions(): Promise<void> {
    await this.#ask({ do: 'close sessions' });
  }

  #ask(command: ServerCommand): Promise<unknown> {
    const child = this.#child;
    if (child === undefined) return Promise.reject(new Error('the OPC UA test server is not running'));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      child.send({ id, command });
    });
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
