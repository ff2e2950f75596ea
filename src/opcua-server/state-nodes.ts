import type { UAObject, UAObjectType, UAVariable } from 'node-opcua-address-space';
import { DataType, NodeId, StatusCodes, type VariantLike } from 'node-opcua-client';
import { text, time, uint32 } from './method-kit.js';
import type { VisionModel } from './vision-model.js';

/** A state or transition of a state machine's type. */
export interface Named {
  readonly name: string;
  readonly nodeId: NodeId;
  readonly number: number;
}

/**
 * CurrentState and LastTransition of one state machine. Both are set by hand: the library's own state machines refuse
 * two transitions between the same states, of which this specification has many.
 */
export class StateNodes {
  readonly object: UAObject;
  readonly #model: VisionModel;
  readonly #type: UAObjectType;
  readonly #current: UAVariable;
  readonly #last: UAVariable;

  constructor(model: VisionModel, object: UAObject, type: UAObjectType) {
    this.#model = model;
    this.object = object;
    this.#type = type;
    this.#current = model.variable(object, 'CurrentState', 0);
    this.#last = model.variable(object, 'LastTransition', 0);
    this.enter(undefined);
    const none = StatusCodes.BadNoData;
    this.#last.setValueFromSource({ dataType: DataType.Null }, none);
  }

  /** Undefined where the machine is not active, as one inside a state that is not the current one. */
  enter(state: Named | undefined): void {
    const status = state === undefined ? StatusCodes.BadStateNotActive : StatusCodes.Good;
    this.#current.setValueFromSource(text(state?.name ?? ''), status);
    this.#set(this.#current, 'Id', { dataType: DataType.NodeId, value: state?.nodeId ?? NodeId.nullNodeId }, status);
    this.#set(this.#current, 'Number', uint32(state?.number ?? 0), status);
  }

  pass(transition: Named, atMs: number): void {
    this.#last.setValueFromSource(text(transition.name), StatusCodes.Good);
    this.#set(this.#last, 'Id', { dataType: DataType.NodeId, value: transition.nodeId });
    this.#set(this.#last, 'Number', uint32(transition.number));
    this.#set(this.#last, 'TransitionTime', time(atMs));
  }

  /** A state or transition by its BrowseName; undefined where this machine has none such. */
  find(name: string): Named | undefined {
    const node = this.#type.getComponentByName(name, this.#model.index) as UAObject | null;
    if (node === null) return undefined;
    const number = (node.getPropertyByName('StateNumber') ?? node.getPropertyByName('TransitionNumber')) as UAVariable;
    return { name, nodeId: node.nodeId, number: Number(number.readValue().value.value) };
  }

  #set(parent: UAVariable, name: string, value: VariantLike, status = StatusCodes.Good): void {
    this.#model.property(parent, name).setValueFromSource(value, status);
  }
}
