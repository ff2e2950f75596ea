import { Backoff } from '../../base/backoff.js';
import type { JidokaError } from '../../base/errors.js';
import type { Frame } from '../../domain/frame.js';
import type { Camera, CameraStatus } from '../../ports/camera.js';
import type { CameraDeps } from '../camera-deps.js';
import { CameraState } from '../camera-state.js';
import { cameraErrors } from '../errors.js';
import { liveFrames } from '../simulated/live-frames.js';
import { PictureChannels } from './picture-channels.js';
import { ProgramRun } from './program-run.js';
import type { ReceivedPicture } from './reader-messages.js';
import type { ProcessSource } from './source.js';
import {
  initialSupervisorState,
  type Pace,
  type PictureSize,
  type SupervisorAction,
  type SupervisorEvent,
  type SupervisorReasons,
  type SupervisorState,
  supervise,
} from './supervisor.js';

const FIRST_WAIT_MS = 250;
/** Between two tries where trying soon is useless or does harm. */
const PATIENCE_MS = 60_000;
/** From SIGINT to SIGKILL, and from there until the process is called stuck. A GigE camera is given back in this time. */
const GRACE_MS = 2000;

export interface ProcessCameraTiming {
  readonly backoff?: Backoff;
  readonly graceMs?: number;
}

/**
 * A camera whose pictures a program of its own gets: GStreamer or FFmpeg. What is decided is the supervisor's; this class
 * carries it out, with one run of the program at a time.
 */
export class ProcessCamera implements Camera {
  readonly overflow = 'drop-oldest';
  readonly #source: ProcessSource;
  readonly #deps: CameraDeps;
  readonly #state: CameraState;
  readonly #backoff: Backoff;
  readonly #graceMs: number;
  readonly #channels = new PictureChannels();
  readonly #reasons: SupervisorReasons<JidokaError>;
  #supervisor: SupervisorState<JidokaError> = initialSupervisorState;
  #run: ProgramRun | undefined;
  #push: (frame: Frame) => void = () => undefined;
  #timer: NodeJS.Timeout | undefined;
  #trouble: { readonly reason: JidokaError; readonly sinceMs: number } | undefined;
  #whenStopped: () => void = () => undefined;
  #sequence = 0;

  constructor(source: ProcessSource, deps: CameraDeps, timing: ProcessCameraTiming = {}) {
    this.#source = source;
    this.#deps = deps;
    this.#backoff = timing.backoff ?? new Backoff({ initialMs: FIRST_WAIT_MS, maxMs: source.reconnectMaxMs });
    this.#graceMs = timing.graceMs ?? GRACE_MS;
    this.#state = new CameraState(`Opens ${source.name}.`);
    this.#reasons = {
      silent: (ms, started) => {
        const details = { where: source.name, got: `no picture for ${(ms / 1000).toFixed(1)} s` };
        return started ? cameraErrors.CAMERA_STALLED(details) : cameraErrors.CAMERA_NO_PICTURE(details);
      },
      resized: (from, to) =>
        cameraErrors.CAMERA_SIZE_CHANGED({ where: source.name, got: sizeText(to), expected: sizeText(from) }),
    };
  }

  frames(signal: AbortSignal): AsyncIterable<Frame> {
    return liveFrames(signal, this.#state, (ending, push) => this.#keepRunning(ending, push));
  }

  async unreadable(): Promise<void> {}

  async inspected(): Promise<void> {}

  status(): CameraStatus {
    return this.#state.get();
  }

  async #keepRunning(signal: AbortSignal, push: (frame: Frame) => void): Promise<void> {
    if (signal.aborted) return;
    this.#push = push;
    const stopped = new Promise<void>((resolve) => {
      this.#whenStopped = resolve;
    });
    this.#state.set('starting', `Opens ${this.#source.name}.`);
    signal.addEventListener('abort', () => this.#dispatch({ kind: 'stop' }), { once: true });
    this.#dispatch({ kind: 'start', atMs: this.#deps.clock.monotonicMs() });
    await stopped;
    this.#run?.abandon();
    await this.#channels.close();
    this.#trouble = undefined;
    this.#backoff.reset();
  }

  #dispatch(event: SupervisorEvent<JidokaError>): void {
    const { state, actions } = supervise(this.#supervisor, event, this.#source.limits, this.#reasons);
    this.#supervisor = state;
    for (const action of actions) this.#act(action);
  }

  #act(action: SupervisorAction<JidokaError>): void {
    const { clock } = this.#deps;
    switch (action.do) {
      case 'spawn':
        this.#spawn(action.life);
        break;
      case 'signal':
        this.#run?.signal(action.name);
        break;
      case 'watch':
        this.#later(action.atMs - clock.monotonicMs(), () => {
          this.#dispatch({ kind: 'look', life: action.life, atMs: clock.monotonicMs() });
        });
        break;
      case 'give-grace':
        this.#later(this.#graceMs, () => this.#dispatch({ kind: 'grace-over', life: action.life }));
        break;
      case 'wait':
        this.#later(this.#waitMs(action.pace), () => {
          this.#dispatch({ kind: 'retry', life: action.life, atMs: clock.monotonicMs() });
        });
        break;
      case 'reset-backoff':
        this.#backoff.reset();
        break;
      case 'announce-running':
        this.#becomeRunning(action.size);
        break;
      case 'announce-waiting':
        this.#becomeWaiting();
        break;
      case 'announce-down':
        this.#becomeDown(action.reason);
        break;
      case 'announce-stuck':
        this.#becomeDown(cameraErrors.CAMERA_PROGRAM_STUCK({ where: this.#source.name }));
        break;
      case 'announce-stopped':
        clearTimeout(this.#timer);
        this.#whenStopped();
        break;
    }
  }

  #later(ms: number, run: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(run, Math.max(0, ms));
  }

  #waitMs(pace: Pace): number {
    if (pace === 'soon') return this.#backoff.next();
    if (pace === 'at-once') return 0;
    return Math.max(PATIENCE_MS, this.#source.reconnectMaxMs) * (0.75 + Math.random() / 4);
  }

  #spawn(life: number): void {
    this.#run = new ProgramRun(this.#source, life, this.#channels, {
      onStarted: (parameters) => {
        const fields = { station: this.#deps.station, program: this.#source.program, parameters };
        this.#deps.logger.debug(fields, `Starts ${this.#source.program} for ${this.#source.name}.`);
      },
      onPicture: (picture) => this.#accept(life, picture),
      onFault: (reason) => this.#dispatch({ kind: 'faulted', life, reason }),
      onHungUp: () => this.#dispatch({ kind: 'hung-up', life }),
      onExited: (ending, lines) => {
        if (lines.length > 0) {
          this.#deps.logger.debug({ station: this.#deps.station, lines }, `The last words of ${this.#source.program}.`);
        }
        this.#dispatch({ kind: 'exited', life, ...ending });
      },
    });
  }

  #accept(life: number, { image, capturedAtMs, lost }: ReceivedPicture): void {
    const { width, height } = image;
    this.#dispatch({ kind: 'frame', life, atMs: this.#deps.clock.monotonicMs(), size: { width, height } });
    const { kind } = this.#supervisor;
    if (kind !== 'live' && kind !== 'ending') return;
    // What comes while a life is being ended, such as the picture whose size has ended it, is not inspected.
    this.#state.framesDropped += lost + (kind === 'live' ? 0 : 1);
    this.#sequence += lost;
    if (kind === 'live') this.#push({ image, capturedAtMs, sequence: this.#sequence });
    this.#sequence += 1;
  }

  #becomeRunning({ width, height }: PictureSize): void {
    const { logger, station, clock } = this.#deps;
    this.#state.set('running', `Takes pictures of ${sizeText({ width, height })} from ${this.#source.name}.`);
    const after =
      this.#trouble === undefined ? '' : ` again, after ${secondsText(clock.nowMs() - this.#trouble.sinceMs)}`;
    logger.info(
      { station, width, height },
      `Pictures of ${sizeText({ width, height })} come from ${this.#source.name}${after}.`,
    );
    this.#trouble = undefined;
  }

  #becomeWaiting(): void {
    this.#trouble = undefined;
    this.#state.set('waiting', `Waits for a picture from ${this.#source.name}.`);
  }

  #becomeDown(reason: JidokaError): void {
    const { logger, station, clock } = this.#deps;
    // A camera that is away for a week is one line in the log, not one at each attempt.
    const repeated = this.#trouble?.reason.code === reason.code;
    this.#trouble = { reason, sinceMs: this.#trouble?.sinceMs ?? clock.nowMs() };
    this.#state.set('failed', reason.message);
    if (repeated) logger.debug({ station, code: reason.code }, reason.message);
    else logger.warn({ station, code: reason.code }, reason.message);
  }
}

function sizeText({ width, height }: PictureSize): string {
  return `${width}x${height}`;
}

function secondsText(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
