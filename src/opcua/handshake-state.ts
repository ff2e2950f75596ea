import type { TriggerEcho } from '../domain/inspection.js';

/** How a station and its PLC deal with each other, as far as the order of events depends on it. Times in ms. */
export interface HandshakeRules {
  /** The PLC is told Ready, Busy and so on, and a new trigger takes down the result that still stands. */
  readonly handshake: boolean;
  /** Undefined: the PLC does not acknowledge. */
  readonly ackTimeoutMs: number | undefined;
  /** From the trigger to the verdict. */
  readonly deadlineMs: number | undefined;
  /** When a result is written: at once, so long after its trigger, or at the trigger of so many parts after it. */
  /** How long after its time at the gate a result may still be written. */
  readonly graceMs: number;
  readonly delay: { readonly by: 'nothing' } | { readonly by: 'time'; readonly ms: number } | DelayByParts;
}

interface DelayByParts {
  readonly by: 'parts';
  readonly count: number;
}

/** What the PLC reads in `errorCode`. */
export const ERROR_CODES = { none: 0, late: 1, notInspected: 2, notAcknowledged: 3, writeFailed: 4 } as const;
export type ErrorCode = (typeof ERROR_CODES)[keyof typeof ERROR_CODES];

/** A part between its trigger and its result, in the order of the triggers. */
export interface LinePart {
  readonly id: string;
  readonly openedAtMs: number;
  readonly fate:
    | { readonly kind: 'open' }
    | { readonly kind: 'decided' }
    /** It will have no result. `told`: the pipeline is done with it. */
    | { readonly kind: 'none'; readonly error: ErrorCode; readonly sinceMs: number; readonly told: boolean };
  /** Its id has been read: the PLC may be told that it is being inspected. */
  readonly taken: boolean;
  /** Triggers that came after its own. */
  readonly followers: number;
}

/** Why the verdict of a part that the pipeline still works on will not be written. */
export type Gone =
  | { readonly why: 'late'; readonly sinceMs: number }
  /** The connection was lost meanwhile: the PLC may have been restarted, and mean another part by the same id. */
  | { readonly why: 'abandoned' }
  /** Not the PLC's part. */
  | { readonly why: 'aside' };

export type Phase =
  | { readonly kind: 'offline' }
  /** The tags are being set to their resting values; or they could not be, and it is tried again at `retryAtMs`. */
  | { readonly kind: 'resetting'; readonly retryAtMs: number | undefined }
  | { readonly kind: 'idle' }
  /** `armed`: the acknowledgement has been low, so that high is of this result and not of an earlier one. */
  | { readonly kind: 'presenting'; readonly id: string; readonly armed: boolean }
  /** Done; the PLC has to acknowledge. */
  | { readonly kind: 'shown'; readonly untilMs: number; readonly armed: boolean }
  /** The result is taken down; the PLC has to lower its acknowledgement. */
  | { readonly kind: 'releasing'; readonly untilMs: number }
  | { readonly kind: 'stopped' };

export interface HandshakeState {
  readonly phase: Phase;
  readonly line: readonly LinePart[];
  readonly gone: ReadonlyMap<string, Gone>;
  /** A result stands in the tags; false where it has to be taken down or has been. */
  readonly standing: boolean;
  readonly ackHigh: boolean;
  /** The station can inspect now. */
  readonly accepting: boolean;
  readonly error: ErrorCode;
  readonly echo: TriggerEcho | undefined;
  readonly overruns: number;
  readonly ackTimeouts: number;
}

export const initialHandshakeState: HandshakeState = {
  phase: { kind: 'offline' },
  line: [],
  gone: new Map(),
  standing: false,
  ackHigh: false,
  accepting: false,
  error: ERROR_CODES.none,
  echo: undefined,
  overruns: 0,
  ackTimeouts: 0,
};

/** What the PLC is to see beside the result. */
export interface Levels {
  readonly ready: boolean;
  readonly busy: boolean;
  readonly error: boolean;
  readonly errorCode: ErrorCode;
  /** False also where there is nothing to acknowledge. */
  readonly triggerAck: TriggerEcho['value'];
  /** False: OK, NOK and Done have to be false. True says nothing: a result alone sets them. */
  readonly standing: boolean;
}

export function levelsOf(rules: HandshakeRules, state: HandshakeState): Levels {
  const { error, echo, phase } = state;
  const ready = isReady(rules, state);
  return {
    ready,
    busy: isOnline(state) && state.line.some(({ fate, taken }) => fate.kind === 'open' && taken),
    error: error !== ERROR_CODES.none,
    errorCode: error,
    triggerAck: echo === undefined || (echo.pulse && ready) ? false : echo.value,
    standing: state.standing || phase.kind === 'presenting',
  };
}

/** A trigger is welcome. Parts on their way from the camera to the gate are in nobody's way. */
export function isReady({ delay }: HandshakeRules, { phase, accepting, line }: HandshakeState): boolean {
  if (phase.kind !== 'idle' || !accepting) return false;
  return line.every(({ fate }) => fate.kind !== 'open' && delay.by !== 'nothing');
}

export function isOnline({ phase }: HandshakeState): boolean {
  return phase.kind !== 'offline' && phase.kind !== 'stopped';
}

/** Until when a verdict is of use: until its deadline, and until its part is at the gate. */
export function usefulUntilMs({ deadlineMs, delay }: HandshakeRules, part: LinePart, atMs: number): number {
  const deadline = part.openedAtMs + (deadlineMs ?? Number.POSITIVE_INFINITY);
  if (delay.by === 'parts' && part.followers >= delay.count) return Math.min(deadline, atMs);
  return delay.by === 'time' ? Math.min(deadline, part.openedAtMs + delay.ms) : deadline;
}

/**
 * Until when a verdict that was made in time may be written: at once, until the deadline; at the gate, while its part
 * is there. By then the tags may have been held up by another write.
 */
export function writableUntilMs({ deadlineMs, delay, graceMs }: HandshakeRules, part: LinePart, atMs: number): number {
  if (delay.by === 'time') return part.openedAtMs + delay.ms + graceMs;
  if (delay.by === 'parts') return part.followers > delay.count ? atMs : Number.POSITIVE_INFINITY;
  return part.openedAtMs + (deadlineMs ?? Number.POSITIVE_INFINITY);
}

/** By how much a verdict that is made now is late; undefined where it is in time, or nobody waits for it. */
export function latenessMs(
  rules: HandshakeRules,
  { line, gone }: HandshakeState,
  id: string,
  atMs: number,
): number | undefined {
  const past = gone.get(id);
  if (past !== undefined) return past.why === 'late' ? atMs - past.sinceMs : undefined;
  const part = line.find((other) => other.id === id);
  if (part === undefined) return undefined;
  const { fate } = part;
  if (fate.kind === 'none') return fate.error === ERROR_CODES.late ? atMs - fate.sinceMs : undefined;
  const lateMs = atMs - usefulUntilMs(rules, part, atMs);
  return lateMs > 0 ? lateMs : undefined;
}

/** When something is due without an event from outside; infinity where nothing is. */
export function nextDueMs(rules: HandshakeRules, { phase, line }: HandshakeState): number {
  const { delay } = rules;
  const due: number[] = [];
  if (phase.kind === 'shown' || phase.kind === 'releasing') due.push(phase.untilMs);
  if (phase.kind === 'resetting' && phase.retryAtMs !== undefined) due.push(phase.retryAtMs);
  for (const part of line) {
    if (part.fate.kind === 'open') due.push(usefulUntilMs(rules, part, Number.POSITIVE_INFINITY));
    if (part.fate.kind === 'decided') due.push(writableUntilMs(rules, part, Number.POSITIVE_INFINITY));
  }
  const [head] = line;
  const free = phase.kind !== 'presenting' && phase.kind !== 'resetting';
  if (delay.by === 'time' && head !== undefined && free) due.push(head.openedAtMs + delay.ms);
  return Math.min(Number.POSITIVE_INFINITY, ...due);
}
