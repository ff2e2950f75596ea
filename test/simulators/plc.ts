import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { projectRoot } from './agent-process.js';
import type { LadderRecord, LadderSettings, LadderTag } from './plc-ladder.js';
import { forkProgram } from './program.js';

const PYTHON = process.env['JIDOKA_OPCUA_PYTHON'] ?? join(projectRoot, 'test', 'opcua', '.venv', 'bin', 'python');

/** Why a PLC with an OPC UA server of another make cannot be simulated here; undefined where it can. */
export const foreignPlcAbsent = usable() ? undefined : `${PYTHON} has no asyncua`;

function usable(): boolean {
  if (process.env['JIDOKA_SKIP_NOTHING'] !== undefined) return true;
  if (!existsSync(PYTHON)) return false;
  try {
    execFileSync(PYTHON, ['-c', 'import asyncua'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

interface Message {
  readonly ready?: boolean;
  readonly finished?: boolean;
  readonly line?: number;
  readonly part?: number;
}

export interface PlcOptions {
  /** `asyncua`: a server of another make; it knows one line, a counter as trigger and lost acknowledgements. */
  readonly make?: 'node-opcua' | 'asyncua';
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
    const settings = JSON.stringify({ ...this.options, port: this.#port, folder: this.#folder });
    const foreign = this.options.make === 'asyncua';
    const child = foreign
      ? spawn(PYTHON, [join(import.meta.dirname, 'plc_asyncua.py'), settings], { stdio: 'pipe' })
      : forkProgram('simulators/plc-process.ts', [settings]);
    this.#child = child;
    let complaint = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      complaint = (complaint + chunk.toString()).slice(-4000);
    });
    await new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`the simulated PLC ended with ${code}: ${complaint}`)));
      const told = (message: Message): void => {
        if (message.ready === true) resolve();
        if (message.finished === true) this.#finish();
        if (message.line === undefined) return;
        this.#shown[message.line] = message.part ?? 0;
        // The part is there before the PLC triggers, whatever way its messages take.
        const answer = { line: message.line, part: message.part };
        if (foreign) child.stdin?.write(`${JSON.stringify(answer)}\n`);
        else if (child.connected) child.send(answer, () => undefined);
      };
      child.on('message', (message) => told(message as Message));
      if (child.stdout !== null) createInterface({ input: child.stdout }).on('line', (line) => told(JSON.parse(line)));
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
