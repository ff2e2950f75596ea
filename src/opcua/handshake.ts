import type { TriggerEcho } from '../domain/inspection.js';
import {
  ERROR_CODES,
  type ErrorCode,
  type Gone,
  type HandshakeRules,
  type HandshakeState,
  isOnline,
  isReady,
  type LinePart,
  usefulUntilMs,
  writableUntilMs,
} from './handshake-state.js';

/**
 * The handshake between a station and its PLC as a pure state machine: it decides, the shell in `verdict-output.ts`
 * does. Times are of a monotonic clock, in ms.
 *
 * Parts stand in a line in the order of their triggers, and results reach the PLC in that order. One result at a time
 * is in the tags; where the PLC acknowledges, the next one waits for that. Whatever is not certain ends in no result:
 * a verdict after its deadline, a write that failed, a connection that was lost with the part under way.
 */
export type HandshakeEvent = { readonly atMs: number } & (
  | { readonly kind: 'live' | 'down' | 'tick' | 'stop' }
  | { readonly kind: 'opened'; readonly id: string; readonly openedAtMs: number; readonly called: boolean }
  | { readonly kind: 'taken'; readonly id: string; readonly echo: TriggerEcho | undefined }
  | { readonly kind: 'turned-away' }
  /** The PLC's program has begun anew, though the connection stands. */
  | { readonly kind: 'restarted' }
  /** The three ends that a part can have in the pipeline. */
  | { readonly kind: 'decided' | 'withheld' | 'dropped'; readonly id: string }
  /** How the write of a result ended. */
  | { readonly kind: 'written' | 'unwritten'; readonly id: string }
  | { readonly kind: 'reset' | 'not-reset' }
  /** A write of levels failed though the connection stands. */
  | { readonly kind: 'levels-lost' }
  | { readonly kind: 'ack'; readonly high: boolean }
  | { readonly kind: 'accepting'; readonly on: boolean }
);

export type RefusalReason = 'expired' | 'abandoned' | 'offline' | 'stopped';

export type HandshakeAction =
  /** Sets every tag to its resting value and answers with `reset` or `not-reset`. */
  | { readonly do: 'reset' }
  /** Writes the result and answers with `written` or `unwritten`. */
  | { readonly do: 'present'; readonly id: string }
  | { readonly do: 'refuse'; readonly id: string; readonly why: RefusalReason }
  /** The verdict is of no part of the PLC's. */
  | { readonly do: 'pass-over'; readonly id: string }
  | { readonly do: 'tell'; readonly what: 'overrun' | 'not-acknowledged' | 'ack-stuck' };

export interface HandshakeStep {
  readonly state: HandshakeState;
  readonly actions: readonly HandshakeAction[];
}

const RESET_RETRY_MS = 1000;

export function handshake(rules: HandshakeRules, state: HandshakeState, event: HandshakeEvent): HandshakeStep {
  const { atMs } = event;
  const step: HandshakeStep = { state, actions: [] };
  // Whatever became due before the event comes first, even where its timer has not run yet; but nothing is begun on a
  // connection that is known to be gone.
  const ends = ['live', 'restarted', 'down', 'stop'].includes(event.kind);
  const due = ends ? step : advance(rules, step, atMs);
  return advance(rules, react(rules, due, event), atMs);
}

function react(rules: HandshakeRules, step: HandshakeStep, event: HandshakeEvent): HandshakeStep {
  const { state } = step;
  const { atMs } = event;
  if (state.phase.kind === 'stopped' && event.kind !== 'decided') return step;
  switch (event.kind) {
    case 'live':
      return beginAnew(rules, step);
    case 'restarted':
      // Without a handshake its tags hold what they held before, and it takes results as they come.
      return rules.handshake && isOnline(state) ? beginAnew(rules, step) : step;
    case 'down':
      return change(abandon(rules, step, 'offline'), { phase: { kind: 'offline' }, standing: false });
    case 'stop':
      return change(abandon(rules, step, 'stopped'), {
        phase: { kind: 'stopped' },
        standing: false,
        echo: undefined,
        error: ERROR_CODES.none,
      });
    case 'tick':
      return step;
    case 'accepting':
      return change(step, { accepting: event.on });
    case 'opened':
      return open(rules, step, event);
    case 'turned-away':
      return turnAway(rules, step);
    case 'taken': {
      if (!state.line.some(({ id }) => id === event.id)) return step;
      const line = state.line.map((part) => (part.id === event.id ? { ...part, taken: true } : part));
      return change(step, { line, ...(event.echo !== undefined && { echo: event.echo }) });
    }
    case 'decided':
      return decide(rules, step, event.id);
    case 'withheld':
    case 'dropped':
      return giveUp(step, event.id, event.kind === 'withheld' ? ERROR_CODES.late : ERROR_CODES.notInspected, atMs);
    case 'written':
      return written(rules, step, event.id, atMs);
    case 'unwritten':
      if (state.phase.kind !== 'presenting' || state.phase.id !== event.id) return step;
      return reset(change(step, { error: ERROR_CODES.writeFailed }));
    case 'reset':
      if (state.phase.kind !== 'resetting') return step;
      if (rules.ackTimeoutMs === undefined || !state.ackHigh) return change(step, { phase: { kind: 'idle' } });
      return change(step, { phase: { kind: 'releasing', untilMs: atMs + rules.ackTimeoutMs } });
    case 'not-reset':
      if (state.phase.kind !== 'resetting') return step;
      return change(step, { phase: { kind: 'resetting', retryAtMs: atMs + RESET_RETRY_MS } });
    case 'levels-lost':
      if (!isOnline(state) || state.phase.kind === 'presenting' || state.phase.kind === 'resetting') return step;
      return reset(step);
    case 'ack':
      return acknowledge(rules, change(step, { ackHigh: event.high }), event.high, atMs);
  }
}

function open(
  rules: HandshakeRules,
  before: HandshakeStep,
  event: Extract<HandshakeEvent, { kind: 'opened' }>,
): HandshakeStep {
  const { id, openedAtMs, called } = event;
  const bound = isBound(rules);
  if (called && bound) return away(before, id, { why: 'aside' });
  if (!isOnline(before.state) && bound) return away(followed(before), id, { why: 'abandoned' });
  const overrun = rules.handshake && isOnline(before.state) && !isReady(rules, before.state);
  const counted = overrun
    ? tell(change(before, { overruns: before.state.overruns + 1 }), { do: 'tell', what: 'overrun' })
    : before;
  const step = makeRoom(rules, followed(counted));
  const part: LinePart = { id, openedAtMs, fate: { kind: 'open' }, taken: false, followers: 0 };
  return change(step, { line: [...step.state.line, part], ...(rules.handshake && { error: ERROR_CODES.none }) });
}

function turnAway(rules: HandshakeRules, before: HandshakeStep): HandshakeStep {
  const step = makeRoom(rules, followed(before));
  return rules.handshake ? change(step, { error: ERROR_CODES.notInspected }) : step;
}

/** Every trigger is a part that follows those on the belt, inspected or not. */
function followed(step: HandshakeStep): HandshakeStep {
  return change(step, { line: step.state.line.map((part) => ({ ...part, followers: part.followers + 1 })) });
}

/**
 * A PLC that triggers with no other part under way has done with the last result, acknowledged or not: were it left
 * standing, it could be taken for that of the new part.
 */
function makeRoom(rules: HandshakeRules, step: HandshakeStep): HandshakeStep {
  const { phase, line } = step.state;
  const others = line.some(({ fate }) => fate.kind !== 'none');
  if (!rules.handshake || rules.delay.by !== 'nothing' || others || phase.kind === 'presenting') return step;
  return takeDown(step);
}

/** Takes down what stands, without waiting for the acknowledgement any longer. */
function takeDown(step: HandshakeStep): HandshakeStep {
  const down = change(step, { standing: false });
  switch (step.state.phase.kind) {
    case 'shown':
      return change(missed(down, 'not-acknowledged'), { phase: { kind: 'idle' } });
    case 'releasing':
      return change(down, { phase: { kind: 'idle' } });
    default:
      return down;
  }
}

function decide(rules: HandshakeRules, step: HandshakeStep, id: string): HandshakeStep {
  const { state } = step;
  const gone = state.gone.get(id);
  if (gone !== undefined) {
    const rest = back(step, id);
    if (gone.why === 'aside') return tell(rest, { do: 'pass-over', id });
    return tell(rest, { do: 'refuse', id, why: gone.why === 'late' ? 'expired' : 'abandoned' });
  }
  const part = state.line.find((other) => other.id === id);
  if (state.phase.kind === 'stopped') return tell(without(step, id), { do: 'refuse', id, why: 'stopped' });
  if (part === undefined && isBound(rules)) return tell(step, { do: 'pass-over', id });
  if (state.phase.kind === 'offline') return tell(without(step, id), { do: 'refuse', id, why: 'offline' });
  if (part === undefined) {
    const decided: LinePart = { id, openedAtMs: Infinity, fate: { kind: 'decided' }, taken: false, followers: 0 };
    return change(step, { line: [...state.line, decided] });
  }
  if (part.fate.kind !== 'open') return tell(told(step, id), { do: 'refuse', id, why: 'expired' });
  return change(step, { line: replace(state.line, { ...part, fate: { kind: 'decided' } }) });
}

/** The pipeline has nothing for the part. */
function giveUp(step: HandshakeStep, id: string, error: ErrorCode, atMs: number): HandshakeStep {
  if (step.state.gone.has(id)) return back(step, id);
  const part = step.state.line.find((other) => other.id === id);
  if (part === undefined) return step;
  if (part.fate.kind === 'none') return told(step, id);
  const none: LinePart = { ...part, fate: { kind: 'none', error, sinceMs: atMs, told: true } };
  return change(step, { line: replace(step.state.line, none) });
}

function written(rules: HandshakeRules, step: HandshakeStep, id: string, atMs: number): HandshakeStep {
  const { phase, ackHigh } = step.state;
  if (phase.kind !== 'presenting' || phase.id !== id) return step;
  const done = change(step, { standing: true, error: ERROR_CODES.none });
  if (rules.ackTimeoutMs === undefined) return change(done, { phase: { kind: 'idle' } });
  const shown = change(done, { phase: { kind: 'shown', untilMs: atMs + rules.ackTimeoutMs, armed: phase.armed } });
  // A quick PLC acknowledges before the answer to the write is here.
  return ackHigh ? acknowledge(rules, shown, true, atMs) : shown;
}

function acknowledge(rules: HandshakeRules, step: HandshakeStep, high: boolean, atMs: number): HandshakeStep {
  const { phase } = step.state;
  if (phase.kind === 'releasing' && !high) return change(step, { phase: { kind: 'idle' } });
  if (phase.kind !== 'shown' && phase.kind !== 'presenting') return step;
  if (!high) return change(step, { phase: { ...phase, armed: true } });
  if (phase.kind === 'presenting' || !phase.armed) return step;
  const untilMs = atMs + (rules.ackTimeoutMs ?? 0);
  return change(step, { standing: false, phase: { kind: 'releasing', untilMs } });
}

/** Everything that time or the state itself has made due. */
function advance(rules: HandshakeRules, step: HandshakeStep, atMs: number): HandshakeStep {
  let next = serve(rules, expire(rules, patience(step, atMs), atMs), atMs);
  // Each round takes the part at the head out of the line, or changes nothing.
  for (let last = step; next.state.line.length !== last.state.line.length; ) {
    last = next;
    next = serve(rules, last, atMs);
  }
  return next;
}

/** Ends waits for the PLC that have lasted too long. */
function patience(step: HandshakeStep, atMs: number): HandshakeStep {
  const { phase } = step.state;
  if (phase.kind === 'resetting' && phase.retryAtMs !== undefined && phase.retryAtMs <= atMs) return reset(step);
  if (phase.kind === 'shown' && phase.untilMs <= atMs) {
    return change(takeDown(step), { error: ERROR_CODES.notAcknowledged });
  }
  if (phase.kind !== 'releasing' || phase.untilMs > atMs) return step;
  const idle = change(missed(step, 'ack-stuck'), { phase: { kind: 'idle' } });
  return change(idle, { error: ERROR_CODES.notAcknowledged });
}

function expire(rules: HandshakeRules, step: HandshakeStep, atMs: number): HandshakeStep {
  return step.state.line.reduce((now, part) => {
    const { id, fate } = part;
    if (fate.kind === 'none') return now;
    const decided = fate.kind === 'decided';
    const untilMs = decided ? writableUntilMs(rules, part, atMs) : usefulUntilMs(rules, part, atMs);
    if (atMs < untilMs) return now;
    const none: LinePart = {
      ...part,
      fate: { kind: 'none', error: ERROR_CODES.late, sinceMs: untilMs, told: decided },
    };
    const expired = change(now, { line: replace(now.state.line, none) });
    return decided ? tell(expired, { do: 'refuse', id, why: 'expired' }) : expired;
  }, step);
}

/** Looks at the part at the head of the line: where its turn has come, it is presented or passed over. */
function serve(rules: HandshakeRules, step: HandshakeStep, atMs: number): HandshakeStep {
  const { state } = step;
  const { delay } = rules;
  const [head, ...rest] = state.line;
  if (head === undefined || head.fate.kind === 'open' || !isDue(rules, head, atMs)) return step;
  // A result that is just being written is never overtaken.
  if (state.phase.kind === 'presenting' || state.phase.kind === 'resetting') return step;
  const waiting = state.phase.kind === 'shown' || state.phase.kind === 'releasing';
  if (waiting && delay.by === 'nothing') return step;
  // At the gate nobody waits for an acknowledgement: the next part is there.
  const room = waiting ? takeDown(step) : step;
  if (head.fate.kind === 'decided') {
    if (room.state.phase.kind !== 'idle') return step;
    const phase = { kind: 'presenting', id: head.id, armed: !state.ackHigh } as const;
    return tell(change(room, { line: rest, phase }), { do: 'present', id: head.id });
  }
  const { error, sinceMs, told: reported } = head.fate;
  const passed = change(room, { line: rest, ...(isBound(rules) && { error }) });
  const noted = reported ? passed : away(passed, head.id, { why: 'late', sinceMs });
  // What stands now is of a part before this one.
  const clears = isBound(rules) || error === ERROR_CODES.late;
  return clears && noted.state.phase.kind === 'idle' ? change(noted, { standing: false }) : noted;
}

function isDue({ delay }: HandshakeRules, { openedAtMs, followers }: LinePart, atMs: number): boolean {
  if (delay.by === 'parts') return followers >= delay.count;
  return delay.by === 'nothing' || openedAtMs + delay.ms <= atMs;
}

/** The PLC expects the results of its own parts alone, each at its own time. */
function isBound({ handshake: shaken, delay }: HandshakeRules): boolean {
  return shaken || delay.by !== 'nothing';
}

/**
 * Ends what the PLC no longer waits for. Without a handshake a part under way is the PLC's all the same once the
 * connection is back: there is nothing that it could be taken for.
 */
function abandon(rules: HandshakeRules, step: HandshakeStep, why: RefusalReason): HandshakeStep {
  const bound = isBound(rules) || why === 'stopped';
  return step.state.line.reduce((now, { id, fate }) => {
    if (fate.kind === 'decided' && (bound || why === 'offline')) {
      return tell(without(now, id), { do: 'refuse', id, why });
    }
    if (!bound || fate.kind === 'decided') return now;
    if (fate.kind === 'none' && fate.told) return without(now, id);
    const gone: Gone =
      fate.kind === 'none' && fate.error === ERROR_CODES.late
        ? { why: 'late', sinceMs: fate.sinceMs }
        : { why: 'abandoned' };
    return away(without(now, id), id, gone);
  }, step);
}

/** Whatever the PLC waited for before, it waits for no longer. */
function beginAnew(rules: HandshakeRules, step: HandshakeStep): HandshakeStep {
  return reset(change(abandon(rules, step, 'abandoned'), { error: ERROR_CODES.none, accepting: false }));
}

function reset(step: HandshakeStep): HandshakeStep {
  const phase = { kind: 'resetting', retryAtMs: undefined } as const;
  return tell(change(step, { phase, standing: false, echo: undefined }), { do: 'reset' });
}

function missed(step: HandshakeStep, what: 'not-acknowledged' | 'ack-stuck'): HandshakeStep {
  return tell(change(step, { ackTimeouts: step.state.ackTimeouts + 1 }), { do: 'tell', what });
}

function told(step: HandshakeStep, id: string): HandshakeStep {
  const line = step.state.line.map((part) =>
    part.id === id && part.fate.kind === 'none' ? { ...part, fate: { ...part.fate, told: true } } : part,
  );
  return change(step, { line });
}

function away(step: HandshakeStep, id: string, gone: Gone): HandshakeStep {
  return change(step, { gone: new Map(step.state.gone).set(id, gone) });
}

function back(step: HandshakeStep, id: string): HandshakeStep {
  const gone = new Map(step.state.gone);
  gone.delete(id);
  return change(step, { gone });
}

function without(step: HandshakeStep, id: string): HandshakeStep {
  return change(step, { line: step.state.line.filter((part) => part.id !== id) });
}

function replace(line: readonly LinePart[], changed: LinePart): readonly LinePart[] {
  return line.map((part) => (part.id === changed.id ? changed : part));
}

function change(step: HandshakeStep, difference: Partial<HandshakeState>): HandshakeStep {
  return { state: { ...step.state, ...difference }, actions: step.actions };
}

function tell(step: HandshakeStep, action: HandshakeAction): HandshakeStep {
  return { state: step.state, actions: [...step.actions, action] };
}
