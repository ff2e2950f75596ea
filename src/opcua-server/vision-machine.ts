/**
 * The state machine of OPC 40100-1 for one station as a pure function: it decides, `vision-system.ts` does. The states
 * of the VisionStateMachine and of the AutomaticModeStateMachine inside its state Operational are one list here, since a
 * station is always in exactly one of them.
 *
 * The station itself stands above the machine: a pause or a resume that came by another door, and trouble that comes
 * and goes, are seen and followed by the automatic transitions of the specification.
 */
export type VisionState =
  | 'Preoperational'
  | 'Halted'
  | 'Error'
  | 'Initialized'
  | 'Ready'
  | 'SingleExecution'
  | 'ContinuousExecution';

export interface Job {
  readonly id: string;
  readonly kind: 'single' | 'continuous';
  /** What the client knows the run and the part by. */
  readonly measId?: string;
  readonly partId?: string;
}

export interface VisionMachine {
  readonly state: VisionState;
  /** Parts are let in: the station is not paused. */
  readonly taking: boolean;
  readonly troubled: boolean;
  /** The recipe in force may be used for jobs. */
  readonly prepared: boolean;
  /** The one under way, or the last one: parts that were on their way when it ended are still of it. */
  readonly job: Job | undefined;
  /** A single job is to be the last thing that happens. */
  readonly stopping: boolean;
  /** The trouble came before the station was taken into operation. */
  readonly failedEarly: boolean;
}

/** Without a start the machine is as after power-up, and the station is not looked at yet. */
export const POWERED_UP: VisionMachine = {
  state: 'Preoperational',
  taking: false,
  troubled: false,
  prepared: false,
  job: undefined,
  stopping: false,
  failedEarly: false,
};

export type VisionEvent =
  /** How the station is now, whoever made it so. */
  | { readonly kind: 'seen'; readonly taking: boolean; readonly troubled: boolean }
  | { readonly kind: 'select-mode-automatic' }
  | { readonly kind: 'start-single-job'; readonly measId?: string; readonly partId?: string }
  | { readonly kind: 'start-continuous'; readonly measId?: string; readonly partId?: string }
  | { readonly kind: 'stop' }
  | { readonly kind: 'abort' }
  | { readonly kind: 'halt' }
  | { readonly kind: 'reset' }
  /** A recipe is in force that the client has chosen. */
  | { readonly kind: 'prepare-recipe' }
  | { readonly kind: 'unprepare-recipe' }
  /** The part of a single job is inspected, or it will never be. */
  | { readonly kind: 'job-over'; readonly jobId: string };

/** The events that a client causes; the others cannot be refused. */
export type VisionRequest = Exclude<VisionEvent['kind'], 'seen' | 'job-over'>;

export type VisionAction =
  | { readonly do: 'pause' }
  | { readonly do: 'resume' }
  | { readonly do: 'inspect'; readonly job: Job }
  /** Nobody waits for the part of this job any more. */
  | { readonly do: 'give-up'; readonly job: Job }
  | Told;

/** What clients are told, in this order. */
export type Told =
  | TransitionTold
  | { readonly do: 'tell'; readonly event: 'JobStarted' | 'Ready'; readonly job: Job }
  | { readonly do: 'tell'; readonly event: 'RecipePrepared' | 'Error' | 'ErrorResolved' };

export interface TransitionTold {
  readonly do: 'tell-transition';
  /** BrowseName in the specification's type. */
  readonly transition: string;
  readonly from: VisionState;
  readonly to: VisionState;
}

export interface VisionStep {
  /** False where the request is not allowed in this state; nothing has changed then. */
  readonly permitted: boolean;
  readonly machine: VisionMachine;
  readonly actions: readonly VisionAction[];
}

const OPERATIONAL: ReadonlySet<VisionState> = new Set([
  'Initialized',
  'Ready',
  'SingleExecution',
  'ContinuousExecution',
]);
const EXECUTING: ReadonlySet<VisionState> = new Set(['SingleExecution', 'ContinuousExecution']);
const EVERY: ReadonlySet<VisionState> = new Set(['Preoperational', 'Halted', 'Error', ...OPERATIONAL]);

/** In which states a client may ask for what; docs/machine-vision.md shows the same table. */
export const PERMITTED: Readonly<Record<VisionRequest, ReadonlySet<VisionState>>> = {
  'select-mode-automatic': new Set(['Preoperational']),
  'start-single-job': new Set(['Ready']),
  'start-continuous': new Set(['Ready']),
  stop: EXECUTING,
  abort: EXECUTING,
  halt: new Set(['Preoperational', 'Error', ...OPERATIONAL]),
  reset: EVERY,
  'prepare-recipe': OPERATIONAL,
  'unprepare-recipe': new Set(['Initialized', 'Ready']),
};

export function isOperational(state: VisionState): boolean {
  return OPERATIONAL.has(state);
}

/** `jobId` becomes that of the job that begins with this event, if one does. */
export function vision(machine: VisionMachine, event: VisionEvent, jobId: string): VisionStep {
  if (event.kind !== 'seen' && event.kind !== 'job-over' && !PERMITTED[event.kind].has(machine.state)) {
    return { permitted: false, machine, actions: [] };
  }
  const walk = new Walk(machine, jobId);
  walk.take(event);
  walk.settle();
  return { permitted: true, machine: walk.machine, actions: walk.actions };
}

/** One event's way through the machine: the states it passes and what is to be done on the way. */
class Walk {
  machine: VisionMachine;
  readonly actions: VisionAction[] = [];
  readonly #jobId: string;

  constructor(machine: VisionMachine, jobId: string) {
    this.machine = machine;
    this.#jobId = jobId;
  }

  take(event: VisionEvent): void {
    const { state, job } = this.machine;
    switch (event.kind) {
      case 'seen':
        this.#see(event.taking, event.troubled);
        break;
      case 'select-mode-automatic':
        this.#go('PreoperationalToInitialized', 'Initialized');
        this.#prepareByItself();
        break;
      case 'start-single-job':
        this.#begin('ReadyToSingleExecution', { id: this.#jobId, kind: 'single', ...told(event) });
        break;
      case 'start-continuous':
        this.#begin('ReadyToContinuousExecution', { id: this.#jobId, kind: 'continuous', ...told(event) });
        break;
      case 'stop':
        if (state === 'ContinuousExecution') this.#end('Stop');
        else this.machine = { ...this.machine, stopping: true };
        break;
      case 'abort':
        this.#end('Abort');
        break;
      case 'halt':
        this.#leave('Halt');
        break;
      case 'reset':
        this.#leave('Reset');
        break;
      case 'prepare-recipe':
        this.machine = { ...this.machine, prepared: true };
        if (state === 'Initialized') this.#go('InitializedToReadyRecipe', 'Ready');
        this.actions.push({ do: 'tell', event: 'RecipePrepared' });
        break;
      case 'unprepare-recipe':
        this.machine = { ...this.machine, prepared: false };
        if (state === 'Ready') this.#go('ReadyToInitializedRecipe', 'Initialized');
        break;
      case 'job-over':
        if (state === 'SingleExecution' && job?.id === event.jobId) this.#end(this.machine.stopping ? 'Stop' : 'Auto');
        break;
    }
  }

  /** Follows what is so already: a station that takes parts executes, one that is paused does not, trouble is Error. */
  settle(): void {
    const { taking } = this.machine;
    if (taking) this.#climb();
    else if (this.machine.state === 'ContinuousExecution') this.#end('Auto');
    if (this.machine.troubled && OPERATIONAL.has(this.machine.state)) this.#fail('OperationalToErrorAuto', false);
  }

  #see(taking: boolean, troubled: boolean): void {
    const { state, troubled: before } = this.machine;
    this.machine = { ...this.machine, taking, troubled };
    // While the station is out of operation only trouble that comes anew is an error: a Reset would be undone otherwise.
    if (troubled && !before && state === 'Preoperational' && !taking) this.#fail('PreoperationalToErrorAuto', true);
    if (!troubled && state === 'Error') this.#recover();
  }

  /** The automatic transitions from wherever the machine is to ContinuousExecution. */
  #climb(): void {
    if (this.machine.state === 'Halted') this.#go('HaltedToPreoperationalAuto', 'Preoperational');
    if (this.machine.state === 'Preoperational') this.#go('PreoperationalToInitializedAuto', 'Initialized');
    if (this.machine.state === 'Initialized') this.#prepareByItself();
    if (this.machine.state === 'Ready') {
      this.#start('ReadyToContinuousExecutionAuto', { id: this.#jobId, kind: 'continuous' });
    }
  }

  /** A station has always a recipe in force, its models loaded. */
  #prepareByItself(): void {
    this.machine = { ...this.machine, prepared: true };
    this.#go('InitializedToReadyAuto', 'Ready');
  }

  #begin(transition: string, job: Job): void {
    this.#start(transition, job);
    if (job.kind === 'single') this.actions.push({ do: 'inspect', job });
    else {
      this.machine = { ...this.machine, taking: true };
      this.actions.push({ do: 'resume' });
    }
  }

  #start(transition: string, job: Job): void {
    this.machine = { ...this.machine, job, stopping: false };
    this.#go(transition, job.kind === 'single' ? 'SingleExecution' : 'ContinuousExecution');
    this.actions.push({ do: 'tell', event: 'JobStarted', job });
  }

  /** Out of the execution, into Ready. */
  #end(how: 'Stop' | 'Abort' | 'Auto'): void {
    const { state, job } = this.machine;
    if (state === 'ContinuousExecution') this.#pause();
    if (state === 'SingleExecution' && how === 'Abort') this.#giveUp();
    this.machine = { ...this.machine, stopping: false };
    this.#go(`${state}ToReady${how}`, 'Ready');
    if (job !== undefined) this.actions.push({ do: 'tell', event: 'Ready', job });
  }

  #leave(how: 'Halt' | 'Reset'): void {
    const { state } = this.machine;
    const to: VisionState = how === 'Halt' ? 'Halted' : 'Preoperational';
    if (state === 'SingleExecution') this.#giveUp();
    this.#pause();
    this.machine = { ...this.machine, prepared: false, stopping: false, failedEarly: false };
    if (state !== to) this.#go(`${outer(state)}To${to}`, to);
  }

  #fail(transition: string, failedEarly: boolean): void {
    if (this.machine.state === 'SingleExecution') this.#giveUp();
    this.machine = { ...this.machine, stopping: false, failedEarly };
    this.#go(transition, 'Error');
    this.actions.push({ do: 'tell', event: 'Error' });
  }

  /** To where the machine would be without the trouble. */
  #recover(): void {
    const { taking, prepared, job, failedEarly } = this.machine;
    if (failedEarly) this.#go('ErrorToPreoperationalAuto', 'Preoperational');
    else if (taking) {
      this.#go('ErrorToOperationalAuto', 'ContinuousExecution');
      if (job?.kind !== 'continuous') this.#tellNewJob();
    } else this.#go('ErrorToOperationalAuto', prepared ? 'Ready' : 'Initialized');
    this.machine = { ...this.machine, failedEarly: false };
    this.actions.push({ do: 'tell', event: 'ErrorResolved' });
  }

  #tellNewJob(): void {
    const job: Job = { id: this.#jobId, kind: 'continuous' };
    this.machine = { ...this.machine, job };
    this.actions.push({ do: 'tell', event: 'JobStarted', job });
  }

  #pause(): void {
    if (this.machine.taking) this.actions.push({ do: 'pause' });
    this.machine = { ...this.machine, taking: false };
  }

  #giveUp(): void {
    if (this.machine.job !== undefined) this.actions.push({ do: 'give-up', job: this.machine.job });
  }

  #go(transition: string, to: VisionState): void {
    this.actions.push({ do: 'tell-transition', transition, from: this.machine.state, to });
    this.machine = { ...this.machine, state: to };
  }
}

/** The state of the VisionStateMachine. */
function outer(state: VisionState): string {
  return OPERATIONAL.has(state) ? 'Operational' : state;
}

function told({ measId, partId }: { measId?: string; partId?: string }): Pick<Job, 'measId' | 'partId'> {
  return { ...(measId !== undefined && { measId }), ...(partId !== undefined && { partId }) };
}
