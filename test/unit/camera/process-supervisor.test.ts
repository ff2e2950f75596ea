import { describe, expect, it } from 'vitest';
import {
  initialSupervisorState,
  type SupervisorAction,
  type SupervisorEvent,
  type SupervisorLimits,
  type SupervisorState,
  supervise,
} from '#jidoka/camera/process/supervisor.js';

const LIMITS: SupervisorLimits = { startWithinMs: 1000, stallAfterMs: 300 };
const SMALL = { width: 64, height: 48 };
const LARGE = { width: 128, height: 96 };

class Machine {
  state: SupervisorState<string> = initialSupervisorState;
  constructor(private readonly limits = LIMITS) {}

  on(...events: readonly SupervisorEvent<string>[]): readonly SupervisorAction<string>[] {
    return events.flatMap((event) => {
      const step = supervise<string>(this.state, event, this.limits, {
        silent: (ms, started) => `${started ? 'stalled' : 'no picture'} ${ms}`,
        resized: (from, to) => `resized ${from.width} ${to.width}`,
      });
      this.state = step.state;
      return step.actions;
    });
  }
}

const start = { kind: 'start', atMs: 0 } as const;
const stop = { kind: 'stop' } as const;
const frame = (atMs: number, life = 1, size = SMALL) => ({ kind: 'frame', life, atMs, size }) as const;
const look = (atMs: number, life = 1) => ({ kind: 'look', life, atMs }) as const;
const exited = (reason: string | undefined, life = 1, pace: 'soon' | 'at-once' | 'patient' = 'soon') =>
  ({ kind: 'exited', life, reason, pace }) as const;
const graceOver = (life = 1) => ({ kind: 'grace-over', life }) as const;
const ENDING = [
  { do: 'signal', name: 'SIGINT' },
  { do: 'give-grace', life: 1 },
];

describe('the supervision of a camera program', () => {
  it('starts the program, watches its start, then its pictures', () => {
    const machine = new Machine();
    expect(machine.on(start)).toEqual([
      { do: 'spawn', life: 1 },
      { do: 'watch', life: 1, atMs: 1000 },
    ]);
    expect(machine.on(frame(500))).toEqual([
      { do: 'announce-running', size: SMALL },
      { do: 'watch', life: 1, atMs: 800 },
    ]);
    expect(machine.on(frame(600), frame(700))).toEqual([]);
    expect(machine.on(look(800))).toEqual([{ do: 'watch', life: 1, atMs: 1000 }]);
  });

  it('ends a program that shows no first picture, and one that has stalled', () => {
    const silent = new Machine();
    silent.on(start);
    expect(silent.on(look(1000))).toEqual([{ do: 'announce-down', reason: 'no picture 1000' }, ...ENDING]);
    const stalled = new Machine();
    stalled.on(start, frame(500));
    expect(stalled.on(look(800))).toEqual([{ do: 'announce-down', reason: 'stalled 300' }, ...ENDING]);
    expect(stalled.on(exited('by signal'))).toEqual([{ do: 'wait', life: 1, pace: 'soon' }]);
    expect(stalled.on({ kind: 'retry', life: 1, atMs: 900 })).toEqual([
      { do: 'spawn', life: 2 },
      { do: 'watch', life: 2, atMs: 1900 },
    ]);
  });

  it('looks once more when the gateway itself was held up', () => {
    const machine = new Machine();
    machine.on(start, frame(500));
    expect(machine.on(look(5000))).toEqual([{ do: 'watch', life: 1, atMs: 5150 }]);
    machine.on(frame(5001));
    expect(machine.on(look(5150))).toEqual([{ do: 'watch', life: 1, atMs: 5301 }]);
  });

  it('kills a program that does not end, and says so when even that does not help', () => {
    const machine = new Machine();
    machine.on(start, frame(500), look(800));
    expect(machine.on(graceOver())).toEqual([
      { do: 'signal', name: 'SIGKILL' },
      { do: 'give-grace', life: 1 },
    ]);
    expect(machine.on(graceOver())).toEqual([{ do: 'announce-stuck' }]);
    expect(machine.on(exited(undefined))).toEqual([{ do: 'wait', life: 1, pace: 'soon' }]);
  });

  it('gives a program that has closed its stream the time to say why it ends', () => {
    const machine = new Machine();
    machine.on(start, frame(10));
    expect(machine.on({ kind: 'hung-up', life: 1 })).toEqual([{ do: 'give-grace', life: 1 }]);
    expect(machine.on(exited('unplugged', 1, 'patient'))).toEqual([
      { do: 'announce-down', reason: 'unplugged' },
      { do: 'wait', life: 1, pace: 'patient' },
    ]);
  });

  it('ends a program that has closed its stream and lives on', () => {
    const machine = new Machine();
    machine.on(start, frame(10), { kind: 'hung-up', life: 1 });
    expect(machine.on(graceOver())).toEqual(ENDING);
    expect(machine.on(graceOver())).toEqual([
      { do: 'signal', name: 'SIGKILL' },
      { do: 'give-grace', life: 1 },
    ]);
  });

  it('ends a program whose stream is of no use', () => {
    const machine = new Machine();
    machine.on(start, frame(10));
    expect(machine.on({ kind: 'faulted', life: 1, reason: 'cut' })).toEqual([
      { do: 'announce-down', reason: 'cut' },
      ...ENDING,
    ]);
  });

  it('opens the camera anew when its pictures change their size, and takes the new one then', () => {
    const machine = new Machine();
    machine.on(start, frame(10), frame(20));
    expect(machine.on(frame(30, 1, LARGE))).toEqual([{ do: 'announce-down', reason: 'resized 64 128' }, ...ENDING]);
    expect(machine.on(frame(31, 1, LARGE))).toEqual([]);
    machine.on(exited(undefined), { kind: 'retry', life: 1, atMs: 50 });
    expect(machine.on(frame(60, 2, LARGE))).toMatchObject([{ do: 'announce-running', size: LARGE }, { do: 'watch' }]);
  });

  it('notices a size that has changed while the camera was away', () => {
    const machine = new Machine();
    machine.on(start, frame(10), exited('gone'), { kind: 'retry', life: 1, atMs: 50 });
    expect(machine.on(frame(60, 2, LARGE))).toMatchObject([{ do: 'announce-down', reason: 'resized 64 128' }, {}, {}]);
  });

  it('shortens the waits again only for a life that has outlasted its watchdog', () => {
    const machine = new Machine();
    machine.on(start, frame(10));
    expect(machine.on(frame(309))).toEqual([]);
    expect(machine.on(frame(310))).toEqual([{ do: 'reset-backoff' }]);
    expect(machine.on(frame(700))).toEqual([]);
  });

  it('goes on at once after an end that was no failure, and says that the camera is well where it is', () => {
    const machine = new Machine();
    machine.on(start);
    expect(machine.on(exited(undefined, 1, 'at-once'))).toEqual([{ do: 'wait', life: 1, pace: 'at-once' }]);
    machine.on({ kind: 'retry', life: 1, atMs: 50 });
    expect(machine.on({ ...exited(undefined, 2, 'at-once'), idle: true })).toEqual([
      { do: 'announce-waiting' },
      { do: 'wait', life: 2, pace: 'at-once' },
    ]);
  });

  it('lets a camera on a trigger be silent', () => {
    const machine = new Machine({ startWithinMs: 1000, stallAfterMs: null });
    machine.on(start);
    expect(machine.on(look(1000))).toEqual([{ do: 'announce-waiting' }]);
    expect(machine.on(frame(90_000))).toEqual([{ do: 'announce-running', size: SMALL }]);
    expect(machine.on(look(900_000))).toEqual([{ do: 'announce-waiting' }]);
  });

  it.each<[string, readonly SupervisorEvent<string>[], readonly object[]]>([
    ['before the start', [], []],
    ['while it runs', [start, frame(10)], ENDING],
    ['while the stream has ended', [start, { kind: 'hung-up', life: 1 }], ENDING],
    ['while it is being ended', [start, look(1000)], []],
    ['while it waits', [start, exited('gone')], [{ do: 'announce-stopped' }]],
  ])('stops %s', (_, events, actions) => {
    const machine = new Machine();
    machine.on(...events);
    expect(machine.on(stop)).toEqual(actions);
    const expected = machine.state.kind === 'stopping' ? [{ do: 'announce-stopped' }] : [];
    expect(machine.on(exited(undefined))).toEqual(expected);
    expect(machine.state.kind).toBe('stopped');
    expect(machine.on(stop)).toEqual([]);
  });

  it('stops in the end though the system does not let the program go', () => {
    const machine = new Machine();
    machine.on(start, frame(10), stop);
    expect(machine.on(graceOver())).toEqual([
      { do: 'signal', name: 'SIGKILL' },
      { do: 'give-grace', life: 1 },
    ]);
    expect(machine.on(graceOver())).toEqual([{ do: 'announce-stopped' }]);
  });

  it('ignores whatever comes from an earlier life', () => {
    const machine = new Machine();
    machine.on(start, frame(10), exited('gone'), { kind: 'retry', life: 1, atMs: 50 });
    const before = machine.state;
    const late: SupervisorEvent<string>[] = [
      frame(60),
      look(9000),
      graceOver(),
      exited('late'),
      { kind: 'hung-up', life: 1 },
      { kind: 'faulted', life: 1, reason: 'late' },
      { kind: 'retry', life: 1, atMs: 99 },
    ];
    expect(machine.on(...late)).toEqual([]);
    expect(machine.state).toBe(before);
  });

  it('never has two programs and never forgets one, in any order of events', () => {
    let seed = 1;
    const random = (below: number): number => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return Math.floor((seed / 2_147_483_648) * below);
    };
    for (let round = 0; round < 300; round += 1) {
      const machine = new Machine();
      let living = 0;
      for (let step = 0; step < 60; step += 1) {
        const atMs = step * 100;
        const life = Math.max(0, machine.state.life - random(2));
        const gone = living > 0 && life === machine.state.life;
        const events: SupervisorEvent<string>[] = [
          { kind: 'start', atMs },
          frame(atMs, life, random(8) === 0 ? LARGE : SMALL),
          look(atMs, life),
          { kind: 'faulted', life, reason: 'fault' },
          { kind: 'hung-up', life },
          ...(gone ? [exited('gone', life)] : []),
          graceOver(life),
          { kind: 'retry', life, atMs },
          ...(random(6) === 0 ? [stop] : []),
        ];
        const event = events[random(events.length)];
        if (event === undefined) continue;
        const stuck = machine.state.kind === 'stopping' && machine.state.stage === 'killed';
        const actions = machine.on(event);
        if (event.kind === 'exited' || (stuck && machine.state.kind === 'stopped')) living -= 1;
        living += actions.filter((action) => action.do === 'spawn').length;
        expect(living).toBe(['live', 'ending', 'stopping'].includes(machine.state.kind) ? 1 : 0);
      }
    }
  });
});
