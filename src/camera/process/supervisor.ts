/**
 * The supervision of a camera's program as a pure state machine: it decides, the shell in `process-camera.ts` does.
 *
 * A camera is a row of lives. Each life is one process with one stream of pictures. It is started, watched by its
 * pictures alone, and when it fails it is ended and another one begins; it is never repaired. Events of an earlier life
 * are ignored, so that a late word of an old process cannot disturb the present one. Times are of a monotonic clock.
 */
export interface SupervisorLimits {
  /** From the start of the process to its first picture. */
  readonly startWithinMs: number;
  /** Between two pictures; null for a camera that may rightly be silent for ever, since it waits for a trigger. */
  readonly stallAfterMs: number | null;
}

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** How soon the next life begins: at once, after the next back-off, or after the longest wait. */
export type Pace = 'at-once' | 'soon' | 'patient';

/** How a life ended by itself. */
export interface Exit<Reason> {
  /** Undefined where it was no failure. */
  readonly reason: Reason | undefined;
  readonly pace: Pace;
  /** The camera was well until then, and only had nothing to show. */
  readonly idle?: boolean;
}

interface Common {
  readonly life: number;
  /** Of the last picture, over lives. */
  readonly size: PictureSize | undefined;
}

export interface LiveState extends Common {
  readonly kind: 'live';
  readonly firstAtMs: number | undefined;
  /** The time from which silence is counted. */
  readonly heardAtMs: number;
  /** When the watchdog is to look next. */
  readonly lookAtMs: number;
  /** The life has lasted long enough for the next trouble to be retried quickly. */
  readonly steady: boolean;
}

/** What has been tried to end a process. */
type Stage = 'left-alone' | 'terminated' | 'killed';

export interface EndingState<Reason> extends Common {
  readonly kind: 'ending';
  readonly stage: Stage;
  /** Undefined where the process itself will tell, at its end. */
  readonly reason: Reason | undefined;
}

export type SupervisorState<Reason> =
  | ({ readonly kind: 'stopped' } & Common)
  | LiveState
  | EndingState<Reason>
  | ({ readonly kind: 'waiting' } & Common)
  | ({ readonly kind: 'stopping'; readonly stage: Stage } & Common);

export type SupervisorEvent<Reason> =
  | { readonly kind: 'start'; readonly atMs: number }
  | { readonly kind: 'frame'; readonly life: number; readonly atMs: number; readonly size: PictureSize }
  | { readonly kind: 'look'; readonly life: number; readonly atMs: number }
  /** The stream cannot be used any more; the process may live. */
  | { readonly kind: 'faulted'; readonly life: number; readonly reason: Reason }
  /** The stream has ended; the process may live, and mostly ends now by itself. */
  | { readonly kind: 'hung-up'; readonly life: number }
  /** Process and stream are gone. */
  | ({ readonly kind: 'exited'; readonly life: number } & Exit<Reason>)
  /** The time is over that the process was given to end. */
  | { readonly kind: 'grace-over'; readonly life: number }
  | { readonly kind: 'retry'; readonly life: number; readonly atMs: number }
  | { readonly kind: 'stop' };

export type SupervisorAction<Reason> =
  | { readonly do: 'spawn'; readonly life: number }
  /**
   * SIGINT and not SIGTERM asks it to end: upon SIGTERM `gst-launch-1.0` 1.22 just dies, and a GigE camera stays reserved for it
   * until its heartbeat runs out. FFmpeg takes both the same.
   */
  | { readonly do: 'signal'; readonly name: 'SIGINT' | 'SIGKILL' }
  /** Send `look` at this time. */
  | { readonly do: 'watch'; readonly life: number; readonly atMs: number }
  /** Send `grace-over` after the time that a process is given to end. */
  | { readonly do: 'give-grace'; readonly life: number }
  /** Send `retry` after a wait. */
  | { readonly do: 'wait'; readonly life: number; readonly pace: Pace }
  | { readonly do: 'reset-backoff' }
  | { readonly do: 'announce-running'; readonly size: PictureSize }
  | { readonly do: 'announce-waiting' }
  | { readonly do: 'announce-down'; readonly reason: Reason }
  /** The process does not even end by SIGKILL: the kernel holds it, in a driver. */
  | { readonly do: 'announce-stuck' }
  | { readonly do: 'announce-stopped' };

/** Makes the reasons that the machine finds by itself. */
export interface SupervisorReasons<Reason> {
  /** No picture for so long; `started`: there had been one. */
  silent(ms: number, started: boolean): Reason;
  resized(from: PictureSize, to: PictureSize): Reason;
}

export interface SupervisorStep<Reason> {
  readonly state: SupervisorState<Reason>;
  readonly actions: readonly SupervisorAction<Reason>[];
}

export const initialSupervisorState: SupervisorState<never> = { kind: 'stopped', life: 0, size: undefined };

export function supervise<Reason>(
  state: SupervisorState<Reason>,
  event: SupervisorEvent<Reason>,
  limits: SupervisorLimits,
  reasons: SupervisorReasons<Reason>,
): SupervisorStep<Reason> {
  if (event.kind === 'start') return state.kind === 'stopped' ? begin(state, event.atMs, limits) : same(state);
  if (event.kind === 'stop') return stop(state);
  if (event.life !== state.life) return same(state);
  switch (state.kind) {
    case 'live':
      return inLife(state, event, limits, reasons);
    case 'ending':
      if (event.kind === 'exited') return wait(state, state.reason, event);
      return event.kind === 'grace-over' ? press(state) : same(state);
    case 'waiting':
      return event.kind === 'retry' ? begin(state, event.atMs, limits) : same(state);
    case 'stopping':
      if (event.kind === 'exited') return stopped(state);
      // A process that the kernel does not let go cannot be waited for.
      if (event.kind === 'grace-over') return state.stage === 'killed' ? stopped(state) : press(state);
      return same(state);
    case 'stopped':
      return same(state);
  }
}

function same<Reason>(state: SupervisorState<Reason>): SupervisorStep<Reason> {
  return { state, actions: [] };
}

function begin<Reason>({ life: past, size }: Common, atMs: number, limits: SupervisorLimits): SupervisorStep<Reason> {
  const life = past + 1;
  const lookAtMs = atMs + limits.startWithinMs;
  return {
    state: { kind: 'live', life, size, firstAtMs: undefined, heardAtMs: atMs, lookAtMs, steady: false },
    actions: [
      { do: 'spawn', life },
      { do: 'watch', life, atMs: lookAtMs },
    ],
  };
}

function inLife<Reason>(
  state: LiveState,
  event: Exclude<SupervisorEvent<Reason>, { kind: 'start' | 'stop' }>,
  limits: SupervisorLimits,
  reasons: SupervisorReasons<Reason>,
): SupervisorStep<Reason> {
  switch (event.kind) {
    case 'frame':
      return hear(state, event, limits, reasons);
    case 'look':
      return look(state, event.atMs, limits, reasons);
    case 'faulted':
      return end(state, event.reason);
    case 'hung-up': {
      const { life, size } = state;
      return {
        state: { kind: 'ending', life, size, stage: 'left-alone', reason: undefined },
        actions: [{ do: 'give-grace', life }],
      };
    }
    case 'exited':
      return wait(state, undefined, event);
    default:
      return same(state);
  }
}

function hear<Reason>(
  state: LiveState,
  { atMs, size }: { readonly atMs: number; readonly size: PictureSize },
  limits: SupervisorLimits,
  reasons: SupervisorReasons<Reason>,
): SupervisorStep<Reason> {
  const { life } = state;
  if (state.size !== undefined && (state.size.width !== size.width || state.size.height !== size.height)) {
    return end({ ...state, size }, reasons.resized(state.size, size));
  }
  const proven = limits.stallAfterMs ?? limits.startWithinMs;
  if (state.firstAtMs === undefined) {
    const lookAtMs = atMs + proven;
    return {
      state: { ...state, size, firstAtMs: atMs, heardAtMs: atMs, lookAtMs },
      actions: [
        { do: 'announce-running', size },
        ...(limits.stallAfterMs === null ? [] : [{ do: 'watch', life, atMs: lookAtMs } as const]),
      ],
    };
  }
  // A camera that sends a few pictures and fails again must not be started at full speed: only a life that has
  // outlasted its own watchdog makes the waits short again.
  const steady = state.steady || atMs - state.firstAtMs >= proven;
  return {
    state: { ...state, heardAtMs: Math.max(state.heardAtMs, atMs), steady },
    actions: steady && !state.steady ? [{ do: 'reset-backoff' }] : [],
  };
}

function look<Reason>(
  state: LiveState,
  atMs: number,
  { startWithinMs, stallAfterMs }: SupervisorLimits,
  reasons: SupervisorReasons<Reason>,
): SupervisorStep<Reason> {
  // A camera on a trigger that is still there after its time to start is well, though nothing has come yet.
  if (stallAfterMs === null) return { state, actions: [{ do: 'announce-waiting' }] };
  const started = state.firstAtMs !== undefined;
  const limitMs = started ? stallAfterMs : startWithinMs;
  const silentMs = atMs - state.heardAtMs;
  if (silentMs < limitMs) return watch(state, state.heardAtMs + limitMs);
  // Timers run before messages are read: after the gateway itself was held up, the pictures that came meanwhile have
  // not been seen yet. One more look shows whether they are there.
  if (atMs - state.lookAtMs > limitMs / 2) return watch(state, atMs + limitMs / 2);
  return end(state, reasons.silent(silentMs, started));
}

function watch<Reason>(state: LiveState, lookAtMs: number): SupervisorStep<Reason> {
  return { state: { ...state, lookAtMs }, actions: [{ do: 'watch', life: state.life, atMs: lookAtMs }] };
}

function end<Reason>({ life, size }: Common, reason: Reason): SupervisorStep<Reason> {
  return {
    state: { kind: 'ending', life, size, stage: 'terminated', reason },
    actions: [
      { do: 'announce-down', reason },
      { do: 'signal', name: 'SIGINT' },
      { do: 'give-grace', life },
    ],
  };
}

/** The process is still there after its grace. */
function press<Reason>(
  state: EndingState<Reason> | Extract<SupervisorState<Reason>, { kind: 'stopping' }>,
): SupervisorStep<Reason> {
  const { life, stage } = state;
  if (stage === 'killed') return { state, actions: [{ do: 'announce-stuck' }] };
  const next = stage === 'left-alone' ? 'terminated' : 'killed';
  return {
    state: { ...state, stage: next },
    actions: [
      { do: 'signal', name: next === 'terminated' ? 'SIGINT' : 'SIGKILL' },
      { do: 'give-grace', life },
    ],
  };
}

/** The life is over. A reason that was found before its end counts, and has been announced already. */
function wait<Reason>(
  { life, size }: Common,
  known: Reason | undefined,
  { reason, pace, idle }: Exit<Reason>,
): SupervisorStep<Reason> {
  const announcements: SupervisorAction<Reason>[] = [];
  if (known === undefined && reason !== undefined) announcements.push({ do: 'announce-down', reason });
  if (idle === true) announcements.push({ do: 'announce-waiting' });
  return {
    state: { kind: 'waiting', life, size },
    actions: [...announcements, { do: 'wait', life, pace: known === undefined ? pace : 'soon' }],
  };
}

function stop<Reason>(state: SupervisorState<Reason>): SupervisorStep<Reason> {
  const { life, size } = state;
  switch (state.kind) {
    case 'stopped':
    case 'stopping':
      return same(state);
    case 'waiting':
      return stopped(state);
    case 'ending':
      if (state.stage !== 'left-alone') {
        return { state: { kind: 'stopping', life, size, stage: state.stage }, actions: [] };
      }
  }
  return {
    state: { kind: 'stopping', life, size, stage: 'terminated' },
    actions: [
      { do: 'signal', name: 'SIGINT' },
      { do: 'give-grace', life },
    ],
  };
}

function stopped<Reason>({ life, size }: Common): SupervisorStep<Reason> {
  return { state: { kind: 'stopped', life, size }, actions: [{ do: 'announce-stopped' }] };
}
