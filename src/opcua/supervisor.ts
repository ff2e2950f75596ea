/**
 * The supervision of one OPC UA connection as a pure state machine: it decides, the shell in `connection.ts` does.
 *
 * A connection is a row of lives. Each life is one client with one session and one subscription; it is opened, heard
 * from, and thrown away when it falls silent. It is never repaired: node-opcua's own reconnection can hang without a
 * word. Events of an earlier life are ignored, so that a late answer cannot disturb the present one.
 * Times are of a monotonic clock, in ms.
 */
export type SupervisorState<Reason> =
  | { readonly kind: 'stopped'; readonly life: number }
  | { readonly kind: 'opening'; readonly life: number }
  | Live
  | { readonly kind: 'closing'; readonly life: number; readonly reason: Reason; readonly patient: boolean }
  | { readonly kind: 'waiting'; readonly life: number; readonly reason: Reason }
  | { readonly kind: 'stopping'; readonly life: number };

interface Live {
  readonly kind: 'live';
  readonly life: number;
  readonly openedAtMs: number;
  readonly heardAtMs: number;
  readonly lostAfterMs: number;
  /** When the watchdog is to look next. */
  readonly lookAtMs: number;
  /** The life has lasted long enough for the next trouble to be retried quickly. */
  readonly steady: boolean;
}

export type SupervisorEvent<Reason> =
  | { readonly kind: 'start' }
  | { readonly kind: 'opened'; readonly life: number; readonly atMs: number; readonly lostAfterMs: number }
  /** The attempt failed or the life ended. `patient`: trying again soon is useless or does harm (a locked account). */
  | { readonly kind: 'failed'; readonly life: number; readonly reason: Reason; readonly patient: boolean }
  /** Data or a keep-alive came. */
  | { readonly kind: 'heard'; readonly life: number; readonly atMs: number }
  | { readonly kind: 'look'; readonly life: number; readonly atMs: number }
  | { readonly kind: 'closed'; readonly life: number }
  | { readonly kind: 'retry'; readonly life: number }
  | { readonly kind: 'stop' };

export type SupervisorAction<Reason> =
  | { readonly do: 'open'; readonly life: number }
  | { readonly do: 'close'; readonly life: number }
  /** Send `look` at this time. */
  | { readonly do: 'watch'; readonly life: number; readonly atMs: number }
  /** Send `retry` after the next back-off, or after the longest where patience is asked for. */
  | { readonly do: 'wait'; readonly life: number; readonly patient: boolean }
  | { readonly do: 'reset-backoff' }
  | { readonly do: 'announce-live'; readonly life: number }
  | { readonly do: 'announce-down'; readonly reason: Reason }
  | { readonly do: 'announce-stopped' };

export interface SupervisorStep<Reason> {
  readonly state: SupervisorState<Reason>;
  readonly actions: readonly SupervisorAction<Reason>[];
}

export const initialSupervisorState: SupervisorState<never> = { kind: 'stopped', life: 0 };

/** `silent(ms)` gives the reason of a life that ended because nothing was heard for that long. */
export function supervise<Reason>(
  state: SupervisorState<Reason>,
  event: SupervisorEvent<Reason>,
  silent: (ms: number) => Reason,
): SupervisorStep<Reason> {
  if (event.kind === 'start') return state.kind === 'stopped' ? open(state.life + 1) : same(state);
  if (event.kind === 'stop') return stop(state);
  if (event.life !== state.life) return same(state);
  switch (state.kind) {
    case 'opening':
      if (event.kind === 'opened') return begin(event.life, event.atMs, event.lostAfterMs);
      if (event.kind === 'failed') return end(state.life, event.reason, event.patient);
      return same(state);
    case 'live':
      if (event.kind === 'heard') return hear(state, event.atMs);
      if (event.kind === 'look') return look(state, event.atMs, silent);
      if (event.kind === 'failed') return end(state.life, event.reason, event.patient);
      return same(state);
    case 'closing':
      if (event.kind !== 'closed') return same(state);
      return {
        state: { kind: 'waiting', life: state.life, reason: state.reason },
        actions: [{ do: 'wait', life: state.life, patient: state.patient }],
      };
    case 'waiting':
      return event.kind === 'retry' ? open(state.life + 1) : same(state);
    case 'stopping':
      return event.kind === 'closed' ? stopped(state.life) : same(state);
    case 'stopped':
      return same(state);
  }
}

function same<Reason>(state: SupervisorState<Reason>): SupervisorStep<Reason> {
  return { state, actions: [] };
}

function open<Reason>(life: number): SupervisorStep<Reason> {
  return { state: { kind: 'opening', life }, actions: [{ do: 'open', life }] };
}

function begin<Reason>(life: number, atMs: number, lostAfterMs: number): SupervisorStep<Reason> {
  const lookAtMs = atMs + lostAfterMs;
  return {
    state: { kind: 'live', life, openedAtMs: atMs, heardAtMs: atMs, lostAfterMs, lookAtMs, steady: false },
    actions: [
      { do: 'announce-live', life },
      { do: 'watch', life, atMs: lookAtMs },
    ],
  };
}

function hear<Reason>(state: Live, atMs: number): SupervisorStep<Reason> {
  // A server that accepts every session and drops it at once must not be hammered: only a life that has outlasted
  // its own watchdog makes the waits short again.
  const steady = state.steady || atMs - state.openedAtMs >= state.lostAfterMs;
  return {
    state: { ...state, heardAtMs: Math.max(state.heardAtMs, atMs), steady },
    actions: steady && !state.steady ? [{ do: 'reset-backoff' }] : [],
  };
}

function look<Reason>(state: Live, atMs: number, silent: (ms: number) => Reason): SupervisorStep<Reason> {
  const silentMs = atMs - state.heardAtMs;
  if (silentMs < state.lostAfterMs) return watch(state, state.heardAtMs + state.lostAfterMs);
  // Timers run before sockets are read: after the gateway itself was held up, what the server sent meanwhile has not
  // been seen yet. One more look shows whether it is there.
  const heldUp = atMs - state.lookAtMs > state.lostAfterMs / 2;
  if (heldUp) return watch(state, atMs + state.lostAfterMs / 2);
  return end(state.life, silent(silentMs), false);
}

function watch<Reason>(state: Live, lookAtMs: number): SupervisorStep<Reason> {
  return { state: { ...state, lookAtMs }, actions: [{ do: 'watch', life: state.life, atMs: lookAtMs }] };
}

function end<Reason>(life: number, reason: Reason, patient: boolean): SupervisorStep<Reason> {
  return {
    state: { kind: 'closing', life, reason, patient },
    actions: [
      { do: 'announce-down', reason },
      { do: 'close', life },
    ],
  };
}

function stop<Reason>(state: SupervisorState<Reason>): SupervisorStep<Reason> {
  switch (state.kind) {
    case 'stopped':
    case 'stopping':
      return same(state);
    case 'waiting':
      return stopped(state.life);
    case 'closing':
      return { state: { kind: 'stopping', life: state.life }, actions: [] };
    case 'opening':
    case 'live':
      return { state: { kind: 'stopping', life: state.life }, actions: [{ do: 'close', life: state.life }] };
  }
}

function stopped<Reason>(life: number): SupervisorStep<Reason> {
  return { state: { kind: 'stopped', life }, actions: [{ do: 'announce-stopped' }] };
}
