import { type HandshakeEvent, handshake } from '#jidoka/opcua/handshake.js';
import {
  type HandshakeRules,
  type HandshakeState,
  initialHandshakeState,
  isReady,
  latenessMs,
  levelsOf,
} from '#jidoka/opcua/handshake-state.js';

type Bare<E> = E extends unknown ? Omit<E, 'atMs'> : never;
export type Happening = Bare<HandshakeEvent>;

interface KnownPart {
  readonly id: string;
  readonly openedAtMs: number;
  readonly epoch: number;
  /** Triggers up to and with its own. */
  readonly number: number;
  end: 'none' | 'decided' | 'withheld' | 'dropped';
  settled: 'none' | 'presented' | 'refused' | 'passed over';
}

/**
 * The surroundings of the machine: what can happen next, given what has, and what must hold after each step. It keeps
 * its own account of the parts and trusts nothing in the machine's state but what the PLC is shown.
 */
export class HandshakeWorld {
  state: HandshakeState = initialHandshakeState;
  atMs = 1000;
  readonly parts: KnownPart[] = [];
  /** What the shell has under way. */
  writing: string | undefined;
  resetting = false;
  readonly presented: string[] = [];
  epoch = 0;
  triggers = 0;
  connected = false;
  standing: string | undefined;

  constructor(
    readonly rules: HandshakeRules,
    readonly mostParts = Number.POSITIVE_INFINITY,
  ) {}

  /** A copy that goes on by itself. */
  fork(): HandshakeWorld {
    const copy = Object.assign(new HandshakeWorld(this.rules, this.mostParts), this);
    return Object.assign(copy, { parts: this.parts.map((part) => ({ ...part })), presented: [...this.presented] });
  }

  possible(): Happening[] {
    const open = this.parts.filter(({ end }) => end === 'none');
    const late = (id: string) => latenessMs(this.rules, this.state, id, this.atMs) !== undefined;
    return [
      this.connected ? { kind: 'down' } : { kind: 'live' },
      { kind: 'tick' },
      ...(this.rules.handshake && this.connected ? [{ kind: 'restarted' } as const] : []),
      ...(this.parts.length < this.mostParts ? [this.#opening()] : []),
      ...(this.state.accepting ? [] : [{ kind: 'accepting', on: true } as const]),
      ...(this.resetting ? [{ kind: 'reset' } as const, { kind: 'not-reset' } as const] : []),
      ...(this.rules.ackTimeoutMs === undefined ? [] : [{ kind: 'ack', high: !this.state.ackHigh } as const]),
      ...(this.writing === undefined
        ? []
        : [{ kind: 'written', id: this.writing } as const, { kind: 'unwritten', id: this.writing } as const]),
      ...open.flatMap(({ id }): Happening[] => [
        late(id) ? { kind: 'withheld', id } : { kind: 'decided', id },
        { kind: 'dropped', id },
      ]),
    ];
  }

  #opening(): Happening {
    return { kind: 'opened', id: `p${this.parts.length + 1}`, openedAtMs: this.atMs, called: false };
  }

  /** Lets time pass. */
  wait(ms: number): void {
    this.atMs += ms;
  }

  /** @throws Error naming the rule that was broken. */
  happen(happening: Happening): void {
    const free =
      this.writing === undefined &&
      this.parts.every(({ end, settled }) => end !== 'none' && (end !== 'decided' || settled !== 'none'));
    this.#note(happening);
    const { state, actions } = handshake(this.rules, this.state, { ...happening, atMs: this.atMs } as HandshakeEvent);
    this.state = state;
    for (const action of actions) {
      if (action.do === 'reset') {
        this.resetting = true;
        this.writing = undefined;
        this.standing = undefined;
      } else if (action.do === 'present') this.#present(action.id);
      else if (action.do === 'refuse') this.#settle(action.id, 'refused');
      else if (action.do === 'pass-over') this.#settle(action.id, 'passed over');
    }
    this.#check();
    const { handshake: shaken, delay } = this.rules;
    if (happening.kind === 'opened' && free && shaken && delay.by === 'nothing' && this.standing !== undefined) {
      throw new Error(`the result of ${this.standing} stands after the trigger of ${happening.id}`);
    }
  }

  #note(happening: Happening): void {
    switch (happening.kind) {
      case 'live':
      case 'restarted':
      case 'down':
        this.connected = happening.kind !== 'down';
        this.epoch += 1;
        this.writing = undefined;
        this.resetting = false;
        break;
      case 'reset':
      case 'not-reset':
        this.resetting = false;
        break;
      case 'written':
        this.writing = undefined;
        this.standing = happening.id;
        break;
      case 'unwritten':
        this.writing = undefined;
        break;
      case 'turned-away':
        this.triggers += 1;
        break;
      case 'opened':
        this.triggers += 1;
        this.parts.push({
          id: happening.id,
          openedAtMs: happening.openedAtMs,
          epoch: this.epoch,
          number: this.triggers,
          end: 'none',
          settled: 'none',
        });
        break;
      case 'decided':
      case 'withheld':
      case 'dropped':
        this.#part(happening.id).end = happening.kind;
        break;
    }
  }

  #part(id: string): KnownPart {
    const part = this.parts.find((known) => known.id === id);
    if (part === undefined) throw new Error(`an action for ${id}, which was never opened`);
    return part;
  }

  #settle(id: string, how: KnownPart['settled']): void {
    const part = this.#part(id);
    if (part.settled !== 'none') throw new Error(`${id} was ${part.settled} and then ${how}`);
    if (part.end !== 'decided') throw new Error(`${id} was ${how} and is ${part.end}`);
    part.settled = how;
  }

  #present(id: string): void {
    const { rules, atMs } = this;
    if (this.writing !== undefined) throw new Error(`${id} is presented while ${this.writing} is being written`);
    if (this.resetting) throw new Error(`${id} is presented before the tags are reset`);
    if (!this.connected) throw new Error(`${id} is presented without a connection`);
    this.#settle(id, 'presented');
    const part = this.#part(id);
    const bound = rules.handshake || rules.delay.by !== 'nothing';
    if (bound && part.epoch !== this.epoch) throw new Error(`${id} is presented after a new connection`);
    const age = atMs - part.openedAtMs;
    const { delay, deadlineMs = Number.POSITIVE_INFINITY, graceMs } = rules;
    const [from, to] = delay.by === 'time' ? [delay.ms, delay.ms + graceMs] : [0, deadlineMs];
    if (delay.by !== 'parts' && (age < from || age >= to)) throw new Error(`${id} is presented after ${age} ms`);
    const index = this.parts.indexOf(part);
    const passed = this.parts.findIndex(({ id: other }) => other === this.presented.at(-1));
    if (index < passed) throw new Error(`${id} is presented after ${this.presented.at(-1)}`);
    const followers = this.triggers - part.number;
    if (rules.delay.by === 'parts' && followers !== rules.delay.count) {
      throw new Error(`${id} is presented after ${followers} parts`);
    }
    this.presented.push(id);
    this.writing = id;
    this.standing = undefined;
  }

  #check(): void {
    const { rules, state } = this;
    const levels = levelsOf(rules, state);
    if (!levels.standing) this.standing = undefined;
    const open = state.line.filter(({ fate }) => fate.kind === 'open');
    if (levels.ready && (rules.delay.by === 'nothing' ? state.line.length > 0 : open.length > 0)) {
      throw new Error('ready with a part under way');
    }
    if (levels.ready && (!this.connected || this.resetting || this.writing !== undefined)) {
      throw new Error('ready while the tags are not known');
    }
    if (rules.ackTimeoutMs !== undefined && levels.ready && levels.standing) {
      throw new Error('ready with a result that is not acknowledged');
    }
    for (const { id, end } of this.parts) {
      if (end !== 'none' && state.gone.has(id)) throw new Error(`${id} has ended and is still remembered`);
    }
  }

  /** Ends everything that is open, connects, and lets a good PLC play on until nothing is left. */
  finish(): void {
    if (!this.connected) this.happen({ kind: 'live' });
    for (let round = 0; round < 500; round += 1) {
      const next = this.#nextGood();
      if (next === undefined) {
        if (round > 0 && this.state.line.length === 0 && isReady(this.rules, this.state)) return;
        this.wait(500);
      }
      this.happen(next ?? { kind: 'tick' });
    }
    throw new Error(`does not come to rest: ${JSON.stringify({ ...this.state, gone: [...this.state.gone] })}`);
  }

  #nextGood(): Happening | undefined {
    const open = this.parts.find(({ end }) => end === 'none');
    if (this.resetting) return { kind: 'reset' };
    if (this.writing !== undefined) return { kind: 'written', id: this.writing };
    if (open !== undefined) return { kind: 'dropped', id: open.id };
    if (!this.state.accepting) return { kind: 'accepting', on: true };
    const { phase, ackHigh, line } = this.state;
    if (phase.kind === 'resetting') return undefined;
    if (phase.kind === 'shown' && !ackHigh) return { kind: 'ack', high: true };
    if (ackHigh && phase.kind !== 'shown') return { kind: 'ack', high: false };
    // Parts on the belt move with those that follow.
    if (this.rules.delay.by === 'parts' && line.length > 0 && line.at(-1)?.fate.kind !== 'open') {
      return { kind: 'turned-away' };
    }
    return undefined;
  }
}
