import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import {
  type Job,
  PERMITTED,
  POWERED_UP,
  type VisionEvent,
  type VisionMachine,
  type VisionRequest,
  type VisionState,
  vision,
} from '#jidoka/opcua-server/vision-machine.js';

const single: Job = { id: 'old', kind: 'single' };
const continuous: Job = { id: 'old', kind: 'continuous' };

/** One machine for each state, as it gets there. */
const IN: Readonly<Record<VisionState, VisionMachine>> = {
  Preoperational: POWERED_UP,
  Halted: { ...POWERED_UP, state: 'Halted' },
  Error: { ...POWERED_UP, state: 'Error', taking: true, troubled: true, prepared: true, job: continuous },
  Initialized: { ...POWERED_UP, state: 'Initialized' },
  Ready: { ...POWERED_UP, state: 'Ready', prepared: true },
  SingleExecution: { ...POWERED_UP, state: 'SingleExecution', prepared: true, job: single },
  ContinuousExecution: { ...POWERED_UP, state: 'ContinuousExecution', prepared: true, taking: true, job: continuous },
};
const STATES = Object.keys(IN) as VisionState[];
const REQUESTS = Object.keys(PERMITTED) as VisionRequest[];

/** What an event does, in short: the transitions and everything else in the order in which it happens. */
function run(machine: VisionMachine, ...events: VisionEvent[]): string {
  let now = machine;
  const steps = events.flatMap((event) => {
    const step = vision(now, event, 'new');
    now = step.machine;
    if (!step.permitted) return ['refused'];
    return step.actions.map((action) => {
      if (action.do === 'tell-transition') return action.transition;
      if (action.do === 'tell') return `!${action.event}${'job' in action ? ` ${action.job.id}` : ''}`;
      return action.do === 'inspect' || action.do === 'give-up' ? `${action.do} ${action.job.id}` : action.do;
    });
  });
  return [...steps, `=> ${now.state}`].join(' ');
}

const seen = (taking: boolean, troubled = false): VisionEvent => ({ kind: 'seen', taking, troubled });

/** Every request in every state. What is not here is refused and changes nothing. */
const TABLE: Readonly<Record<VisionRequest, Partial<Record<VisionState, string>>>> = {
  'select-mode-automatic': {
    Preoperational: 'PreoperationalToInitialized InitializedToReadyAuto => Ready',
  },
  'start-single-job': {
    Ready: 'ReadyToSingleExecution !JobStarted new inspect new => SingleExecution',
  },
  'start-continuous': {
    Ready: 'ReadyToContinuousExecution !JobStarted new resume => ContinuousExecution',
  },
  stop: {
    SingleExecution: '=> SingleExecution',
    ContinuousExecution: 'pause ContinuousExecutionToReadyStop !Ready old => Ready',
  },
  abort: {
    SingleExecution: 'give-up old SingleExecutionToReadyAbort !Ready old => Ready',
    ContinuousExecution: 'pause ContinuousExecutionToReadyAbort !Ready old => Ready',
  },
  halt: {
    Preoperational: 'PreoperationalToHalted => Halted',
    Error: 'pause ErrorToHalted => Halted',
    Initialized: 'OperationalToHalted => Halted',
    Ready: 'OperationalToHalted => Halted',
    SingleExecution: 'give-up old OperationalToHalted => Halted',
    ContinuousExecution: 'pause OperationalToHalted => Halted',
  },
  reset: {
    Preoperational: '=> Preoperational',
    Halted: 'HaltedToPreoperational => Preoperational',
    Error: 'pause ErrorToPreoperational => Preoperational',
    Initialized: 'OperationalToPreoperational => Preoperational',
    Ready: 'OperationalToPreoperational => Preoperational',
    SingleExecution: 'give-up old OperationalToPreoperational => Preoperational',
    ContinuousExecution: 'pause OperationalToPreoperational => Preoperational',
  },
  'prepare-recipe': {
    Initialized: 'InitializedToReadyRecipe !RecipePrepared => Ready',
    Ready: '!RecipePrepared => Ready',
    SingleExecution: '!RecipePrepared => SingleExecution',
    ContinuousExecution: '!RecipePrepared => ContinuousExecution',
  },
  'unprepare-recipe': {
    Initialized: '=> Initialized',
    Ready: 'ReadyToInitializedRecipe => Initialized',
  },
};

/** What is seen of the station, in every state: it takes parts or not, is well or not. */
const SEEN: Readonly<Record<VisionState, readonly [taking: string, paused: string, troubled: string]>> = {
  Preoperational: [
    'PreoperationalToInitializedAuto InitializedToReadyAuto ReadyToContinuousExecutionAuto !JobStarted new => ContinuousExecution',
    '=> Preoperational',
    'PreoperationalToErrorAuto !Error => Error',
  ],
  Halted: [
    'HaltedToPreoperationalAuto PreoperationalToInitializedAuto InitializedToReadyAuto ReadyToContinuousExecutionAuto !JobStarted new => ContinuousExecution',
    '=> Halted',
    '=> Halted',
  ],
  Error: [
    'ErrorToOperationalAuto !ErrorResolved => ContinuousExecution',
    'ErrorToOperationalAuto !ErrorResolved => Ready',
    '=> Error',
  ],
  Initialized: [
    'InitializedToReadyAuto ReadyToContinuousExecutionAuto !JobStarted new => ContinuousExecution',
    '=> Initialized',
    'OperationalToErrorAuto !Error => Error',
  ],
  Ready: [
    'ReadyToContinuousExecutionAuto !JobStarted new => ContinuousExecution',
    '=> Ready',
    'OperationalToErrorAuto !Error => Error',
  ],
  SingleExecution: ['=> SingleExecution', '=> SingleExecution', 'give-up old OperationalToErrorAuto !Error => Error'],
  ContinuousExecution: [
    '=> ContinuousExecution',
    'ContinuousExecutionToReadyAuto !Ready old => Ready',
    'ContinuousExecutionToReadyAuto !Ready old OperationalToErrorAuto !Error => Error',
  ],
};

describe('the state machine of a vision system', () => {
  it.each(REQUESTS.flatMap((request) => STATES.map((state) => [request, state] as const)))(
    '%s in %s',
    (kind, state) => {
      expect(run(IN[state], { kind })).toBe(TABLE[kind][state] ?? `refused => ${state}`);
      const { permitted, machine } = vision(IN[state], { kind }, 'new');
      if (!permitted) expect(machine).toBe(IN[state]);
    },
  );

  it.each(STATES)('follows what is seen of the station in %s', (state) => {
    const [taking, paused, troubled] = SEEN[state];
    expect(run(IN[state], seen(true))).toBe(taking);
    expect(run(IN[state], seen(false))).toBe(paused);
    expect(run(IN[state], seen(false, true))).toBe(troubled);
  });

  it.each(STATES)('ends a single job alone when its part is over, in %s', (state) => {
    const ends = 'SingleExecutionToReadyAuto !Ready old => Ready';
    expect(run(IN[state], { kind: 'job-over', jobId: 'old' })).toBe(state === 'SingleExecution' ? ends : `=> ${state}`);
    expect(run(IN[state], { kind: 'job-over', jobId: 'another' })).toBe(`=> ${state}`);
  });

  it('lets the part of a single job be finished when it is asked to stop', () => {
    expect(run(IN.SingleExecution, { kind: 'stop' }, { kind: 'job-over', jobId: 'old' })).toBe(
      'SingleExecutionToReadyStop !Ready old => Ready',
    );
  });

  it('goes on executing after a single job when somebody has let the station run meanwhile', () => {
    expect(run(IN.SingleExecution, seen(true), { kind: 'job-over', jobId: 'old' })).toBe(
      'SingleExecutionToReadyAuto !Ready old ReadyToContinuousExecutionAuto !JobStarted new => ContinuousExecution',
    );
  });

  it('is in error at once where the station is in trouble when it starts, and executes when that is over', () => {
    expect(run(POWERED_UP, seen(true, true), seen(true, false))).toBe(
      'PreoperationalToInitializedAuto InitializedToReadyAuto ReadyToContinuousExecutionAuto !JobStarted new ' +
        'OperationalToErrorAuto !Error ErrorToOperationalAuto !ErrorResolved => ContinuousExecution',
    );
  });

  it('stays where a Reset put it while the old trouble goes on, and is in error again when it is to operate', () => {
    expect(run(IN.Error, { kind: 'reset' }, seen(false, true))).toBe('pause ErrorToPreoperational => Preoperational');
    expect(run(IN.Error, { kind: 'reset' }, { kind: 'select-mode-automatic' }, seen(false, false))).toBe(
      'pause ErrorToPreoperational PreoperationalToInitialized InitializedToReadyAuto OperationalToErrorAuto !Error ' +
        'ErrorToOperationalAuto !ErrorResolved => Ready',
    );
  });

  it('returns to Preoperational from an error that came there, and to Initialized without a recipe', () => {
    expect(run(POWERED_UP, seen(false, true), seen(false, false))).toBe(
      'PreoperationalToErrorAuto !Error ErrorToPreoperationalAuto !ErrorResolved => Preoperational',
    );
    expect(run(IN.Initialized, seen(false, true), seen(false, false))).toBe(
      'OperationalToErrorAuto !Error ErrorToOperationalAuto !ErrorResolved => Initialized',
    );
  });

  it('begins a job of its own where an error in a single job ends in a station that runs', () => {
    expect(run(IN.SingleExecution, seen(true, true), seen(true, false))).toBe(
      'give-up old OperationalToErrorAuto !Error ErrorToOperationalAuto !JobStarted new !ErrorResolved => ContinuousExecution',
    );
  });

  it('gives the job what the client calls the run and the part', () => {
    const { machine } = vision(IN.Ready, { kind: 'start-single-job', measId: 'm', partId: 'p' }, 'new');
    expect(machine.job).toEqual({ id: 'new', kind: 'single', measId: 'm', partId: 'p' });
  });
});

describe('the transitions', () => {
  /** BrowseNames of the states that each transition of the specification leads from and to. */
  const specified = readTransitions();

  it('are those of the specification', () => {
    const events: VisionEvent[] = [
      ...REQUESTS.map((kind): VisionEvent => ({ kind })),
      seen(true),
      seen(false),
      seen(true, true),
      seen(false, true),
      { kind: 'job-over', jobId: 'old' },
    ];
    const machines = STATES.flatMap((state) => [
      IN[state],
      { ...IN[state], stopping: true },
      { ...IN[state], failedEarly: true },
    ]);
    const told = machines.flatMap((machine) => events.flatMap((event) => vision(machine, event, 'new').actions));
    const transitions = told.flatMap((action) => (action.do === 'tell-transition' ? [action] : []));
    expect(transitions.length).toBeGreaterThan(50);
    for (const { transition, from, to } of transitions) {
      const known = specified.get(transition);
      expect(known, transition).toBeDefined();
      expect([from, outer(from)], transition).toContain(known?.from);
      expect([to, outer(to)], transition).toContain(known?.to);
    }
  });
});

function outer(state: VisionState): string {
  return PERMITTED['prepare-recipe'].has(state) ? 'Operational' : state;
}

function readTransitions(): Map<string, { from: string; to: string }> {
  const file = createRequire(import.meta.url).resolve('node-opcua-nodesets/nodesets/Opc.Ua.MachineVision.NodeSet2.xml');
  const objects = [...readFileSync(file, 'utf8').matchAll(/<UAObject ([^>]*)>(.*?)<\/UAObject>/gs)].map(
    ([, attributes = '', body = '']) => ({
      id: /NodeId="([^"]+)"/.exec(attributes)?.[1] ?? '',
      name: /BrowseName="1:([^"]+)"/.exec(attributes)?.[1] ?? '',
      from: /<Reference ReferenceType="FromState"[^>]*>([^<]+)</.exec(body)?.[1],
      to: /<Reference ReferenceType="ToState"(?! IsForward="false")[^>]*>([^<]+)</.exec(body)?.[1],
    }),
  );
  const nameOf = new Map(objects.map(({ id, name }) => [id, name]));
  return new Map(
    objects.flatMap(({ name, from, to }) =>
      from === undefined || to === undefined || nameOf.get(from) === undefined
        ? []
        : [[name, { from: nameOf.get(from) ?? '', to: nameOf.get(to) ?? '' }] as const],
    ),
  );
}
