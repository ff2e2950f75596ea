import type { RaiseEventData, UAObject, UAObjectType } from 'node-opcua-address-space';
import { DataType, type ExtensionObject, VariantArrayType, type VariantLike } from 'node-opcua-client';
import { boolean, int32, string, structure, text } from './method-kit.js';
import type { Named } from './state-nodes.js';
import type { Fields } from './structures.js';
import type { VisionModel } from './vision-model.js';

export const SEVERITY = { result: 100, state: 200, warning: 500, error: 800, safety: 900 } as const;

type EventFields = Readonly<Record<string, VariantLike>>;

export interface Passed {
  readonly machine: UAObject;
  readonly transition: Named;
  readonly from: Named;
  readonly to: Named;
}

const STRUCTURES = [
  'resultId',
  'measId',
  'partId',
  'externalRecipeId',
  'internalRecipeId',
  'internalConfigurationId',
  'jobId',
  'processingTimes',
] as const;

/** The events of one vision system. Who has not subscribed costs nothing but this. */
export class Events {
  readonly #model: VisionModel;
  readonly #system: UAObject;
  readonly #types = new Map<string, UAObjectType>();
  #passed: Passed | undefined;

  constructor(model: VisionModel, system: UAObject) {
    this.#model = model;
    this.#system = system;
  }

  stateChanged(passed: Passed): void {
    this.#passed = passed;
    const message = `${passed.from.name} to ${passed.to.name} (${passed.transition.name})`;
    this.#raise('StateChangedEventType', SEVERITY.state, message, transitionFields(passed));
  }

  /** An event of the transition that was told last. */
  error(message: string): void {
    this.#raise('ErrorEventType', SEVERITY.error, message, this.#lastTransition());
  }

  errorResolved(): void {
    this.#raise('ErrorResolvedEventType', SEVERITY.state, 'The trouble is over.', this.#lastTransition());
  }

  job(kind: 'JobStarted' | 'Ready' | 'AcquisitionDone', jobId: string): void {
    const fields = { jobId: structure(this.#model.structure('JobIdDataType', { id: jobId })) };
    this.#raise(`${kind}EventType`, SEVERITY.result, `${kind}: job ${jobId}`, fields);
  }

  recipePrepared(name: string, internal: ExtensionObject, external: ExtensionObject): void {
    const fields = { internalId: structure(internal), externalId: structure(external) };
    this.#raise('RecipePreparedEventType', SEVERITY.state, `The recipe ${name} is prepared.`, fields);
  }

  resultReady(message: string, fields: Fields): void {
    const structures = STRUCTURES.flatMap((name) => {
      const value = fields[name] as ExtensionObject | undefined;
      return value === undefined ? [] : [[name, structure(value)] as const];
    });
    this.#raise('ResultReadyEventType', SEVERITY.result, message, {
      ...Object.fromEntries(structures),
      isPartial: boolean(false),
      isSimulated: boolean(fields['isSimulated'] === true),
      resultState: int32(Number(fields['resultState'])),
      creationTime: { dataType: DataType.DateTime, value: fields['creationTime'] },
      resultContent: { dataType: DataType.Variant, arrayType: VariantArrayType.Array, value: fields['resultContent'] },
    });
  }

  /** Something that people may want to know. */
  information(message: string, causePath: string): void {
    this.#raise('VisionInformationEventType', SEVERITY.warning, message, { causePath: string(causePath) });
  }

  safety(triggered: boolean, information: string): void {
    this.#raise('VisionSafetyEventType', SEVERITY.safety, information, {
      visionSafetyTriggered: boolean(triggered),
      visionSafetyInformation: string(information),
    });
  }

  #lastTransition(): EventFields {
    return this.#passed === undefined ? {} : transitionFields(this.#passed);
  }

  #raise(typeName: string, severity: number, message: string, fields: EventFields): void {
    const type = this.#types.get(typeName) ?? this.#model.eventType(typeName);
    this.#types.set(typeName, type);
    this.#system.raiseEvent(type, {
      ...fields,
      message: text(message),
      severity: { dataType: DataType.UInt16, value: severity },
    } as unknown as RaiseEventData);
  }
}

function transitionFields({ machine, transition, from, to }: Passed): EventFields {
  const nodeId = (value: unknown): VariantLike => ({ dataType: DataType.NodeId, value });
  return {
    sourceNode: nodeId(machine.nodeId),
    transition: text(transition.name),
    'transition.id': nodeId(transition.nodeId),
    fromState: text(from.name),
    'fromState.id': nodeId(from.nodeId),
    toState: text(to.name),
    'toState.id': nodeId(to.nodeId),
  };
}
