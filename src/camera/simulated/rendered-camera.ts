import { Worker } from 'node:worker_threads';
import { Backoff } from '../../base/backoff.js';
import { messageOf } from '../../base/errors.js';
import { sleep } from '../../base/lifecycle.js';
import type { Frame } from '../../domain/frame.js';
import type { Camera, CameraStatus } from '../../ports/camera.js';
import type { CameraDeps } from '../camera-deps.js';
import { CameraState } from '../camera-state.js';
import { cameraErrors } from '../errors.js';
import { liveFrames } from './live-frames.js';
import { simulatedPart } from './parts.js';
import type { RenderReply, RenderRequest } from './render-messages.js';

/** Frames the rendering thread may owe; one more is dropped, so that no backlog builds up between the threads. */
const RENDERS_UNDER_WAY = 2;

export interface RenderedCameraOptions {
  readonly framesPerSecond: number;
  /** Share of defective parts, 0…1. */
  readonly defectRate: number;
  readonly seed: number;
}

/** A camera without hardware: draws magnetic tiles at a set rate. Frame n of a seed is always the same picture. */
export class RenderedCamera implements Camera {
  readonly overflow = 'drop-oldest';
  readonly #options: RenderedCameraOptions;
  readonly #deps: CameraDeps;
  readonly #state = new CameraState('Starts to render frames.');
  #sequence = 0;

  constructor(options: RenderedCameraOptions, deps: CameraDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  frames(signal: AbortSignal): AsyncIterable<Frame> {
    return liveFrames(signal, this.#state, (ending, push) => this.#keepRendering(ending, push));
  }

  async unreadable(): Promise<void> {}

  async inspected(): Promise<void> {}

  status(): CameraStatus {
    return this.#state.get();
  }

  async #keepRendering(signal: AbortSignal, push: (frame: Frame) => void): Promise<void> {
    const backoff = new Backoff({ initialMs: 250, maxMs: 10_000 });
    while (!signal.aborted) {
      const workerGone = new AbortController();
      const worker = new Worker(new URL('./render-worker.js', import.meta.url), { name: 'tile-renderer' });
      let cause: unknown;
      worker.on('error', (error) => {
        cause = error;
      });
      worker.on('exit', () => workerGone.abort());
      try {
        await this.#tick(worker, AbortSignal.any([signal, workerGone.signal]), (frame) => {
          backoff.reset();
          push(frame);
        });
      } finally {
        await worker.terminate();
      }
      if (signal.aborted) return;
      const error = cameraErrors.CAMERA_RENDERER_FAILED({ where: `station ${this.#deps.station}`, cause });
      this.#state.set('failed', error.message);
      this.#deps.logger.warn({ station: this.#deps.station, cause: messageOf(cause) }, error.message);
      await sleep(backoff.next(), signal);
    }
  }

  /** Asks for one frame each period until the signal aborts. */
  async #tick(worker: Worker, signal: AbortSignal, push: (frame: Frame) => void): Promise<void> {
    const { framesPerSecond, defectRate, seed } = this.#options;
    const { clock } = this.#deps;
    const periodMs = 1000 / framesPerSecond;
    let underWay = 0;
    worker.on('message', ({ sequence, capturedAtMs, image }: RenderReply) => {
      underWay -= 1;
      if (!signal.aborted) push({ sequence, capturedAtMs, image });
    });
    this.#state.set('running', `Renders ${framesPerSecond} frames a second.`);
    let dueMs = clock.monotonicMs();
    while (!signal.aborted) {
      const sequence = this.#sequence;
      this.#sequence += 1;
      if (underWay >= RENDERS_UNDER_WAY) this.#state.framesDropped += 1;
      else {
        const { tileClass, tileSeed } = simulatedPart(seed, sequence, defectRate);
        const request: RenderRequest = { sequence, capturedAtMs: clock.nowMs(), tileClass, tileSeed };
        underWay += 1;
        worker.postMessage(request);
      }
      // After a pause of the whole process the rate goes on from now, without a burst to catch up.
      dueMs = Math.max(dueMs + periodMs, clock.monotonicMs() - periodMs);
      await sleep(Math.max(0, dueMs - clock.monotonicMs()), signal);
    }
  }
}
