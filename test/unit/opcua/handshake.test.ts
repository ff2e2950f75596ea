import { describe, expect, it } from 'vitest';
import { type HandshakeAction, type HandshakeEvent, handshake } from '#jidoka/opcua/handshake.js';
import {
  type HandshakeRules,
  type HandshakeState,
  initialHandshakeState,
  latenessMs,
  levelsOf,
  nextDueMs,
} from '#jidoka/opcua/handshake-state.js';

type Bare<E> = E extends unknown ? Omit<E, 'atMs'> : never;

const ACKED: HandshakeRules = {
  handshake: true,
  ackTimeoutMs: 1000,
  deadlineMs: 300,
  graceMs: 100,
  delay: { by: 'nothing' },
};
const PLAIN: HandshakeRules = { ...ACKED, handshake: false, ackTimeoutMs: undefined, deadlineMs: undefined };

/** A machine that is fed by hand. */
class Machine {
  state: HandshakeState = initialHandshakeState;
  actions: readonly HandshakeAction[] = [];

  constructor(readonly rules: HandshakeRules) {
    this.at(0, { kind: 'live' }, { kind: 'reset' }, { kind: 'accepting', on: true });
  }

  /** Gives the actions of these events, as `present a`. */
  at(atMs: number, ...events: Bare<HandshakeEvent>[]): string[] {
    return events.flatMap((event) => {
      const { state, actions } = handshake(this.rules, this.state, { ...event, atMs } as HandshakeEvent);
      this.state = state;
      return actions.map((action) =>
        [
          action.do,
          ...('id' in action ? [action.id] : []),
          ...('why' in action ? [action.why] : []),
          ...('what' in action ? [action.what] : []),
        ].join(' '),
      );
    });
  }

  open(atMs: number, id: string): string[] {
    const echo = { value: true, pulse: true };
    return this.at(atMs, { kind: 'opened', id, openedAtMs: atMs, called: false }, { kind: 'taken', id, echo });
  }

  /** The levels that are not at rest. */
  get shown(): string[] {
    const { errorCode, ...levels } = levelsOf(this.rules, this.state);
    const names = Object.entries(levels).flatMap(([name, value]) => (value === false ? [] : [name]));
    return errorCode === 0 ? names : [...names, `code ${errorCode}`];
  }
}

describe('the handshake of one part after the other', () => {
  it('goes from ready over busy and done to ready', () => {
    const plc = new Machine(ACKED);
    expect(plc.shown).toEqual(['ready']);
    plc.open(1000, 'a');
    expect(plc.shown).toEqual(['busy', 'triggerAck']);
    expect(plc.at(1100, { kind: 'decided', id: 'a' })).toEqual(['present a']);
    expect(plc.shown).toEqual(['triggerAck', 'standing']);
    plc.at(1110, { kind: 'written', id: 'a' });
    expect(plc.shown).toEqual(['triggerAck', 'standing']);
    plc.at(1150, { kind: 'ack', high: true });
    expect(plc.shown).toEqual(['triggerAck']);
    plc.at(1190, { kind: 'ack', high: false });
    expect(plc.shown).toEqual(['ready']);
  });

  it('is not busy before the id of the part has been read', () => {
    const plc = new Machine(ACKED);
    plc.at(1000, { kind: 'opened', id: 'a', openedAtMs: 1000, called: false });
    expect(plc.shown).toEqual([]);
    plc.at(1005, { kind: 'taken', id: 'a', echo: { value: 17, pulse: false } });
    expect(levelsOf(ACKED, plc.state)).toMatchObject({ busy: true, triggerAck: 17 });
  });

  it('takes an acknowledgement that comes before the answer to the write', () => {
    const plc = new Machine(ACKED);
    plc.open(1000, 'a');
    plc.at(1100, { kind: 'decided', id: 'a' }, { kind: 'ack', high: true }, { kind: 'written', id: 'a' });
    expect(plc.shown).toEqual(['triggerAck']);
    expect(plc.state.ackTimeouts).toBe(0);
  });

  it('does not take the acknowledgement of an earlier result for a new one', () => {
    const plc = new Machine(ACKED);
    plc.at(900, { kind: 'ack', high: true });
    plc.open(1000, 'a');
    plc.at(1100, { kind: 'decided', id: 'a' }, { kind: 'written', id: 'a' });
    expect(plc.shown).toContain('standing');
    plc.at(1120, { kind: 'ack', high: false });
    expect(plc.shown).toContain('standing');
    plc.at(1140, { kind: 'ack', high: true });
    expect(plc.shown).not.toContain('standing');
  });

  it('takes a result down that is not acknowledged, says so, and is ready again', () => {
    const plc = new Machine(ACKED);
    plc.open(1000, 'a');
    plc.at(1100, { kind: 'decided', id: 'a' }, { kind: 'written', id: 'a' });
    expect(nextDueMs(ACKED, plc.state)).toBe(2100);
    expect(plc.at(2099, { kind: 'tick' })).toEqual([]);
    expect(plc.at(2100, { kind: 'tick' })).toEqual(['tell not-acknowledged']);
    expect(plc.shown).toEqual(['ready', 'error', 'code 3']);
    expect(plc.state.ackTimeouts).toBe(1);
    plc.open(3000, 'b');
    expect(plc.shown).toEqual(['busy', 'triggerAck']);
  });

  it('gives up waiting for an acknowledgement that does not fall', () => {
    const plc = new Machine(ACKED);
    plc.open(1000, 'a');
    plc.at(1100, { kind: 'decided', id: 'a' }, { kind: 'written', id: 'a' }, { kind: 'ack', high: true });
    expect(plc.at(2100, { kind: 'tick' })).toEqual(['tell ack-stuck']);
    expect(plc.shown).toEqual(['ready', 'error', 'code 3']);
  });

  it('takes the result down when the PLC triggers without having acknowledged', () => {
    const plc = new Machine(ACKED);
    plc.open(1000, 'a');
    plc.at(1100, { kind: 'decided', id: 'a' }, { kind: 'written', id: 'a' });
    expect(plc.open(1200, 'b')).toEqual(['tell overrun', 'tell not-acknowledged']);
    expect(plc.shown).toEqual(['busy', 'triggerAck']);
    expect(plc.state).toMatchObject({ overruns: 1, ackTimeouts: 1 });
  });

  it('lets a trigger that comes too early wait, and gives both results in their order', () => {
    const plc = new Machine({ ...ACKED, deadlineMs: 5000 });
    plc.open(1000, 'a');
    expect(plc.open(1010, 'b')).toEqual(['tell overrun']);
    expect(plc.at(1100, { kind: 'decided', id: 'b' })).toEqual([]);
    expect(plc.at(1200, { kind: 'decided', id: 'a' })).toEqual(['present a']);
    expect(plc.at(1210, { kind: 'written', id: 'a' }, { kind: 'ack', high: true })).toEqual([]);
    expect(plc.at(1300, { kind: 'ack', high: false })).toEqual(['present b']);
  });

  it('has no result for a part whose deadline has passed, and says by how much its verdict is late', () => {
    const plc = new Machine(ACKED);
    plc.open(1000, 'a');
    expect(nextDueMs(ACKED, plc.state)).toBe(1300);
    plc.at(1300, { kind: 'tick' });
    expect(plc.shown).toEqual(['ready', 'error', 'code 1']);
    expect(latenessMs(ACKED, plc.state, 'a', 1420)).toBe(120);
    expect(plc.at(1420, { kind: 'withheld', id: 'a' })).toEqual([]);
    expect(plc.state.gone.size).toBe(0);
  });

  it('refuses a verdict that was made in time and comes to the PLC too late', () => {
    const plc = new Machine(ACKED);
    plc.open(1000, 'a');
    plc.at(1300, { kind: 'tick' });
    expect(plc.at(1301, { kind: 'decided', id: 'a' })).toEqual(['refuse a expired']);
  });

  it.each(['live', 'restarted'] as const)('gives no result of a part from before: %s', (kind) => {
    const plc = new Machine(ACKED);
    plc.open(1000, 'a');
    expect(plc.at(1050, { kind })).toEqual(['reset']);
    expect(plc.shown).toEqual([]);
    expect(latenessMs(ACKED, plc.state, 'a', 1100)).toBeUndefined();
    expect(plc.at(1100, { kind: 'reset' }, { kind: 'decided', id: 'a' })).toEqual(['refuse a abandoned']);
  });

  it('sets every tag to rest after a write that failed, and tries again until it can', () => {
    const plc = new Machine(ACKED);
    plc.open(1000, 'a');
    expect(plc.at(1100, { kind: 'decided', id: 'a' }, { kind: 'unwritten', id: 'a' })).toEqual(['present a', 'reset']);
    plc.at(1200, { kind: 'not-reset' });
    expect(plc.shown).toEqual(['error', 'code 4']);
    expect(nextDueMs(ACKED, plc.state)).toBe(2200);
    expect(plc.at(2200, { kind: 'tick' })).toEqual(['reset']);
    plc.at(2210, { kind: 'reset' });
    expect(plc.shown).toEqual(['ready', 'error', 'code 4']);
  });

  it('is not ready while the station is not, and answers a trigger then with an error', () => {
    const plc = new Machine(ACKED);
    plc.at(1000, { kind: 'accepting', on: false });
    expect(plc.shown).toEqual([]);
    plc.at(1010, { kind: 'turned-away' });
    expect(plc.shown).toEqual(['error', 'code 2']);
  });

  it('does not let the PLC see a part that somebody else has asked for', () => {
    const plc = new Machine(ACKED);
    plc.at(1000, { kind: 'opened', id: 'x', openedAtMs: 1000, called: true });
    expect(plc.shown).toEqual(['ready']);
    expect(plc.at(1100, { kind: 'decided', id: 'x' })).toEqual(['pass-over x']);
    expect(plc.state.gone.size).toBe(0);
  });

  it('says nothing any more once stopped', () => {
    const plc = new Machine(ACKED);
    plc.open(1000, 'a');
    expect(plc.at(1100, { kind: 'stop' }, { kind: 'decided', id: 'a' })).toEqual(['refuse a abandoned']);
    expect(plc.open(1200, 'b')).toEqual([]);
    expect(plc.shown).toEqual([]);
  });
});

describe('without a handshake', () => {
  it('presents results as they come, and leaves the last one standing', () => {
    const plc = new Machine(PLAIN);
    plc.open(1000, 'a');
    plc.at(1100, { kind: 'decided', id: 'a' }, { kind: 'written', id: 'a' });
    plc.open(1200, 'b');
    expect(plc.shown).toContain('standing');
    expect(plc.at(1300, { kind: 'decided', id: 'b' })).toEqual(['present b']);
    expect(plc.state.overruns).toBe(0);
  });

  it('takes the result of the part before down when a deadline passes', () => {
    const plc = new Machine({ ...PLAIN, deadlineMs: 300 });
    plc.open(1000, 'a');
    plc.at(1100, { kind: 'decided', id: 'a' }, { kind: 'written', id: 'a' });
    plc.open(1200, 'b');
    plc.at(1500, { kind: 'tick' });
    expect(plc.shown).not.toContain('standing');
  });
});

describe('the way to the gate', () => {
  const BY_TIME: HandshakeRules = { ...PLAIN, delay: { by: 'time', ms: 2000 } };
  const BY_PARTS: HandshakeRules = { ...PLAIN, delay: { by: 'parts', count: 2 } };

  it('is a time from the trigger', () => {
    const plc = new Machine(BY_TIME);
    plc.open(1000, 'a');
    expect(plc.at(1100, { kind: 'decided', id: 'a' })).toEqual([]);
    expect(nextDueMs(BY_TIME, plc.state)).toBe(3000);
    expect(plc.at(2999, { kind: 'tick' })).toEqual([]);
    expect(plc.at(3000, { kind: 'tick' })).toEqual(['present a']);
  });

  it('takes the result of the part before down when the next one comes to the gate without any', () => {
    const plc = new Machine(BY_TIME);
    plc.open(1000, 'a');
    plc.open(1500, 'b');
    plc.at(1600, { kind: 'decided', id: 'a' });
    plc.at(3000, { kind: 'tick' }, { kind: 'written', id: 'a' });
    expect(plc.shown).toContain('standing');
    plc.at(3500, { kind: 'tick' });
    expect(plc.shown).not.toContain('standing');
    expect(latenessMs(BY_TIME, plc.state, 'b', 3510)).toBe(10);
  });

  it('is a number of parts, whether they are inspected or not', () => {
    const plc = new Machine(BY_PARTS);
    plc.open(1000, 'a');
    plc.at(1100, { kind: 'decided', id: 'a' });
    expect(plc.at(5000, { kind: 'turned-away' })).toEqual([]);
    expect(plc.open(9000, 'b')).toEqual(['present a']);
  });

  it('never lets a result wait for the part after its own', () => {
    const plc = new Machine(BY_PARTS);
    plc.open(1000, 'a');
    plc.open(2000, 'b');
    plc.at(2100, { kind: 'decided', id: 'b' });
    plc.open(3000, 'c');
    // Nothing was known of the first part when it was at the gate.
    expect(latenessMs(BY_PARTS, plc.state, 'a', 3005)).toBe(5);
    expect(plc.at(3005, { kind: 'withheld', id: 'a' })).toEqual([]);
    expect(plc.open(4000, 'd')).toEqual(['present b']);
  });

  it('does not wait for an acknowledgement when the next part is at the gate', () => {
    const plc = new Machine({ ...BY_TIME, handshake: true, ackTimeoutMs: 60_000 });
    plc.open(1000, 'a');
    plc.open(1500, 'b');
    plc.at(1600, { kind: 'decided', id: 'a' }, { kind: 'decided', id: 'b' });
    expect(plc.shown).toEqual(['ready']);
    plc.at(3000, { kind: 'tick' }, { kind: 'written', id: 'a' });
    expect(plc.at(3500, { kind: 'tick' })).toEqual(['tell not-acknowledged', 'present b']);
  });
});
