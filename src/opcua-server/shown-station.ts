import type { UAVariable } from 'node-opcua-address-space';
import { StatusCodes } from 'node-opcua-client';
import { Conditions } from './conditions.js';
import { showConfiguration } from './configuration.js';
import { bindStateMachine } from './control-methods.js';
import { Events } from './events.js';
import type { Result, StationView } from './protocol.js';
import { Recipes } from './recipes.js';
import { Results } from './results.js';
import { showSafety } from './safety.js';
import { StateNodes } from './state-nodes.js';
import type { StationParts } from './station-parts.js';
import { externalRecipeId, recipeId } from './structures.js';
import { isOperational, type Told, type VisionState } from './vision-machine.js';

const MACHINE_PARTS = [
  'CurrentState.Number',
  'LastTransition',
  'LastTransition.Number',
  'LastTransition.TransitionTime',
];

/** What is shown of the optional parts of the specification. */
const OPTIONALS = [
  'ConfigurationManagement',
  'ConfigurationManagement.ReleaseConfigurationHandle',
  'RecipeManagement',
  'RecipeManagement.Recipes',
  'RecipeManagement.ReleaseRecipeHandle',
  'ResultManagement',
  'ResultManagement.Results',
  'ResultManagement.ReleaseResultHandle',
  'SafetyStateManagement',
  'SystemState',
  'DiagnosticLevel',
  'VisionStateMachine.SelectModeAutomatic',
  'VisionStateMachine.ConfirmAll',
  'VisionStateMachine.AutomaticModeStateMachine',
  ...MACHINE_PARTS.map((part) => `VisionStateMachine.${part}`),
  ...MACHINE_PARTS.map((part) => `VisionStateMachine.AutomaticModeStateMachine.${part}`),
];

/** SystemState after SEMI E10: productive, standby, scheduled and unscheduled downtime. */
const SYSTEM_STATES: Readonly<Record<VisionState, number>> = {
  SingleExecution: 1,
  ContinuousExecution: 1,
  Preoperational: 2,
  Initialized: 2,
  Ready: 2,
  Halted: 4,
  Error: 5,
};

/** One station as an instance of VisionSystemType. */
export class ShownStation {
  readonly #parts: StationParts;
  readonly #vision: StateNodes;
  readonly #automatic: StateNodes;
  readonly #results: Results;
  readonly #recipes: Recipes;
  readonly #conditions: Conditions;
  readonly #events: Events;
  readonly #systemState: UAVariable;
  #view: StationView | undefined;

  constructor(parts: StationParts) {
    const { model, folder, station } = parts;
    const system = model.objectType('VisionSystemType').instantiate({
      browseName: { namespaceIndex: model.own.index, name: station.name },
      nodeId: `s=${station.name}`,
      organizedBy: folder,
      notifierOf: model.space.rootFolder.objects.server,
      eventNotifier: 1,
      optionals: OPTIONALS,
    });
    this.#parts = parts;
    this.#events = new Events(model, system);
    const vision = model.object(system, 'VisionStateMachine');
    const automatic = model.object(vision, 'AutomaticModeStateMachine');
    this.#vision = new StateNodes(model, vision, model.objectType('VisionStateMachineType'));
    this.#automatic = new StateNodes(model, automatic, model.objectType('VisionAutomaticModeStateMachineType'));
    this.#results = new Results(parts, model.object(system, 'ResultManagement'));
    this.#recipes = new Recipes(parts, model.object(system, 'RecipeManagement'));
    this.#conditions = new Conditions(parts, system);
    this.#systemState = model.variable(system, 'SystemState');
    bindStateMachine(parts, vision, automatic, () => this.#conditions.acknowledge());
    showConfiguration(parts, model.object(system, 'ConfigurationManagement'));
    showSafety(parts, model.object(system, 'SafetyStateManagement'), this.#events);
    model.variable(system, 'DiagnosticLevel').setValueFromSource({ dataType: 'UInt16', value: 0 }, StatusCodes.Good);
    this.#showState('Preoperational');
  }

  show(view: StationView, told: readonly Told[]): void {
    const before = this.#view;
    this.#view = view;
    this.#recipes.show(view);
    if (before === undefined) for (const { transition } of view.passed) this.#showPassed(transition);
    for (const one of told) this.#tell(one, view);
    this.#showState(view.state);
    this.#conditions.show(view.troubles);
    if (before !== undefined && before.paused !== view.paused) this.#tellPause(before.paused, view.paused);
  }

  addResult(result: Result, fresh: boolean): void {
    const fields = this.#results.add(result);
    if (fields === undefined || !fresh) return;
    const { verdict, result: judged } = result.inspection;
    this.#events.job('AcquisitionDone', result.jobId);
    const what = judged === null ? '' : `, ${judged.label} ${judged.score.toFixed(3)}`;
    this.#events.resultReady(`${verdict.decision}${what}`, fields);
  }

  #tell(told: Told, view: StationView): void {
    if (told.do === 'tell-transition') this.#pass(told.transition, told.from, told.to);
    else if (told.event === 'JobStarted' || told.event === 'Ready') this.#events.job(told.event, told.job.id);
    else if (told.event === 'Error') this.#events.error(errorText(view));
    else if (told.event === 'ErrorResolved') this.#events.errorResolved();
    else this.#tellPrepared();
  }

  #tellPrepared(): void {
    const { model } = this.#parts;
    const recipe = this.#recipes.inForce;
    if (recipe === undefined) return;
    this.#events.recipePrepared(recipe.name, recipeId(model, recipe), externalRecipeId(model, recipe.name));
  }

  /** A transition into or out of a state of the inner machine belongs to the outer one. */
  #pass(name: string, from: VisionState, to: VisionState): void {
    const inner = this.#automatic.find(name);
    const machine = inner === undefined ? this.#vision : this.#automatic;
    const transition = inner ?? this.#vision.find(name);
    const [left, entered] = [this.#stateOf(machine, from), this.#stateOf(machine, to)];
    if (transition === undefined || left === undefined || entered === undefined) return;
    this.#showState(to);
    machine.pass(transition, Date.now());
    this.#events.stateChanged({ machine: machine.object, transition, from: left, to: entered });
  }

  #showPassed(name: string): void {
    for (const machine of [this.#vision, this.#automatic]) {
      const transition = machine.find(name);
      if (transition !== undefined) machine.pass(transition, Date.now());
    }
  }

  #stateOf(machine: StateNodes, state: VisionState) {
    return machine.find(state) ?? (isOperational(state) ? machine.find('Operational') : undefined);
  }

  #showState(state: VisionState): void {
    this.#vision.enter(this.#stateOf(this.#vision, state));
    this.#automatic.enter(isOperational(state) ? this.#automatic.find(state) : undefined);
    const described = { state: SYSTEM_STATES[state], stateDescription: state };
    const value = this.#parts.model.structure('SystemStateDescriptionDataType', described);
    this.#systemState.setValueFromSource({ dataType: 'ExtensionObject', value }, StatusCodes.Good);
  }

  #tellPause(before: string | undefined, now: string | undefined): void {
    const text =
      now === undefined ? `The station takes parts again, no longer paused by ${before}.` : `Paused by ${now}.`;
    this.#events.information(text, this.#parts.station.name);
  }
}

function errorText({ troubles }: StationView): string {
  const errors = troubles.filter(({ severity }) => severity === 'error');
  return errors.map(({ where, text }) => `${where}: ${text}`).join('; ') || 'The station is in trouble.';
}
