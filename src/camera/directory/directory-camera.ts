import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { Backoff } from '../../base/backoff.js';
import { messageOf } from '../../base/errors.js';
import type { Frame, FrameOrigin } from '../../domain/frame.js';
import type { Camera, CameraStatus, FrameToken } from '../../ports/camera.js';
import type { CameraDeps } from '../camera-deps.js';
import { CameraState } from '../camera-state.js';
import { cameraErrors } from '../errors.js';
import { quoted, readImageFile, sniffImage, systemCode } from '../image-file.js';
import { type Candidate, originOf } from './candidate.js';
import { FolderScanner } from './folder-scanner.js';
import { FolderWatch } from './folder-watch.js';
import { KnownFiles } from './known-files.js';
import { examine } from './list-folder.js';
import { untilAborted } from './until-aborted.js';
import { type WaitingFile, WaitingFiles } from './waiting-files.js';

/** Names remembered as done; beyond it the origin log is asked again. */
const MAX_KNOWN = 200_000;
/** Least time between two listings that the system's hints ask for. */
const LEAST_GAP_MS = 50;
/** A listing takes at most a tenth of the time, however full the folder is. */
const REST_FACTOR = 10;

export interface DirectoryCameraOptions {
  readonly path: string;
  /** Small letters, no dot. */
  readonly extensions: readonly string[];
  readonly after: 'keep' | 'delete';
  readonly settleMs: number;
  readonly pollMs: number;
  readonly maxFileBytes: number;
  /** How long an empty file or one without permission may stay so before it is quarantined. */
  readonly graceMs?: number;
  /** How long a file must be missing before the origin log forgets it. */
  readonly goneAfterMs?: number;
}

/**
 * Takes each finished image file of a folder once, the oldest first. A file is finished when its size and time have
 * stayed the same for `settleMs` and while it was read. What has an image's name but is none is quarantined with a
 * reason. A file counts as taken for good once its inspection is in the origin log; until then this process remembers
 * it, and after a crash it is taken again.
 */
export class DirectoryCamera implements Camera {
  readonly overflow = 'wait';
  readonly #options: DirectoryCameraOptions;
  readonly #deps: CameraDeps;
  readonly #state: CameraState;
  readonly #graceMs: number;
  readonly #known: KnownFiles;
  readonly #scanner: FolderScanner;
  readonly #waiting: WaitingFiles;
  readonly #backoff: Backoff;
  #nextScanMs = 0;
  #restUntilMs = 0;
  #moreInFolder = false;
  #sequence = 0;
  #undeleted = 0;

  constructor(options: DirectoryCameraOptions, deps: CameraDeps) {
    this.#options = options;
    this.#deps = deps;
    this.#state = new CameraState(`Opens the folder ${options.path}.`);
    this.#graceMs = Math.max(options.settleMs, options.graceMs ?? 5_000);
    this.#known = new KnownFiles(MAX_KNOWN, options.goneAfterMs ?? 600_000);
    this.#scanner = new FolderScanner(options.path, new Set(options.extensions), this.#known, deps);
    this.#waiting = new WaitingFiles((candidate) =>
      candidate.kind === 'file' && candidate.sizeBytes === 0 ? this.#graceMs : options.settleMs,
    );
    this.#backoff = new Backoff({ initialMs: options.pollMs, maxMs: Math.max(options.pollMs, 10_000) });
  }

  async *frames(signal: AbortSignal): AsyncGenerator<Frame, void> {
    const { clock } = this.#deps;
    const watch = new FolderWatch();
    this.#waiting.clear();
    this.#nextScanMs = 0;
    try {
      while (!signal.aborted) {
        const nowMs = clock.monotonicMs();
        const file = this.#waiting.firstReady(nowMs);
        const scanAtMs = this.#scanAtMs(watch.hinted);
        if (file !== undefined) {
          const frame = await untilAborted(this.#take(file), signal);
          if (frame === undefined || frame === null || signal.aborted) continue;
          this.#known.add(file.candidate.name, file.candidate.mark);
          this.#state.framesTaken += 1;
          this.#tellRunning();
          yield frame;
        } else if (nowMs >= scanAtMs) {
          await untilAborted(this.#scan(watch, signal), signal);
        } else {
          await watch.wait(Math.min(scanAtMs, this.#waiting.nextReadyMs()) - nowMs, signal);
        }
      }
    } finally {
      watch.close();
      this.#state.set('stopped', 'The camera is stopped.');
    }
  }

  async unreadable(frame: Frame, reason: string): Promise<void> {
    if (frame.origin === undefined) return;
    await this.#quarantine(frame.origin, reason).catch((error: unknown) => this.#warn(frame.origin, messageOf(error)));
  }

  async inspected(frame: FrameToken): Promise<void> {
    const { origin } = frame;
    if (origin === undefined || this.#options.after === 'keep') return;
    try {
      const current = await examine(this.#options.path, origin.name);
      // Another file under the same name is not the one that was inspected.
      if (current === undefined || originOf(current).key !== origin.key) return;
      await unlink(join(this.#options.path, origin.name));
      this.#known.delete(origin.name);
      await this.#deps.originLog.forget(this.#deps.station, [origin.key]);
    } catch (error) {
      if (systemCode(error) === 'ENOENT') return;
      this.#undeleted += 1;
      this.#warn(origin, `it could not be deleted after its inspection: ${messageOf(error)}`);
    }
  }

  status(): CameraStatus {
    return this.#state.get();
  }

  #scanAtMs(hinted: boolean): number {
    // Files that did not fit into memory are fetched as soon as the others are done.
    if (this.#moreInFolder && this.#waiting.length === 0) return 0;
    return hinted ? Math.min(this.#nextScanMs, this.#restUntilMs) : this.#nextScanMs;
  }

  async #scan(watch: FolderWatch, signal: AbortSignal): Promise<void> {
    const { clock, station, logger } = this.#deps;
    const startedMs = clock.monotonicMs();
    try {
      const { candidates, more } = await this.#scanner.scan(watch, signal);
      const endedMs = clock.monotonicMs();
      this.#waiting.replace(candidates, endedMs);
      this.#restUntilMs = endedMs + Math.max(LEAST_GAP_MS, REST_FACTOR * (endedMs - startedMs));
      this.#nextScanMs = Math.max(startedMs + this.#options.pollMs, this.#restUntilMs);
      this.#moreInFolder = more;
      this.#backoff.reset();
      this.#tellRunning();
    } catch (cause) {
      watch.close();
      this.#moreInFolder = false;
      this.#nextScanMs = clock.monotonicMs() + this.#backoff.next();
      this.#restUntilMs = this.#nextScanMs;
      const where = this.#options.path;
      const error = cameraErrors.CAMERA_FOLDER_UNREADABLE({ where, got: messageOf(cause), cause });
      if (this.#state.set('failed', error.message)) logger.warn({ station }, error.message);
    }
  }

  /** Takes a file whose time has come; null when it is gone, quarantined or has to wait on. */
  async #take(file: WaitingFile): Promise<Frame | null> {
    const { path, maxFileBytes } = this.#options;
    const { candidate } = file;
    try {
      const current = await examine(path, candidate.name);
      if (current === undefined) this.#waiting.remove(file);
      else if (current.mark !== candidate.mark) this.#waiting.restart(file, current, this.#deps.clock.monotonicMs());
      else {
        const problem = problemOf(candidate, maxFileBytes);
        if (problem !== undefined) return await this.#setAside(file, problem);
        const content = await readImageFile(join(path, candidate.name), maxFileBytes);
        if (content.kind !== 'bytes' || content.mark !== candidate.mark) {
          this.#waiting.restart(file, candidate, this.#deps.clock.monotonicMs());
        } else if (sniffImage(content.data) === null) {
          return await this.#setAside(file, 'its content is no JPEG, PNG, BMP, TIFF or WebP image');
        } else {
          this.#waiting.remove(file);
          return this.#frameOf(candidate, content.data);
        }
      }
    } catch (error) {
      await this.#handleTrouble(file, error);
    }
    return null;
  }

  #frameOf(candidate: Candidate, data: Uint8Array): Frame {
    const sequence = this.#sequence;
    this.#sequence += 1;
    return {
      image: { kind: 'encoded', data },
      // The time of writing is the nearest the folder knows to the time of exposure.
      capturedAtMs: Math.min(this.#deps.clock.nowMs(), Number(candidate.mtimeNs / 1_000_000n)),
      sequence,
      origin: originOf(candidate),
    };
  }

  /** A file that cannot be read now may be readable soon: permissions are often set after writing, shares come back. */
  async #handleTrouble(file: WaitingFile, error: unknown): Promise<void> {
    const code = systemCode(error);
    const nowMs = this.#deps.clock.monotonicMs();
    if (code === 'ENOENT') return this.#waiting.remove(file);
    if ((code === 'EACCES' || code === 'EPERM') && nowMs - file.observedAtMs >= this.#graceMs) {
      const quarantined = this.#setAside(file, 'the agent has no permission to read it').then(() => true);
      if (await quarantined.catch(() => false)) return;
    }
    if (file.attempts === 0) this.#warn(file.candidate, `it cannot be taken yet: ${messageOf(error)}`);
    file.readyAtMs = nowMs + Math.min(60_000, 250 * 2 ** file.attempts);
    file.attempts += 1;
  }

  async #setAside(file: WaitingFile, reason: string): Promise<null> {
    await this.#quarantine(originOf(file.candidate), reason);
    this.#known.add(file.candidate.name, file.candidate.mark);
    this.#waiting.remove(file);
    return null;
  }

  async #quarantine(origin: FrameOrigin, reason: string): Promise<void> {
    await this.#deps.originLog.quarantine(this.#deps.station, origin, reason);
    this.#state.quarantined += 1;
    this.#warn(origin, `it is quarantined: ${reason}`);
  }

  #tellRunning(): void {
    const state = this.#state.framesTaken === 0 && this.#waiting.length === 0 ? 'waiting' : 'running';
    const undeleted = this.#undeleted === 0 ? '' : ` ${this.#undeleted} inspected files could not be deleted.`;
    this.#state.set(state, `Watches the folder ${this.#options.path}.${undeleted}`);
  }

  #warn(file: { readonly name: string } | undefined, text: string): void {
    const name = file?.name ?? '';
    this.#deps.logger.warn({ station: this.#deps.station, file: name }, `File ${quoted(name)}: ${text}.`);
  }
}

/** Why an entry cannot be an image, as far as its outside tells. */
function problemOf({ kind, sizeBytes }: Candidate, maxFileBytes: number): string | undefined {
  if (kind === 'folder') return 'it is a folder';
  if (kind === 'link') return 'it is a symbolic link; only files themselves are taken';
  if (kind === 'special') return 'it is a pipe, socket or device';
  if (kind === 'undecodable') return 'its name is not valid UTF-8, so that it cannot be opened';
  if (sizeBytes === 0) return 'it is empty';
  if (sizeBytes > maxFileBytes) return `it has ${sizeBytes} bytes, more than the ${maxFileBytes} of maxFileBytes`;
  return undefined;
}
