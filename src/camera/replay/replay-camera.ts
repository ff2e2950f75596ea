import { join } from 'node:path';
import { Backoff } from '../../base/backoff.js';
import { messageOf } from '../../base/errors.js';
import { sleep } from '../../base/lifecycle.js';
import type { Frame } from '../../domain/frame.js';
import type { Camera, CameraStatus } from '../../ports/camera.js';
import type { CameraDeps } from '../camera-deps.js';
import { CameraState } from '../camera-state.js';
import { cameraErrors } from '../errors.js';
import { quoted, readImageFile, sniffImage, systemCode } from '../image-file.js';
import { listImages } from './list-images.js';

/** Larger files are skipped: a replay shows pictures of a camera, not archives. */
const MAX_FILE_BYTES = 256 * 1024 * 1024;

export interface ReplayCameraOptions {
  readonly path: string;
  readonly framesPerSecond: number;
  readonly loop: boolean;
}

/**
 * Shows the image files of a folder tree at a set rate. It can wait: a station that is slower than the rate gets every
 * file, later. Files that cannot be read are skipped and counted once each as quarantined.
 */
export class ReplayCamera implements Camera {
  readonly overflow = 'wait';
  readonly #options: ReplayCameraOptions;
  readonly #deps: CameraDeps;
  readonly #state: CameraState;
  readonly #skipped = new Set<string>();
  readonly #names = new WeakMap<Frame, string>();
  #sequence = 0;

  constructor(options: ReplayCameraOptions, deps: CameraDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#state = new CameraState(`Opens the folder ${options.path}.`);
  }

  /** @throws CAMERA_FOLDER_MISSING, CAMERA_FOLDER_EMPTY when there is nothing to show at the start. */
  async *frames(signal: AbortSignal): AsyncGenerator<Frame, void> {
    const backoff = new Backoff({ initialMs: 1000, maxMs: 30_000 });
    let ending = 'The camera is stopped.';
    try {
      let names = await this.#list(signal).catch((error: unknown) => {
        ending = messageOf(error);
        throw error;
      });
      while (!signal.aborted) {
        const shown = this.#state.framesTaken;
        yield* this.#show(names, signal);
        if (!this.#options.loop && !signal.aborted) ending = 'Every file has been shown.';
        if (!this.#options.loop || signal.aborted) return;
        if (this.#state.framesTaken > shown) backoff.reset();
        else await this.#pause('No file in the folder can be shown.', backoff, signal);
        names = (await this.#listAgain(backoff, signal)) ?? names;
      }
    } finally {
      this.#state.set('stopped', ending);
    }
  }

  async unreadable(frame: Frame, reason: string): Promise<void> {
    const name = this.#names.get(frame);
    if (name !== undefined) this.#skip(name, reason);
  }

  async inspected(): Promise<void> {}

  status(): CameraStatus {
    return this.#state.get();
  }

  async *#show(names: readonly string[], signal: AbortSignal): AsyncGenerator<Frame, void> {
    const { clock } = this.#deps;
    const periodMs = 1000 / this.#options.framesPerSecond;
    let dueMs = clock.monotonicMs();
    for (const name of names) {
      if (signal.aborted) return;
      const data = this.#skipped.has(name) ? null : await this.#read(name);
      if (data === null) continue;
      // A reader that was slower than the rate is not sent a burst to catch up.
      await sleep(Math.max(0, dueMs - clock.monotonicMs()), signal);
      if (signal.aborted) return;
      dueMs = Math.max(dueMs, clock.monotonicMs()) + periodMs;
      const frame: Frame = {
        image: { kind: 'encoded', data },
        capturedAtMs: clock.nowMs(),
        sequence: this.#sequence,
      };
      this.#sequence += 1;
      this.#names.set(frame, name);
      this.#state.framesTaken += 1;
      this.#state.set('running', `Replays ${names.length} files of ${this.#options.path}.`);
      yield frame;
    }
    // The last file keeps its share of the time before the first one comes again.
    await sleep(Math.max(0, dueMs - clock.monotonicMs()), signal);
  }

  async #read(name: string): Promise<Uint8Array | null> {
    try {
      const content = await readImageFile(join(this.#options.path, name), MAX_FILE_BYTES, true);
      if (content.kind === 'bytes' && sniffImage(content.data) !== null) return content.data;
      // A file that is being written may be whole in the next round.
      if (content.kind !== 'changing') {
        this.#skip(name, content.kind === 'bytes' ? 'no image of a known kind' : 'no file that can be shown');
      }
    } catch (error) {
      // A file that was removed since the listing is no trouble.
      if (systemCode(error) !== 'ENOENT') this.#skip(name, messageOf(error));
    }
    return null;
  }

  #skip(name: string, reason: string): void {
    if (this.#skipped.has(name)) return;
    this.#skipped.add(name);
    this.#state.quarantined += 1;
    this.#deps.logger.warn(
      { station: this.#deps.station, file: name },
      `The replay skips the file ${quoted(name)}: ${reason}.`,
    );
  }

  async #list(signal: AbortSignal): Promise<readonly string[]> {
    const { path } = this.#options;
    const names = await listImages(path, signal).catch((cause: unknown) => {
      throw cameraErrors.CAMERA_FOLDER_MISSING({ where: path, got: messageOf(cause), cause });
    });
    if (names.length === 0 && !signal.aborted) throw cameraErrors.CAMERA_FOLDER_EMPTY({ where: path });
    return names;
  }

  /** Files come and go while the replay runs; a folder that is gone is waited for. */
  async #listAgain(backoff: Backoff, signal: AbortSignal): Promise<readonly string[] | undefined> {
    while (!signal.aborted) {
      try {
        return await this.#list(signal);
      } catch (error) {
        await this.#pause(messageOf(error), backoff, signal);
      }
    }
    return undefined;
  }

  async #pause(text: string, backoff: Backoff, signal: AbortSignal): Promise<void> {
    if (this.#state.set('failed', text)) this.#deps.logger.warn({ station: this.#deps.station }, text);
    await sleep(backoff.next(), signal);
  }
}
