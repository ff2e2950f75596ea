import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { sleep } from '#jidoka/base/lifecycle.js';
import { freePort } from './mosquitto.js';
import { servesAt } from './tcp-table.js';

const has = (command: string): boolean => spawnSync(command, ['-version'], { stdio: 'ignore' }).error === undefined;

/** Why tests with a real MJPEG server cannot run here; undefined where they can. */
export const ffmpegAbsent = has('ffmpeg') ? undefined : 'ffmpeg is not installed';
/** Why tests with a real HTTP server that is not Node's cannot run here; undefined where they can. */
export const pythonAbsent = has('python3') ? undefined : 'python3 is not installed';

/** A server process on a port of its own that can be killed, frozen and brought back there. */
class ServerProcess {
  #child: ChildProcess | undefined;

  protected constructor(
    readonly port: number,
    private readonly command: string,
    private readonly parameters: readonly string[],
    /** Whether it is there to be asked. */
    private readonly ready: (port: number) => boolean | Promise<boolean>,
  ) {}

  async start(): Promise<void> {
    const child = spawn(this.command, [...this.parameters], { stdio: 'ignore' });
    this.#child = child;
    while (!(await this.ready(this.port))) {
      if (child.exitCode !== null) throw new Error(`${this.command} ended with ${child.exitCode}`);
      await sleep(20);
    }
  }

  /** Whether the process still runs; ffmpeg ends with its client. */
  get runs(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  /** The process neither reads nor writes until `thaw`; its sockets stay open. */
  freeze(): void {
    this.#child?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child?.kill('SIGCONT');
  }
}

/** ffmpeg as an MJPEG camera: it shows the JPEG files `0000.jpg`, `0001.jpg`, … of a folder again and again. */
export class FfmpegCamera extends ServerProcess {
  static async at(folder: string, framesPerSecond: number): Promise<FfmpegCamera> {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/stream`;
    const input = ['-re', '-stream_loop', '-1', '-f', 'image2', '-framerate', String(framesPerSecond)];
    const output = ['-c', 'copy', '-f', 'mpjpeg', '-flush_packets', '1', '-listen', '1'];
    const type = ['-content_type', 'multipart/x-mixed-replace;boundary=ffmpeg'];
    const parameters = ['-loglevel', 'quiet', ...input, '-i', `${folder}/%04d.jpg`, ...output, ...type, url];
    // It serves one client and listens no more from then on, so its port must not be tried.
    return new FfmpegCamera(port, 'ffmpeg', parameters, servesAt);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/stream`;
  }
}

/** Python's file server as a snapshot camera. */
export class PythonCamera extends ServerProcess {
  static async at(folder: string): Promise<PythonCamera> {
    const port = await freePort();
    const parameters = ['-m', 'http.server', String(port), '--bind', '127.0.0.1', '--directory', folder];
    return new PythonCamera(port, 'python3', parameters, answers);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/0000.jpg`;
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
