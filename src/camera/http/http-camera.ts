import type { IncomingMessage } from 'node:http';
import { Backoff } from '../../base/backoff.js';
import { type JidokaError, messageOf } from '../../base/errors.js';
import { sleep } from '../../base/lifecycle.js';
import { ThrottledLog } from '../../base/throttled-log.js';
import { TokenBucket } from '../../base/token-bucket.js';
import type { HttpCameraConfig } from '../../config/schema/camera-http.js';
import type { Frame } from '../../domain/frame.js';
import type { Camera, CameraStatus } from '../../ports/camera.js';
import type { CameraDeps } from '../camera-deps.js';
import { CameraState } from '../camera-state.js';
import { cameraErrors } from '../errors.js';
import { liveFrames } from '../simulated/live-frames.js';
import { isStream } from './answer.js';
import { HttpClient } from './http-client.js';
import type { Scanned } from './jpeg-scanner.js';
import { networkError } from './network-errors.js';
import { SizeGuard, sizeText } from './size-guard.js';
import { readSnapshot } from './snapshot.js';
import { readStream } from './stream.js';

/** No inspection needs more; what a stream sends beyond it is dropped before it costs memory. */
const MAX_PER_SECOND = 240;
/** For so long after it the status tells of a flood. */
const FLOOD_TOLD_MS = 10_000;
/** How often a triggered camera is looked at when no part comes, so that its failure is known before the next one does. */
const LOOK_PER_SECOND = 0.1;
/** Pictures that are fetched at the same time for parts in quick succession. */
const MAX_CAPTURES = 4;
/** Cameras lock an account after a few wrong passwords. */
const LOGIN_BACKOFF = { initialMs: 15_000, maxMs: 300_000 };

type Push = (frame: Frame) => void;

export interface HttpCameraTimes {
  readonly backoff?: Backoff;
  readonly loginBackoff?: Backoff;
}

/**
 * A network camera over HTTP. The first answer tells whether it gives one picture a request or a stream of them; after
 * any trouble it is asked anew. A stream is read as fast as it comes. Frames are whole JPEG files, each in a buffer of
 * its own.
 */
export class HttpCamera implements Camera {
  readonly overflow = 'drop-oldest';
  readonly #config: HttpCameraConfig;
  readonly #deps: CameraDeps;
  readonly #state: CameraState;
  readonly #dropLog: ThrottledLog;
  readonly #sizes: SizeGuard;
  readonly #flood: TokenBucket;
  readonly #backoff: Backoff;
  readonly #loginBackoff: Backoff;
  readonly #captures = new Set<Promise<unknown>>();
  readonly #where: string;
  #client: HttpClient | undefined;
  /** Known from the first answer on. */
  #givesSnapshots = false;
  #loginRefused = false;
  #sequence = 0;
  #cutPictures = 0;
  #floodedAtMs = Number.NEGATIVE_INFINITY;

  constructor(config: HttpCameraConfig, deps: CameraDeps, times: HttpCameraTimes = {}) {
    this.#config = config;
    this.#deps = deps;
    this.#sizes = new SizeGuard(config.size);
    this.#flood = new TokenBucket({ perSecond: MAX_PER_SECOND, burst: MAX_PER_SECOND / 2 }, deps.clock);
    this.#backoff = times.backoff ?? new Backoff({ initialMs: 250, maxMs: config.reconnectMaxMs });
    this.#loginBackoff = times.loginBackoff ?? new Backoff(LOGIN_BACKOFF);
    const { origin, pathname } = new URL(config.url);
    this.#where = `${origin}${pathname}`;
    this.#dropLog = new ThrottledLog(
      deps.logger,
      deps.clock,
      (count) => `${count} more pictures from ${this.#where} were not used in this minute.`,
    );
    this.#state = new CameraState(`Connects to ${this.#where}.`);
  }

  frames(signal: AbortSignal): AsyncIterable<Frame> {
    return liveFrames(signal, this.#state, (ending, push) => this.#keepOpen(ending, push));
  }

  get capture(): Camera['capture'] {
    const client = this.#client;
    if (client === undefined || !this.#givesSnapshots || this.#deps.triggered !== true) return undefined;
    return (timeoutMs, signal) => this.#capture(client, timeoutMs, signal);
  }

  async unreadable(): Promise<void> {}

  async inspected(): Promise<void> {}

  status(): CameraStatus {
    return this.#state.get();
  }

  async #keepOpen(signal: AbortSignal, push: Push): Promise<void> {
    const client = new HttpClient({ config: this.#config, password: this.#deps.password });
    this.#client = client;
    try {
      while (!signal.aborted) {
        const error = await this.#open(client, signal, push).catch((thrown: unknown) => expected(thrown, this.#where));
        if (signal.aborted) return;
        this.#failed(error);
        const refused = error.code === 'CAMERA_HTTP_LOGIN';
        await sleep((refused ? this.#loginBackoff : this.#backoff).next(), signal);
      }
    } finally {
      this.#client = undefined;
      this.#givesSnapshots = false;
      await Promise.all(this.#captures);
      client.close();
      this.#dropLog.flush();
    }
  }

  /** Takes pictures until something is wrong, and says what; anything at all once the signal has aborted. */
  async #open(client: HttpClient, signal: AbortSignal, push: Push): Promise<JidokaError> {
    const askedAtMs = this.#deps.clock.nowMs();
    const response = await client.get(signal);
    this.#loginRefused = false;
    this.#givesSnapshots = !isStream(response, this.#config.mode);
    if (this.#givesSnapshots) return this.#pollSnapshots(client, { response, askedAtMs }, signal, push);
    this.#state.set('waiting', `Connected to the stream of ${this.#where}; no picture yet.`);
    return readStream(response, {
      where: this.#where,
      maxFrameBytes: this.#config.maxFrameBytes,
      stallAfterMs: this.#config.stallAfterMs,
      clock: this.#deps.clock,
      onScanned: (scanned) => (signal.aborted ? undefined : this.#takeScanned(scanned, push)),
    });
  }

  #takeScanned(scanned: Scanned, push: Push): JidokaError | undefined {
    if (scanned.kind !== 'picture') {
      this.#cutPictures += 1;
      this.#dropped(scanned.kind === 'truncated' ? 'it was cut off' : 'it is larger than `maxFrameBytes`');
      return undefined;
    }
    const wrongSize = this.#wrongSize(scanned.size);
    if (wrongSize !== undefined) return wrongSize;
    const fits = this.#flood.take();
    if (!fits) this.#floodedAtMs = this.#deps.clock.monotonicMs();
    this.#succeeded(`Receives pictures of ${sizeText(scanned.size)}`);
    if (fits) push(this.#frame(scanned.data, scanned.atMs));
    else this.#dropped(`more than ${MAX_PER_SECOND} come in a second`);
    return undefined;
  }

  async #pollSnapshots(
    client: HttpClient,
    first: { readonly response: IncomingMessage; readonly askedAtMs: number },
    signal: AbortSignal,
    push: Push,
  ): Promise<JidokaError> {
    const { clock, triggered = false } = this.#deps;
    const periodMs = 1000 / (this.#config.framesPerSecond ?? (triggered ? LOOK_PER_SECOND : 1));
    let dueMs = clock.monotonicMs();
    let next = first;
    for (;;) {
      push(await this.#readFrame(next.response, next.askedAtMs));
      // A camera that is slower than the rate is not asked in bursts to catch up.
      dueMs = Math.max(dueMs + periodMs, clock.monotonicMs());
      await sleep(dueMs - clock.monotonicMs(), signal);
      const askedAtMs = clock.nowMs();
      next = { response: await client.get(signal), askedAtMs };
    }
  }

  /** A picture is as old as its request: the camera may have exposed it in that instant. */
  async #readFrame(response: IncomingMessage, askedAtMs: number): Promise<Frame> {
    const { maxFrameBytes, stallAfterMs } = this.#config;
    const options = { where: this.#where, maxFrameBytes, timeoutMs: stallAfterMs };
    const { data, size } = await readSnapshot(response, options).catch((error: unknown) => {
      const { code } = expected(error, this.#where);
      if (code === 'CAMERA_HTTP_TRUNCATED' || code === 'CAMERA_HTTP_TOO_LARGE') this.#dropped(code);
      throw error;
    });
    const wrongSize = this.#wrongSize(size);
    if (wrongSize !== undefined) throw wrongSize;
    this.#succeeded(`Fetches pictures of ${sizeText(size)}`);
    return this.#frame(data, askedAtMs);
  }

  /** A refused login is not tried again for each part, or the camera would lock the account within minutes. */
  async #capture(client: HttpClient, timeoutMs: number, signal: AbortSignal): Promise<Frame | undefined> {
    if (this.#loginRefused || signal.aborted) return undefined;
    if (this.#captures.size >= MAX_CAPTURES) {
      this.#dropped(`${MAX_CAPTURES} are being fetched already`);
      return undefined;
    }
    const ending = new AbortController();
    const end = (): void => ending.abort();
    signal.addEventListener('abort', end, { once: true });
    const overdue = setTimeout(end, timeoutMs);
    const capturing = this.#fetch(client, ending.signal).catch((error: unknown) => {
      // What the station's own deadline or its end has cut off says nothing of the camera.
      if (!ending.signal.aborted) this.#failed(expected(error, this.#where));
      return undefined;
    });
    this.#captures.add(capturing);
    try {
      const frame = await capturing;
      if (frame !== undefined) this.#state.framesTaken += 1;
      return frame;
    } finally {
      clearTimeout(overdue);
      signal.removeEventListener('abort', end);
      this.#captures.delete(capturing);
    }
  }

  async #fetch(client: HttpClient, signal: AbortSignal): Promise<Frame> {
    // A camera that hands out what it has in its buffer would show the scene from before the trigger.
    await sleep(this.#config.latencyMs, signal);
    const askedAtMs = this.#deps.clock.nowMs();
    return this.#readFrame(await client.get(signal), askedAtMs);
  }

  #frame(data: Uint8Array, atMs: number): Frame {
    const sequence = this.#sequence;
    this.#sequence += 1;
    return { image: { kind: 'encoded', data }, capturedAtMs: atMs - this.#config.latencyMs, sequence };
  }

  #dropped(why: string): void {
    this.#state.framesDropped += 1;
    this.#sequence += 1;
    const { station } = this.#deps;
    this.#dropLog.warn({ station, camera: this.#where }, `A picture of the camera was not used: ${why}.`);
  }

  #wrongSize(size: { readonly width: number; readonly height: number }): JidokaError | undefined {
    if (this.#sizes.admits(size)) return undefined;
    const { expected: wanted = size } = this.#sizes;
    this.#dropped(`it has ${sizeText(size)} pixels instead of ${sizeText(wanted)}`);
    return cameraErrors.CAMERA_HTTP_SIZE_CHANGED({
      where: this.#where,
      got: sizeText(size),
      expected: sizeText(wanted),
    });
  }

  #succeeded(what: string): void {
    this.#backoff.reset();
    this.#loginBackoff.reset();
    this.#loginRefused = false;
    const cut = this.#cutPictures === 0 ? '' : ` ${this.#cutPictures} came cut off or too large and were not used.`;
    const flooded = this.#deps.clock.monotonicMs() - this.#floodedAtMs < FLOOD_TOLD_MS;
    const flood = !flooded ? '' : ` It sends more than ${MAX_PER_SECOND} a second; the rest is dropped and counted.`;
    const before = this.#state.get().state;
    this.#state.set('running', `${what} from ${this.#where}.${flood}${cut}`);
    if (before === 'failed')
      this.#deps.logger.info({ station: this.#deps.station }, `Pictures come from ${this.#where} again.`);
  }

  #failed(error: JidokaError): void {
    if (error.code === 'CAMERA_HTTP_LOGIN') this.#loginRefused = true;
    const changed = this.#state.set('failed', messageOf(error));
    if (changed) this.#deps.logger.warn({ station: this.#deps.station, camera: this.#where }, messageOf(error));
  }
}

/** An error of the catalogue passes; anything else is a mistake in the program and is not taken for a dropout. */
function expected(error: unknown, where: string): JidokaError {
  if (error instanceof TypeError || error instanceof RangeError) throw error;
  return networkError(error, where);
}
