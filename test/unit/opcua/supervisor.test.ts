import { describe, expect, it } from 'vitest';
import {
  initialSupervisorState,
  type SupervisorEvent,
  type SupervisorState,
  supervise,
} from '#jidoka/opcua/supervisor.js';

type State = SupervisorState<string>;
type Event = SupervisorEvent<string>;

const silent = (ms: number): string => `silent for ${ms}`;

/** Feeds events in turn; gives the last state and the actions of the last event. */
function run(events: readonly Event[], from: State = initialSupervisorState) {
  let state = from;
  let actions: readonly object[] = [];
  for (const event of events) ({ state, actions } = supervise(state, event, silent));
  return { state, actions };
}

const start: Event = { kind: 'start' };
const opened = (atMs: number, life = 1): Event => ({ kind: 'opened', life, atMs, lostAfterMs: 1000 });
const heard = (atMs: number, life = 1): Event => ({ kind: 'heard', life, atMs });
const look = (atMs: number, life = 1): Event => ({ kind: 'look', life, atMs });
const failed = (life = 1, patient = false): Event => ({ kind: 'failed', life, reason: 'broken', patient });
const closed = (life = 1): Event => ({ kind: 'closed', life });
const stop: Event = { kind: 'stop' };

describe('supervisor', () => {
  it('opens the first life at the start, once', () => {
    expect(run([start]).actions).toEqual([{ do: 'open', life: 1 }]);
    expect(run([start, start]).actions).toEqual([]);
  });

  it('announces a life and watches it', () => {
    expect(run([start, opened(5000)]).actions).toEqual([
      { do: 'announce-live', life: 1 },
      { do: 'watch', life: 1, atMs: 6000 },
    ]);
  });

  it('closes a failed attempt, waits, and opens the next life', () => {
    expect(run([start, failed()]).actions).toEqual([
      { do: 'announce-down', reason: 'broken' },
      { do: 'close', life: 1 },
    ]);
    expect(run([start, failed(), closed()]).actions).toEqual([{ do: 'wait', life: 1, patient: false }]);
    expect(run([start, failed(), closed(), { kind: 'retry', life: 1 }]).actions).toEqual([{ do: 'open', life: 2 }]);
  });

  it('waits patiently where a quick attempt would do harm', () => {
    expect(run([start, failed(1, true), closed()]).actions).toEqual([{ do: 'wait', life: 1, patient: true }]);
  });

  it('looks again as long as something is heard', () => {
    const { state, actions } = run([start, opened(0), heard(400), look(1000)]);
    expect(state.kind).toBe('live');
    expect(actions).toEqual([{ do: 'watch', life: 1, atMs: 1400 }]);
  });

  it('gives up a life that falls silent', () => {
    const { state, actions } = run([start, opened(0), heard(400), look(1000), look(1400)]);
    expect(state.kind).toBe('closing');
    expect(actions).toEqual([
      { do: 'announce-down', reason: 'silent for 1000' },
      { do: 'close', life: 1 },
    ]);
  });

  it('looks once more after the gateway itself was held up', () => {
    const late = run([start, opened(0), look(1600)]);
    expect(late.actions).toEqual([{ do: 'watch', life: 1, atMs: 2100 }]);
    expect(run([look(2100)], late.state).state.kind).toBe('closing');
    expect(run([heard(1601), look(2100)], late.state).state.kind).toBe('live');
  });

  it('makes the waits short again only after a life that has lasted', () => {
    expect(run([start, opened(0), heard(999)]).actions).toEqual([]);
    const lasted = run([start, opened(0), heard(999), heard(1000)]);
    expect(lasted.actions).toEqual([{ do: 'reset-backoff' }]);
    expect(run([heard(1100)], lasted.state).actions).toEqual([]);
  });

  it('ignores what an earlier life still says', () => {
    const second = run([start, failed(), closed(), { kind: 'retry', life: 1 }, opened(0, 2)]).state;
    for (const event of [failed(1), closed(1), heard(99, 1), look(99_999, 1), opened(0, 1)]) {
      expect(run([event], second)).toEqual({ state: second, actions: [] });
    }
  });

  it('says a failure once while it is closing', () => {
    const closing = run([start, opened(0), failed()]).state;
    expect(run([failed()], closing)).toEqual({ state: closing, actions: [] });
  });

  const moments: readonly (readonly [string, readonly Event[], readonly object[]])[] = [
    ['opening', [start], [{ do: 'close', life: 1 }]],
    ['live', [start, opened(0)], [{ do: 'close', life: 1 }]],
    ['closing', [start, failed()], []],
  ];
  it.each(moments)('stops while %s after the link is closed', (_name, events, actions) => {
    const stopping = run([...events, stop]);
    expect(stopping.actions).toEqual(actions);
    expect(run([failed(), opened(1)], stopping.state).state.kind).toBe('stopping');
    const end = run([closed()], stopping.state);
    expect(end).toEqual({ state: { kind: 'stopped', life: 1 }, actions: [{ do: 'announce-stopped' }] });
  });

  it('stops at once while waiting, and does not open again', () => {
    const end = run([start, failed(), closed(), stop]);
    expect(end.actions).toEqual([{ do: 'announce-stopped' }]);
    expect(run([{ kind: 'retry', life: 1 }], end.state).actions).toEqual([]);
  });

  it('begins a new life when it is started again', () => {
    expect(run([start, failed(), closed(), stop, start]).actions).toEqual([{ do: 'open', life: 2 }]);
  });
});
