import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { projectRoot } from './agent-process.js';

const PYTHON =
  process.env['JIDOKA_SPARKPLUG_PYTHON'] ?? join(projectRoot, 'test', 'sparkplug', '.venv', 'bin', 'python');

/** Why the Python host cannot run here; undefined where it can. */
export const hostAbsent = usable() ? undefined : `${PYTHON} has no pysparkplug: see test/sparkplug/requirements.txt`;

export interface SeenMetric {
  readonly name: string;
  readonly value: unknown;
  readonly historical: boolean;
  readonly timestamp: number | null;
}

/** One message as the host understood it; `error` where it could not. */
export interface Seen {
  readonly type: string;
  readonly device: string | null;
  readonly seq?: number;
  readonly bdSeq?: number;
  readonly metrics?: readonly SeenMetric[];
  readonly error?: string;
}

/** A host application written with pysparkplug, in a process of its own. */
export class PythonHost {
  readonly seen: Seen[] = [];
  /** How often it has connected and subscribed. */
  connections = 0;
  readonly #child: ChildProcess;
  #problems = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#problems += text;
    });
  }

  static async start(port: number, group: string, hostId: string): Promise<PythonHost> {
    const script = join(import.meta.dirname, 'sparkplug_host.py');
    const child = spawn(PYTHON, [script, String(port), group, hostId], { stdio: 'pipe' });
    const host = new PythonHost(child);
    await new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`the host ended with ${code}: ${host.#problems}`)));
      createInterface({ input: child.stdout }).on('line', (line) => {
        const content = JSON.parse(line) as Seen | { readonly ready: true };
        if ('ready' in content) {
          host.connections += 1;
          resolve();
        } else host.seen.push(content);
      });
    });
    return host;
  }

  /** Asks the edge node for all its births. */
  requestRebirth(node: string): void {
    this.#child.stdin?.write(
      `${JSON.stringify({ node, name: 'Node Control/Rebirth', type: 'BOOLEAN', value: true })}\n`,
    );
  }

  write(node: string, device: string, name: string, value: number): void {
    this.#child.stdin?.write(`${JSON.stringify({ node, device, name, type: 'DOUBLE', value })}\n`);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await ended;
  }
}

function usable(): boolean {
  if (!existsSync(PYTHON)) return false;
  try {
    execFileSync(PYTHON, ['-c', 'import pysparkplug'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
