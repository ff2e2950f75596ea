import type { Socket } from 'node:net';
import { beforeAll, expect } from 'vitest';
import type { z } from 'zod';
import { Backoff } from '#jidoka/base/backoff.js';
import { HttpCamera } from '#jidoka/camera/http/http-camera.js';
import { httpCameraSchema } from '#jidoka/config/schema/camera-http.js';
import type { Frame } from '#jidoka/domain/frame.js';
import { type Asked, BareCamera, jpegOf, partOf, STREAM_HEAD } from '../../simulators/http-camera.js';
import { cameraDeps, eventually } from './helpers.js';

export type Changes = Partial<Omit<z.input<typeof httpCameraSchema>, 'kind' | 'url'>>;

let jpegs: Buffer[];

/** One of three pictures. */
export function jpeg(number = 0): Buffer {
  return jpegs[number % jpegs.length] ?? Buffer.alloc(0);
}

/** A picture whose last bytes are missing. */
export function cutJpeg(): Buffer {
  return jpeg().subarray(0, -30);
}

/** Call it once in each file that uses `jpeg`. */
export function makeJpegs(): void {
  beforeAll(async () => {
    jpegs = await Promise.all([0, 1, 2].map((number) => jpegOf(number)));
  });
}

export function cameraAt(
  url: string,
  changes: Changes = {},
  deps: { password?: string; triggered?: boolean; backoffMs?: number } = {},
): HttpCamera {
  const { backoffMs = 60, ...others } = deps;
  const config = httpCameraSchema.parse({ kind: 'http', url, ...changes });
  const quick = { initialMs: Math.min(20, backoffMs), maxMs: backoffMs };
  const times = { backoff: new Backoff(quick), loginBackoff: new Backoff(quick) };
  return new HttpCamera(config, { ...cameraDeps(), ...others }, times);
}

/** Sends a picture each 20 ms for as long as the connection stands. */
export function streamTo(socket: Socket): void {
  socket.write(STREAM_HEAD);
  let number = 0;
  const ticking = setInterval(() => {
    socket.write(partOf(jpeg(number)));
    number += 1;
  }, 20);
  socket.on('close', () => clearInterval(ticking));
}

export function bytesOf(frame: Frame | undefined): Buffer {
  return Buffer.from(frame?.image.data ?? []);
}

/** One camera that runs, and the server that it looks at; both end with each test. */
export class HttpRig {
  readonly frames: Frame[] = [];
  readonly ending = new AbortController();
  running: Promise<void> = Promise.resolve();
  #server: BareCamera | undefined;

  get server(): BareCamera {
    if (this.#server === undefined) throw new Error('there is no server yet');
    return this.#server;
  }

  run(camera: HttpCamera): HttpCamera {
    this.running = (async () => {
      for await (const frame of camera.frames(this.ending.signal)) this.frames.push(frame);
    })();
    return camera;
  }

  async serve(answer: (socket: Socket, asked: Asked) => void, port = 0): Promise<void> {
    this.#server = await BareCamera.start(answer, port);
  }

  async end(): Promise<void> {
    this.ending.abort();
    await this.running;
    // Whatever the camera did: at its end it has no connection left.
    await eventually(() => expect(this.server.sockets.size).toBe(0));
    await this.server.stop();
  }
}
