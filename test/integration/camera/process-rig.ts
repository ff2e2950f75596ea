import { readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Backoff } from '#jidoka/base/backoff.js';
import type { CameraDeps } from '#jidoka/camera/camera-deps.js';
import { explainEnd } from '#jidoka/camera/process/explain.js';
import { ProcessCamera } from '#jidoka/camera/process/process-camera.js';
import type { ProcessSource } from '#jidoka/camera/process/source.js';
import type { Frame, RawImage } from '#jidoka/domain/frame.js';
import type { Camera } from '#jidoka/ports/camera.js';
import { cameraDeps, temporaryFolder } from './helpers.js';

const SCRIPT = join(import.meta.dirname, '..', '..', 'simulators', 'camera-program.mjs');

/** A camera whose program does the steps of `camera-program.mjs`, other ones in each life if need be. */
export function scriptedSource(
  lives: readonly (readonly string[])[],
  change: Partial<ProcessSource> = {},
): ProcessSource {
  let life = 0;
  return {
    name: 'the scripted camera',
    program: process.execPath,
    install: 'sudo apt-get install nodejs',
    framing: 'gdp',
    descriptor: 3,
    secrets: [],
    latencyMs: 0,
    constantRate: false,
    limits: { startWithinMs: 20_000, stallAfterMs: 20_000 },
    reconnectMaxMs: 100,
    parameters: () => {
      const steps = lives[Math.min(life, lives.length - 1)] ?? [];
      life += 1;
      return [SCRIPT, ...steps];
    },
    explain: (end) => explainEnd(end, 'the program', 'nothing', 'the scripted camera'),
    ...change,
  };
}

export function processCamera(source: ProcessSource, deps: CameraDeps = cameraDeps()): ProcessCamera {
  return new ProcessCamera(source, deps, { backoff: new Backoff({ initialMs: 10, maxMs: 100 }), graceMs: 300 });
}

/** Streams in files, for the program to send. */
export class Streams {
  #count = 0;
  private constructor(private readonly folder: Awaited<ReturnType<typeof temporaryFolder>>) {}

  static async create(): Promise<Streams> {
    return new Streams(await temporaryFolder());
  }

  async file(...parts: readonly Uint8Array[]): Promise<string> {
    this.#count += 1;
    const path = join(this.folder.path, `${this.#count}.stream`);
    await writeFile(path, Buffer.concat(parts));
    return path;
  }

  remove(): Promise<void> {
    return this.folder.remove();
  }
}

/** A camera that is being read, and what has come of it. */
export class Reading {
  readonly frames: Frame[] = [];
  readonly #ending = new AbortController();
  readonly #running: Promise<void>;

  constructor(readonly camera: Camera) {
    this.#running = (async () => {
      for await (const frame of camera.frames(this.#ending.signal)) {
        this.frames.push(frame);
        if (this.frames.length > 1000) this.frames.splice(0, 500);
      }
    })();
  }

  async end(): Promise<void> {
    this.#ending.abort();
    await this.#running;
  }
}

/** The programs that this process has started and that are still there, with their states; Z is a zombie. */
export function children(): { pid: number; state: string; command: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const [, command = '', rest = ''] =
          /^\d+ \((.*)\) (.*)$/s.exec(readFileSync(`/proc/${name}/stat`, 'utf8')) ?? [];
        const [state = '', parent = ''] = rest.split(' ');
        return Number(parent) === process.pid ? [{ pid: Number(name), state, command }] : [];
      } catch {
        return [];
      }
    });
}

export function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

export function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

/** The pixels of a frame that must be there and be uncompressed. */
export function rawOf(frame: Frame | undefined): RawImage {
  if (frame?.image.kind !== 'raw') throw new Error('an uncompressed frame was expected');
  return frame.image;
}
