import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Why a network of one's own cannot be made here; undefined where it can. */
export const namespaceAbsent = probe();

function probe(): string | undefined {
  try {
    execFileSync('unshare', ['--net', 'true'], { stdio: 'ignore' });
    execFileSync('nsenter', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch {
    return 'no network namespace can be made here';
  }
}

/**
 * A network with nothing but its own loopback, in which cameras may be sought by broadcast without asking the whole
 * plant. A process that only sleeps keeps it alive.
 */
export class NetworkNamespace {
  private constructor(private readonly keeper: ChildProcess) {}

  static async create(): Promise<NetworkNamespace> {
    const script = 'ip link set lo up && echo up && exec sleep infinity';
    const keeper = spawn('unshare', ['--net', 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    if (keeper.stdout !== null) await once(keeper.stdout, 'data');
    return new NetworkNamespace(keeper);
  }

  /** A command line that runs another one inside. */
  command(program: string, ...parameters: readonly string[]): readonly [string, readonly string[]] {
    return ['nsenter', ['--target', String(this.keeper.pid), '--net', program, ...parameters]];
  }

  /** Writes a program of this name into the folder that runs the real one inside; gives its path. */
  async wrap(program: string, folder: string): Promise<string> {
    const path = join(folder, program);
    const real = execFileSync('sh', ['-c', `command -v ${program}`], { encoding: 'utf8' }).trim();
    const [command, parameters] = this.command(real);
    await writeFile(path, `#!/bin/sh\nexec ${command} ${parameters.join(' ')} "$@"\n`);
    await chmod(path, 0o755);
    return path;
  }

  async dispose(): Promise<void> {
    if (this.keeper.exitCode !== null || this.keeper.signalCode !== null) return;
    const ended = once(this.keeper, 'exit');
    this.keeper.kill('SIGKILL');
    await ended;
  }
}
