import { describe, expect, it } from 'vitest';
import {
  initialSession,
  mayPublish,
  type SessionAction,
  type SessionEvent,
  type SessionRules,
  type SessionState,
  step,
} from '#jidoka/mqtt/sparkplug/session.js';

const ALONE: SessionRules = { primaryHost: false, severalServers: false };
const HOSTED: SessionRules = { primaryHost: true, severalServers: false };
const WALKING: SessionRules = { primaryHost: true, severalServers: true };

/** Runs events one after the other. */
function run(
  events: readonly SessionEvent[],
  rules: SessionRules = ALONE,
  start: SessionState = initialSession(['press', 'weld']),
): { state: SessionState; actions: SessionAction[] } {
  const actions: SessionAction[] = [];
  let state = start;
  for (const event of events) {
    const [next, more] = step(state, event, rules);
    state = next;
    actions.push(...more);
  }
  return { state, actions };
}

const UP: readonly SessionEvent[] = [
  { kind: 'connecting' },
  { kind: 'connect-sent' },
  { kind: 'connected' },
  { kind: 'subscribed' },
];
const host = (online: boolean, timestampMs: number): SessionEvent => ({ kind: 'host', online, timestampMs });
const published = (actions: readonly SessionAction[]): string[] =>
  actions.flatMap((action) =>
    action.kind === 'publish'
      ? [`${action.message}${'device' in action ? ` ${action.device}` : ''}${'seq' in action ? ` ${action.seq}` : ''}`]
      : [action.kind],
  );

describe('a session', () => {
  it('subscribes before its births, then tells that it is born', () => {
    expect(published(run(UP).actions)).toEqual(['subscribe', 'NBIRTH 0', 'DBIRTH press 1', 'DBIRTH weld 2', 'born']);
  });

  it('counts on from the births and wraps from 255 to 0', () => {
    const data = Array.from({ length: 254 }, (): SessionEvent => ({ kind: 'data', device: 'weld' }));
    const { actions } = run([...UP, ...data, { kind: 'data' }]);
    expect(published(actions).slice(-3)).toEqual(['DDATA weld 255', 'DDATA weld 0', 'NDATA 1']);
  });

  it('begins with bdSeq 0, takes the next for each CONNECT that was sent, and wraps from 255 to 0', () => {
    let { state } = run([{ kind: 'connecting' }]);
    expect(state.bdSeq).toBe(0);
    // Nobody answered: no CONNECT went out.
    ({ state } = run([{ kind: 'connecting' }], ALONE, state));
    expect(state.bdSeq).toBe(0);
    for (const expected of [...Array.from({ length: 255 }, (_, index) => index + 1), 0]) {
      ({ state } = run([{ kind: 'connect-sent' }, { kind: 'connecting' }], ALONE, state));
      expect(state.bdSeq).toBe(expected);
    }
  });

  it('gives the same bdSeq on a rebirth, begins at 0 again and does not tell a second time that it is born', () => {
    const before = run([...UP, { kind: 'data' }]);
    const { state, actions } = run([{ kind: 'rebirth' }], ALONE, before.state);
    expect(published(actions)).toEqual(['NBIRTH 0', 'DBIRTH press 1', 'DBIRTH weld 2']);
    expect(state.bdSeq).toBe(before.state.bdSeq);
  });

  it('tells the death and the birth of a device, and no data in between', () => {
    const { state, actions } = run([
      ...UP,
      { kind: 'device', device: 'weld', present: false },
      { kind: 'device', device: 'weld', present: false },
      { kind: 'data', device: 'weld' },
      { kind: 'data', device: 'press' },
      { kind: 'device', device: 'weld', present: true },
      { kind: 'data', device: 'weld' },
    ]);
    expect(published(actions).slice(5)).toEqual(['DDEATH weld 3', 'DDATA press 4', 'DBIRTH weld 5', 'DDATA weld 6']);
    expect(mayPublish(state, 'weld')).toBe(true);
  });

  it('leaves a device that is away out of the births', () => {
    const { actions } = run([{ kind: 'device', device: 'press', present: false }, ...UP, { kind: 'rebirth' }]);
    expect(published(actions)).toEqual(['subscribe', 'NBIRTH 0', 'DBIRTH weld 1', 'born', 'NBIRTH 0', 'DBIRTH weld 1']);
  });

  it('says nothing after its NDEATH', () => {
    const { actions } = run([
      ...UP,
      { kind: 'leave' },
      { kind: 'data' },
      { kind: 'rebirth' },
      { kind: 'device', device: 'weld', present: false },
      { kind: 'redefined', device: 'press' },
      { kind: 'leave' },
    ]);
    expect(published(actions).slice(5)).toEqual(['NDEATH']);
  });

  it('has no NDEATH where it was never born', () => {
    const waiting = run(UP, HOSTED);
    expect(published(run([{ kind: 'leave' }], HOSTED, waiting.state).actions)).toEqual([]);
  });
});

describe('a primary host', () => {
  it('is waited for, and its word may come before the answer to the subscription', () => {
    expect(published(run(UP, HOSTED).actions)).toEqual(['subscribe']);
    const early: SessionEvent[] = [...UP.slice(0, 3), host(true, 5), { kind: 'subscribed' }];
    expect(published(run(early, HOSTED).actions)).toContain('NBIRTH 0');
    expect(published(run([...UP, host(true, 5)], HOSTED).actions)).toContain('NBIRTH 0');
  });

  it('that goes ends the session, and the next server is tried', () => {
    const { actions } = run([...UP, host(true, 5), host(false, 5)], HOSTED);
    expect(published(actions).slice(-2)).toEqual(['NDEATH', 'move-on']);
  });

  it('is not believed where the statement is older than the last one', () => {
    const { state, actions } = run([...UP, host(true, 5), host(false, 4)], HOSTED);
    expect(published(actions).at(-1)).toBe('born');
    expect(state.phase).toBe('born');
    expect(run([...UP, host(false, 5), host(true, 4)], HOSTED).state.phase).toBe('waiting');
  });

  it('that is away or silent is looked for on the next server, where there is one', () => {
    expect(published(run([...UP, host(false, 5)], WALKING).actions)).toEqual(['subscribe', 'move-on']);
    expect(published(run([...UP, { kind: 'host-silent' }], WALKING).actions)).toEqual(['subscribe', 'move-on']);
    expect(published(run([...UP, host(false, 5), { kind: 'host-silent' }], HOSTED).actions)).toEqual(['subscribe']);
  });

  it('is asked anew on each connection, and an old statement on another server is not believed', () => {
    const births = (timestampMs: number): number => {
      const { actions } = run([...UP, host(true, 9), { kind: 'lost' }, ...UP, host(true, timestampMs)], HOSTED);
      return published(actions).filter((text) => text === 'NBIRTH 0').length;
    };
    expect(births(9)).toBe(2);
    expect(births(8)).toBe(1);
  });
});

/** A small generator with a seed, so that a failure can be run again. */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const DEVICES = ['press', 'weld', 'paint'];

function randomEvent(random: () => number): SessionEvent {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const device = pick(DEVICES);
  return pick<() => SessionEvent>([
    () => ({ kind: 'connecting' }),
    () => ({ kind: 'connect-sent' }),
    () => ({ kind: 'connected' }),
    () => ({ kind: 'connected' }),
    () => ({ kind: 'subscribed' }),
    () => ({ kind: 'subscribed' }),
    () => host(random() < 0.7, Math.floor(random() * 4)),
    () => ({ kind: 'host-silent' }),
    () => ({ kind: 'rebirth' }),
    () => ({ kind: 'device', device, present: random() < 0.5 }),
    () => ({ kind: 'redefined', device }),
    () => ({ kind: 'data', device }),
    () => ({ kind: 'data', device }),
    () => ({ kind: 'data' }),
    () => ({ kind: 'lost' }),
    () => ({ kind: 'leave' }),
  ])();
}

/** What a host that trusts nobody concludes from the messages of one connection. */
class Watcher {
  #seq: number | undefined;
  #dead = false;
  #born = new Set<string>();

  connection(): void {
    this.#seq = undefined;
    this.#dead = false;
    this.#born.clear();
  }

  see(action: SessionAction, state: SessionState, will: number): void {
    if (action.kind !== 'publish') return;
    if (this.#dead) throw new Error(`${action.message} after NDEATH`);
    if (action.message === 'NBIRTH') {
      if (state.bdSeq !== will) throw new Error(`born as ${state.bdSeq}, the will says ${will}`);
      if (action.seq !== 0) throw new Error('NBIRTH with another number than 0');
      this.#born.clear();
    } else if (this.#seq === undefined) throw new Error(`${action.message} before NBIRTH`);
    if (action.message === 'NDEATH') {
      this.#dead = true;
      return;
    }
    const expected: number = action.message === 'NBIRTH' ? 0 : ((this.#seq ?? 0) + 1) % 256;
    if (action.seq !== expected) throw new Error(`${action.message} has ${action.seq}, not ${expected}`);
    this.#seq = action.seq;
    if (action.message === 'DBIRTH') this.#born.add(action.device);
    if (action.message === 'DDATA' && !this.#born.has(action.device)) throw new Error('DDATA before DBIRTH');
    if (action.message === 'DDEATH' && !this.#born.delete(action.device)) throw new Error('DDEATH before DBIRTH');
  }
}

describe('whatever happens', () => {
  it.each([ALONE, HOSTED, WALKING])('keeps its promises to the hosts (%o)', (rules) => {
    let births = 0;
    for (let seed = 1; seed <= 400; seed += 1) {
      const random = randomNumbers(seed);
      const watcher = new Watcher();
      let state = initialSession(DEVICES);
      let will = state.bdSeq;
      const events: SessionEvent[] = [];
      for (let count = 0; count < 400; count += 1) {
        const event = randomEvent(random);
        events.push(event);
        const [next, actions] = step(state, event, rules);
        if (event.kind === 'connecting') {
          will = next.bdSeq;
          watcher.connection();
        }
        if (event.kind === 'connected' && state.phase === 'offline') watcher.connection();
        try {
          for (const action of actions) watcher.see(action, next, will);
        } catch (error) {
          throw new Error(`seed ${seed}: ${String(error)} after ${JSON.stringify(events.slice(-12))}`);
        }
        births += actions.filter((action) => action.kind === 'publish' && action.message === 'NBIRTH').length;
        state = next;
      }
    }
    expect(births).toBeGreaterThan(500);
  });
});
