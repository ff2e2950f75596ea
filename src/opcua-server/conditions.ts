import { UAAcknowledgeableConditionImpl, type UAObject } from 'node-opcua-address-space';
import { DataType, StatusCodes } from 'node-opcua-client';
import type { StationTrouble } from '../ports/controlled-station.js';
import { SEVERITY } from './events.js';
import type { StationParts } from './station-parts.js';

type Condition = InstanceType<typeof UAAcknowledgeableConditionImpl>;

/** More kinds of trouble than a station can have. */
const MOST = 16;
const TYPES = { error: 'VisionErrorConditionType', warning: 'VisionWarningConditionType' } as const;

/**
 * The troubles of one station as conditions: a node for each thing that has been in trouble, retained while it is. A
 * client that acknowledges one says that somebody knows of it.
 */
export class Conditions {
  readonly #parts: StationParts;
  readonly #source: UAObject;
  readonly #nodes = new Map<string, Condition>();
  readonly #active = new Map<string, string>();

  constructor(parts: StationParts, system: UAObject) {
    this.#parts = parts;
    const { model, station } = parts;
    this.#source = model.own.addObject({
      browseName: { namespaceIndex: model.own.index, name: 'Diagnostics' },
      nodeId: `s=${station.name}-Diagnostics`,
      componentOf: system,
      eventSourceOf: system,
    });
  }

  show(troubles: readonly StationTrouble[]): void {
    const now = new Map(troubles.slice(0, MOST).map((trouble) => [keyOf(trouble), trouble]));
    for (const [key, text] of this.#active) {
      if (now.has(key)) continue;
      this.#active.delete(key);
      this.#raise(key, `Over: ${text}`, SEVERITY.state, false);
    }
    for (const [key, trouble] of now) {
      if (this.#active.get(key) === trouble.text) continue;
      if (!this.#nodes.has(key) && !this.#add(key, trouble)) continue;
      this.#active.set(key, trouble.text);
      this.#raise(key, `${trouble.where}: ${trouble.text}`, SEVERITY[trouble.severity], true);
    }
  }

  /** Somebody has said for the whole station that they know of everything. */
  acknowledge(): void {
    for (const key of this.#active.keys()) this.#nodes.get(key)?.currentBranch().setAckedState(true);
  }

  #add(key: string, { where, severity }: StationTrouble): boolean {
    if (this.#nodes.size >= MOST) return false;
    const { model, station } = this.#parts;
    const condition = UAAcknowledgeableConditionImpl.instantiate(model.own, model.eventType(TYPES[severity]), {
      browseName: { namespaceIndex: model.own.index, name: where },
      nodeId: `s=${station.name}-Diagnostics-${key}`,
      componentOf: this.#source,
      conditionSource: this.#source,
      conditionClass: 'SystemConditionClassType',
    } as unknown as Parameters<typeof UAAcknowledgeableConditionImpl.instantiate>[2]);
    const stops = severity === 'error';
    model.variable(condition, 'StopReaction').setValueFromSource({ dataType: DataType.Boolean, value: stops });
    model.variable(condition, 'BlockReaction').setValueFromSource({ dataType: DataType.Boolean, value: false });
    this.#nodes.set(key, condition);
    return true;
  }

  #raise(key: string, message: string, severity: number, retain: boolean): void {
    const condition = this.#nodes.get(key);
    if (condition === undefined) return;
    condition.currentBranch().setAckedState(!retain);
    condition.raiseNewCondition({ message, severity, quality: StatusCodes.Good, retain });
  }
}

function keyOf({ severity, where }: StationTrouble): string {
  return `${severity} ${where}`;
}
