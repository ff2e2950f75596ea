import { connect } from 'node:net';
import { Backoff } from '../../base/backoff.js';
import { messageOf } from '../../base/errors.js';
import { sleep } from '../../base/lifecycle.js';
import type { Frame } from '../../domain/frame.js';
import type { Camera, CameraStatus } from '../../ports/camera.js';
import type { CameraDeps } from '../camera-deps.js';
import { CameraState } from '../camera-state.js';
import { cameraErrors } from '../errors.js';
import { FEED_SILENCE_MS, type FeedFrame, FeedParser } from './feed-protocol.js';
import { liveFrames } from './live-frames.js';

/** A capture time that differs more than this from the gateway's own clock is not believed. */
const CLOCK_TOLERANCE_MS = 10_000;

export interface FeedCameraOptions {
  /** `tcp://HOST:PORT`. */
  readonly url: string;
  /** The connection is given up when no whole message came for this long. */
  readonly silenceMs?: number;
  readonly backoff?: Backoff;
}

/** Client of a simulated line's frame feed. A frame that could not be read or kept counts as dropped. */
export class FeedCamera implements Camera {
  readonly overflow = 'drop-oldest';
  readonly #url: string;
  readonly #silenceMs: number;
  readonly #backoff: Backoff;
  readonly #deps: CameraDeps;
  readonly #state: CameraState;
  #sequence = 0;

  constructor(options: FeedCameraOptions, deps: CameraDeps) {
    this.#url = options.url;
    this.#silenceMs = options.silenceMs ?? FEED_SILENCE_MS;
    this.#backoff = options.backoff ?? new Backoff({ initialMs: 250, maxMs: 10_000 });
    this.#deps = deps;
    this.#state = new CameraState(`Connects to ${options.url}.`);
  }

  frames(signal: AbortSignal): AsyncIterable<Frame> {
    return liveFrames(signal, this.#state, (ending, push) => this.#keepConnected(ending, push));
  }

  async unreadable(): Promise<void> {}

  async inspected(): Promise<void> {}

  status(): CameraStatus {
    return this.#state.get();
  }

  async #keepConnected(signal: AbortSignal, push: (frame: Frame) => void): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.#receive(signal, push);
      } catch (error) {
        if (signal.aborted) return;
        const changed = this.#state.set('failed', messageOf(error));
        if (changed) this.#deps.logger.warn({ station: this.#deps.station, camera: this.#url }, messageOf(error));
      }
      await sleep(this.#backoff.next(), signal);
    }
  }

  /** One connection: resolves once the signal aborts, rejects when it is lost. */
  #receive(signal: AbortSignal, push: (frame: Frame) => void): Promise<void> {
    const { hostname, port } = new URL(this.#url);
    return new Promise((resolve, reject) => {
      const parser = new FeedParser();
      const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) });
      let failure: Error | undefined;
      let lastPart: number | undefined;
      const fail = (error: Error): void => {
        failure ??= error;
        socket.destroy();
      };
      // Restarted by whole messages only: a peer that trickles bytes is as dead as one that sends none.
      const silence = setTimeout(() => {
        fail(cameraErrors.CAMERA_FEED_LOST({ where: this.#url, got: `no message for ${this.#silenceMs} ms` }));
      }, this.#silenceMs);
      const abort = (): void => void socket.destroy();
      signal.addEventListener('abort', abort, { once: true });
      socket.on('connect', () => this.#state.set('waiting', `Connected to ${this.#url}; no frame yet.`));
      socket.on('data', (chunk) => {
        try {
          const messagesBefore = parser.messages;
          for (const frame of parser.push(chunk)) {
            // Only parts missed on this connection: what passed during an outage was not in view of the camera.
            const missed = lastPart === undefined ? 0 : Math.max(0, frame.part - lastPart - 1);
            lastPart = frame.part;
            this.#accept(frame, missed, push);
          }
          if (parser.messages === messagesBefore) return;
          silence.refresh();
          this.#backoff.reset();
        } catch (error) {
          this.#state.framesDropped += 1;
          this.#sequence += 1;
          fail(error instanceof Error ? error : cameraErrors.CAMERA_FEED_MALFORMED({ cause: error }));
        }
      });
      socket.on('error', (cause) =>
        fail(cameraErrors.CAMERA_FEED_LOST({ where: this.#url, got: cause.message, cause })),
      );
      socket.on('close', () => {
        clearTimeout(silence);
        signal.removeEventListener('abort', abort);
        if (signal.aborted) resolve();
        else reject(failure ?? cameraErrors.CAMERA_FEED_LOST({ where: this.#url, got: 'the peer closed it' }));
      });
      if (signal.aborted) abort();
    });
  }

  #accept(received: FeedFrame, missed: number, push: (frame: Frame) => void): void {
    const nowMs = this.#deps.clock.nowMs();
    const credible = Math.abs(received.capturedAtMs - nowMs) <= CLOCK_TOLERANCE_MS;
    this.#state.framesDropped += missed;
    this.#sequence += missed;
    this.#state.set('running', `Receives frames from ${this.#url}.`);
    push({
      image: received.image,
      capturedAtMs: credible ? received.capturedAtMs : nowMs,
      sequence: this.#sequence,
    });
    this.#sequence += 1;
  }
}
