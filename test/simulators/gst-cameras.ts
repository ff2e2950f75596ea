import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { sleep } from '#jidoka/base/lifecycle.js';
import { freePort } from './mosquitto.js';
import { NetworkNamespace, namespaceAbsent } from './network-namespace.js';

// Debian's own Python: it has the modules of the system's packages.
const PYTHON = '/usr/bin/python3';

function lacks(program: string, ...parameters: readonly string[]): boolean {
  try {
    execFileSync(program, parameters, { stdio: 'ignore', timeout: 20_000 });
    return false;
  } catch {
    return true;
  }
}

function elementsLacking(...elements: readonly string[]): string | undefined {
  if (lacks('gst-launch-1.0', '--version')) return 'gstreamer1.0-tools is not installed';
  const missing = elements.filter((element) => lacks('gst-inspect-1.0', element));
  return missing.length === 0 ? undefined : `GStreamer lacks ${missing.join(', ')}`;
}

/** Why tests with the real program or server cannot run here; undefined where they can. */
export const gstreamerAbsent = elementsLacking('videotestsrc', 'videoconvert', 'bayer2rgb', 'gdppay', 'jpegdec');
export const ffmpegAbsent = lacks('ffmpeg', '-version') ? 'ffmpeg is not installed' : undefined;
export const rtspServerAbsent =
  gstreamerAbsent ??
  (lacks(PYTHON, '-c', 'import gi; gi.require_version("GstRtspServer", "1.0"); from gi.repository import GstRtspServer')
    ? 'gir1.2-gst-rtsp-server-1.0 is not installed'
    : undefined);
export const gigeAbsent =
  gstreamerAbsent ??
  elementsLacking('aravissrc') ??
  (existsSync('/usr/bin/arv-fake-gv-camera-0.8') ? undefined : 'aravis-tools is not installed') ??
  namespaceAbsent;

async function end(child: ChildProcess | undefined): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

/** A real RTSP server that streams a red picture of 320x240; it can be killed, frozen and started again on its port. */
export class RtspServer {
  #process: ChildProcess | undefined;
  private constructor(
    readonly port: number,
    private readonly login: readonly string[],
  ) {}

  static async start(login: readonly [user: string, password: string] | readonly [] = []): Promise<RtspServer> {
    const server = new RtspServer(await freePort(), login);
    await server.restart();
    return server;
  }

  get url(): string {
    return `rtsp://127.0.0.1:${this.port}/cam`;
  }

  async restart(): Promise<void> {
    const script = join(import.meta.dirname, 'rtsp_server.py');
    const child = spawn(PYTHON, [script, String(this.port), ...this.login], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#process = child;
    if (child.stdout !== null) await once(child.stdout, 'data');
  }

  kill(): Promise<void> {
    return end(this.#process);
  }

  /** Neither reads nor writes until it is killed; its sockets stay open. */
  freeze(): void {
    this.#process?.kill('SIGSTOP');
  }
}

/** Aravis' GigE Vision camera, in a network of its own: its frames show a grey ramp. */
export class GigeCamera {
  #process: ChildProcess | undefined;
  private constructor(private readonly network: NetworkNamespace) {}

  static async start(): Promise<GigeCamera> {
    const camera = new GigeCamera(await NetworkNamespace.create());
    await camera.plugIn();
    return camera;
  }

  get name(): string {
    return 'Aravis-Fake-JK01';
  }

  async plugIn(): Promise<void> {
    const [command, parameters] = this.network.command('arv-fake-gv-camera-0.8', '-i', '127.0.0.1', '-s', 'JK01');
    const child = spawn(command, parameters, { stdio: 'ignore' });
    this.#process = child;
    // Until it answers to discovery.
    while (!(await this.tool([])).includes(this.name)) {
      if (child.exitCode !== null) throw new Error(`the camera ended with ${child.exitCode}`);
      await sleep(50);
    }
  }

  unplug(): Promise<void> {
    return end(this.#process);
  }

  /** What `arv-tool-0.8` prints: the cameras, or with parameters the features of this one. */
  async tool(parameters: readonly string[]): Promise<string> {
    const ofCamera = parameters.length === 0 ? [] : ['-n', this.name, ...parameters];
    const [command, all] = this.network.command('arv-tool-0.8', ...ofCamera);
    const child = spawn(command, all, { stdio: ['ignore', 'pipe', 'ignore'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    await once(child, 'close');
    return output;
  }

  /** A `gst-launch-1.0` in this folder that reaches the camera. */
  launcher(folder: string): Promise<string> {
    return this.network.wrap('gst-launch-1.0', folder);
  }

  async dispose(): Promise<void> {
    await this.unplug();
    await this.network.dispose();
  }
}
