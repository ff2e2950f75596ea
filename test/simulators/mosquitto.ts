import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, connect as tcpConnect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sleep } from '#jidoka/base/lifecycle.js';

const BINARY = ['/usr/sbin/mosquitto', '/usr/local/sbin/mosquitto', '/opt/homebrew/sbin/mosquitto'].find(existsSync);

/** Why tests with a real broker cannot run here; undefined where they can. */
export const mosquittoAbsent = BINARY === undefined ? 'mosquitto is not installed' : undefined;

export interface MosquittoOptions {
  /** Without users the broker takes anybody. */
  readonly users?: Readonly<Record<string, string>>;
  /** Lines of an access list. */
  readonly acl?: readonly string[];
  /** Keeps sessions and retained messages over a stop, and as of the last `save` over a kill. */
  readonly persistence?: boolean;
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string; readonly clients?: boolean };
  /** Further lines of the configuration. */
  readonly extra?: readonly string[];
}

/** A real mosquitto on a free port of the loopback; it can be stopped, killed, frozen and started again there. */
export class Mosquitto {
  #process: ChildProcess | undefined;
  #log = '';

  private constructor(
    readonly port: number,
    private readonly folder: string,
  ) {}

  static async start(options: MosquittoOptions = {}): Promise<Mosquitto> {
    const folder = await mkdtemp(join(tmpdir(), 'jidoka-mosquitto-'));
    const broker = new Mosquitto(await freePort(), folder);
    await broker.#configure(options);
    await broker.restart();
    return broker;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  get log(): string {
    return this.#log;
  }

  async restart(): Promise<void> {
    if (BINARY === undefined) throw new Error(mosquittoAbsent);
    if (this.#process !== undefined) await this.stop();
    const child = spawn(BINARY, ['-v', '-c', join(this.folder, 'mosquitto.conf')], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#process = child;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#log += text;
      if (this.#log.length > 20_000_000) this.#log = this.#log.slice(-10_000_000);
    });
    while (!(await answers(this.port))) {
      if (child.exitCode !== null) throw new Error(`mosquitto ended with ${child.exitCode}:\n${this.#log}`);
      await sleep(20);
    }
  }

  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** Writes sessions and retained messages to disk; done before the broker looks at its sockets again. */
  save(): void {
    this.#process?.kill('SIGUSR1');
  }

  /** The broker neither reads nor writes until `thaw`; its sockets stay open. */
  freeze(): void {
    this.#process?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#process?.kill('SIGCONT');
  }

  async dispose(): Promise<void> {
    this.thaw();
    await this.kill();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  async #configure({ users, acl, persistence, tls, extra }: MosquittoOptions): Promise<void> {
    const lines = [
      `listener ${this.port} 127.0.0.1`,
      `allow_anonymous ${users === undefined}`,
      'max_queued_messages 1000000',
      // The first letters of each log line are its time; without them the log is the same in every run.
      'log_timestamp false',
    ];
    if (process.getuid?.() === 0) lines.unshift('user root');
    if (users !== undefined) {
      const file = join(this.folder, 'passwords');
      await writeFile(file, '', { mode: 0o600 });
      for (const [user, password] of Object.entries(users)) {
        execFileSync('mosquitto_passwd', ['-b', file, user, password], { stdio: 'ignore' });
      }
      lines.push(`password_file ${file}`);
    }
    if (acl !== undefined) {
      const file = join(this.folder, 'acl');
      await writeFile(file, `${acl.join('\n')}\n`, { mode: 0o600 });
      lines.push(`acl_file ${file}`);
    }
    if (tls !== undefined) {
      lines.push(`cafile ${tls.ca}`, `certfile ${tls.cert}`, `keyfile ${tls.key}`);
      if (tls.clients) lines.push('require_certificate true');
    }
    if (persistence) {
      lines.push('persistence true', `persistence_location ${this.folder}/`);
      lines.push('autosave_interval 0');
    }
    await writeFile(join(this.folder, 'mosquitto.conf'), `${[...lines, ...(extra ?? [])].join('\n')}\n`);
  }
}

/** A port of the loopback that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return address.port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = tcpConnect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
