import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LadderRecord, LadderSettings, LadderTag } from './plc-ladder.js';

export interface PlcOptions {
  readonly lines: number;
  readonly ladder: LadderSettings;
}

/** The simulated PLC as a test holds it: started, killed like in a power cut, started again, and its records read. */
export class SimulatedPlc {
  #child: ChildProcess | undefined;
  #port = 0;
  #folder = '';
  #shown: number[] = [];
  #finish: () => void = () => undefined;
  /** Resolves when every line has sent its parts. */
  readonly finished = new Promise<void>((resolve) => {
    this.#finish = resolve;
  });

  constructor(readonly options: PlcOptions) {}

  get endpoint(): string {
    return `opc.tcp://127.0.0.1:${this.#port}/UA/Plc`;
  }

  node(line: number, tag: LadderTag): string {
    return `ns=1;s=${line}.${tag}`;
  }

  /** The part in front of the camera of a line. */
  shown(line: number): number {
    return this.#shown[line] ?? 0;
  }

  async start(): Promise<void> {
    if (this.#port === 0) {
      this.#port = await freePort();
      this.#folder = await mkdtemp(join(tmpdir(), 'jidoka-plc-'));
    }
    const settings = { ...this.options, port: this.#port, folder: this.#folder };
    const child = fork(join(import.meta.dirname, 'plc-process.ts'), [JSON.stringify(settings)], {
      execArgv: ['--import', 'tsx'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#child = child;
    let complaint = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString()).slice(-4000);
    });
    await new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`the simulated PLC ended with ${code}: ${complaint}`)));
      child.on('message', (message: { ready?: boolean; finished?: boolean; line?: number; part?: number }) => {
        if (message.ready === true) resolve();
        if (message.finished === true) this.#finish();
        if (message.line !== undefined) this.#shown[message.line] = message.part ?? 0;
      });
    });
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

  /** What the program of a line has put down so far. */
  async records(line: number): Promise<readonly LadderRecord[]> {
    const text = await readFile(join(this.#folder, `line-${line}.jsonl`), 'utf8').catch(() => '');
    return text
      .split('\n')
      .filter((entry) => entry !== '')
      .map((entry) => JSON.parse(entry) as LadderRecord);
  }

  async dispose(): Promise<void> {
    await this.kill();
    if (this.#folder !== '') await rm(this.#folder, { recursive: true, force: true });
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
