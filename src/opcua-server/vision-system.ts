import { messageOf } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { Inspection } from '../domain/inspection.js';
import type { ControlledStation, StationTrouble } from '../ports/controlled-station.js';
import { type Answer, METHOD_ERRORS, type Request, type Result, type StationView, type ToServer } from './protocol.js';
import {
  isOperational,
  type Job,
  PERMITTED,
  POWERED_UP,
  type Told,
  type TransitionTold,
  type VisionAction,
  type VisionEvent,
  type VisionMachine,
  type VisionRequest,
  vision,
} from './vision-machine.js';

/** So many parts in a row that the model could not judge are an error of the station. */
const UNJUDGED_FOR_ERROR = 3;

export interface VisionSystemOptions {
  readonly station: ControlledStation;
  /** How many results are kept for a server that starts later. */
  readonly results: number;
  readonly newJobId: () => string;
  readonly send: (message: ToServer) => void;
  readonly logger: Logger;
}

/** A job for one part, until its part is inspected or another job takes its place. */
interface SingleJob {
  readonly job: Job;
  readonly giveUp: AbortController;
  inspectionId?: string;
}

const EVENTS = {
  SelectModeAutomatic: 'select-mode-automatic',
  StartSingleJob: 'start-single-job',
  StartContinuous: 'start-continuous',
  Stop: 'stop',
  Abort: 'abort',
  Halt: 'halt',
  Reset: 'reset',
  PrepareRecipe: 'prepare-recipe',
  UnprepareRecipe: 'unprepare-recipe',
} as const satisfies Readonly<Record<Exclude<Request['method'], 'ConfirmAll'>, VisionRequest>>;

/** One station as a vision system: the thin shell around its state machine. */
export class VisionSystem {
  readonly #options: VisionSystemOptions;
  readonly #recent: Result[] = [];
  #machine: VisionMachine = POWERED_UP;
  #single: SingleJob | undefined;
  #continuous: Job | undefined;
  #unjudged = 0;
  /** The last transition of the outer and of the inner state machine. */
  #passed: { readonly outer?: TransitionTold; readonly inner?: TransitionTold } = {};
  #shown = '';
  #acting = false;

  constructor(options: VisionSystemOptions) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.station.name;
  }

  /** Looks at the station and follows what has become of it. */
  look(): void {
    // What the machine itself does to the station makes others look; it knows of that already.
    if (this.#acting) return;
    const taking = this.#options.station.paused === undefined;
    const troubled = this.#troubles().some(({ severity }) => severity === 'error');
    this.#step({ kind: 'seen', taking, troubled }, '');
  }

  /** For a server that knows nothing yet. */
  showAll(): void {
    this.#shown = '';
    this.#show([]);
    for (const result of this.#recent) this.#send({ kind: 'result', station: this.name, result, fresh: false });
  }

  /** Ends what is under way for a client. */
  close(): void {
    this.#single?.giveUp.abort();
  }

  inspected(inspection: Inspection): void {
    this.#count(inspection);
    const single = this.#single?.inspectionId === inspection.id ? this.#single.job : undefined;
    const result = this.#resultOf(inspection, single ?? this.#continuous);
    this.#recent.push(result);
    if (this.#recent.length > this.#options.results) this.#recent.shift();
    this.#send({ kind: 'result', station: this.name, result, fresh: true });
    if (single !== undefined) this.#step({ kind: 'job-over', jobId: single.id }, '');
    this.look();
  }

  /** Never rejects. */
  async request(request: Request, by: string): Promise<Answer> {
    let answer: Answer;
    try {
      answer = await this.#decide(request, by);
    } catch (error) {
      this.#options.logger.warn({ method: request.method, by }, `A method was not carried out: ${messageOf(error)}`);
      answer = failed('NOT_CARRIED_OUT');
    }
    const { method, ...given } = request;
    this.#options.station.audit({ method, by, given, refusal: refusalOf(answer, this.#machine.state) });
    return answer;
  }

  async #decide(request: Request, by: string): Promise<Answer> {
    if (request.method === 'ConfirmAll') {
      this.#options.station.acknowledge(request.comment === '' ? by : `${by}: ${request.comment}`);
      this.look();
      return done();
    }
    const kind = EVENTS[request.method];
    if (!PERMITTED[kind].has(this.#machine.state)) return { kind: 'not-now' };
    switch (request.method) {
      case 'StartSingleJob':
      case 'StartContinuous': {
        const { measId, partId, recipe, product, parameters } = request.start;
        if (product !== '') return failed('PRODUCT_UNKNOWN');
        if (parameters > 0) return failed('PARAMETERS_UNKNOWN');
        const refused = this.#refuseRecipe(recipe);
        if (refused !== undefined) return refused;
        const told = { ...(measId !== '' && { measId }), ...(partId !== '' && { partId }) };
        return this.#ask({ kind: EVENTS[request.method], ...told }, by);
      }
      case 'PrepareRecipe':
        if (!this.#knows(request.recipe)) return failed('RECIPE_UNKNOWN');
        await this.#options.station.selectRecipe(request.recipe);
        return this.#ask({ kind: 'prepare-recipe' }, by);
      case 'UnprepareRecipe':
        if (!this.#knows(request.recipe)) return failed('RECIPE_UNKNOWN');
        return this.#refuseRecipe(request.recipe) ?? this.#ask({ kind: 'unprepare-recipe' }, by);
      case 'SelectModeAutomatic':
        return this.#ask({ kind: EVENTS[request.method] }, by);
      default: {
        const { method, cause, description } = request;
        return this.#ask({ kind: EVENTS[method] }, by, `${method}, cause ${cause}${description && `: ${description}`}`);
      }
    }
  }

  #ask(event: VisionEvent, by: string, reason?: string): Answer {
    const jobId = this.#options.newJobId();
    if (!this.#step(event, by, reason, jobId)) return { kind: 'not-now' };
    return done(this.#machine.job?.id === jobId ? jobId : '');
  }

  /** False where the state does not allow it. */
  #step(event: VisionEvent, by: string, reason?: string, jobId = this.#options.newJobId()): boolean {
    const { permitted, machine, actions } = vision(this.#machine, event, jobId);
    if (!permitted) return false;
    this.#machine = machine;
    if (machine.job?.kind === 'continuous') this.#continuous = machine.job;
    this.#acting = true;
    try {
      for (const action of actions) {
        if (action.do === 'tell-transition') this.#remember(action);
        this.#act(action, by, reason);
      }
    } finally {
      this.#acting = false;
    }
    this.#show(actions.filter(isTold));
    return true;
  }

  #act(action: VisionAction, by: string, reason: string | undefined): void {
    const { station } = this.#options;
    if (action.do === 'pause') station.pause(by, reason);
    else if (action.do === 'resume') station.resume();
    else if (action.do === 'inspect') this.#inspect(action.job);
    else if (action.do === 'give-up' && this.#single?.job.id === action.job.id) this.#single.giveUp.abort();
  }

  #remember(told: TransitionTold): void {
    const inner = isOperational(told.from) && isOperational(told.to);
    this.#passed = { ...this.#passed, [inner ? 'inner' : 'outer']: told };
  }

  #inspect(job: Job): void {
    const single: SingleJob = { job, giveUp: new AbortController() };
    this.#single = single;
    const opened = (id: string): void => {
      single.inspectionId = id;
    };
    const part = { opened, ...(job.partId !== undefined && { externalId: job.partId }) };
    this.#options.station
      .inspectNow(part, single.giveUp.signal)
      .catch((error: unknown) => {
        this.#options.logger.warn({}, `The part of a single job was not inspected: ${messageOf(error)}`);
      })
      .finally(() => this.#step({ kind: 'job-over', jobId: job.id }, ''));
  }

  #resultOf(inspection: Inspection, job: Job | undefined): Result {
    const { all, inForce } = this.#options.station.recipes;
    const named = all.find(({ name }) => name === inspection.recipe)?.name ?? inForce;
    const partId = inspection.partId ?? job?.partId;
    return {
      inspection,
      jobId: job?.id ?? inspection.id,
      ...(job?.measId !== undefined && { measId: job.measId }),
      ...(partId !== undefined && { partId }),
      recipe: { name: named, model: inspection.model },
    };
  }

  /** Parts that the model could not judge, though there was a picture. */
  #count({ verdict }: Inspection): void {
    const unjudged = verdict.reasons.some(({ code }) => code === 'INFERENCE_FAILED');
    this.#unjudged = unjudged ? this.#unjudged + 1 : 0;
  }

  #troubles(): readonly StationTrouble[] {
    const { troubles } = this.#options.station;
    if (this.#unjudged < UNJUDGED_FOR_ERROR) return troubles;
    const text = 'it could not judge the last parts, which went to review';
    return [...troubles, { where: `model of ${this.name}`, text, severity: 'error' }];
  }

  #knows(recipe: string): boolean {
    return this.#options.station.recipes.all.some(({ name }) => name === recipe);
  }

  /** An empty name means the one that is prepared, whichever it is. */
  #refuseRecipe(recipe: string): Answer | undefined {
    if (recipe !== '' && !this.#knows(recipe)) return failed('RECIPE_UNKNOWN');
    const inForce = recipe === '' || recipe === this.#options.station.recipes.inForce;
    return inForce && this.#machine.prepared ? undefined : failed('RECIPE_NOT_PREPARED');
  }

  #show(told: readonly Told[]): void {
    const { station } = this.#options;
    const { state, job, prepared } = this.#machine;
    const { all: recipes, inForce } = station.recipes;
    const view: StationView = {
      state,
      job,
      recipes,
      inForce,
      prepared,
      troubles: this.#troubles(),
      paused: station.paused,
      passed: Object.values(this.#passed),
    };
    const shown = JSON.stringify(view);
    if (told.length === 0 && shown === this.#shown) return;
    this.#shown = shown;
    this.#send({ kind: 'view', station: this.name, view, told });
  }

  #send(message: ToServer): void {
    this.#options.send(message);
  }
}

function isTold(action: VisionAction): action is Told {
  return action.do === 'tell' || action.do === 'tell-transition';
}

function done(jobId = ''): Answer {
  return { kind: 'done', error: METHOD_ERRORS.OK, jobId };
}

function failed(error: keyof typeof METHOD_ERRORS): Answer {
  return { kind: 'done', error: METHOD_ERRORS[error], jobId: '' };
}

function refusalOf(answer: Answer, state: string): string | undefined {
  if (answer.kind === 'not-now') return `not allowed in the state ${state}`;
  if (answer.error === METHOD_ERRORS.OK) return undefined;
  const [name] = Object.entries(METHOD_ERRORS).find(([, value]) => value === answer.error) ?? ['?'];
  return `error ${answer.error} (${name})`;
}
