import type {
  AddressSpace,
  Namespace,
  UAMethod,
  UAObject,
  UAObjectType,
  UAVariable,
  UAVariableType,
} from 'node-opcua-address-space';
import type { ExtensionObject } from 'node-opcua-client';

export const MACHINE_VISION_URI = 'http://opcfoundation.org/UA/MachineVision';

type Fields = Readonly<Record<string, unknown>>;

/** The address space with the types of OPC 40100-1 in it. What is not there is a defect of the node set. */
export class VisionModel {
  readonly space: AddressSpace;
  readonly index: number;

  constructor(space: AddressSpace) {
    this.space = space;
    this.index = space.getNamespaceIndex(MACHINE_VISION_URI);
  }

  /** Where the stations live. */
  get own(): Namespace {
    return this.space.getOwnNamespace();
  }

  objectType(name: string): UAObjectType {
    return found(this.space.findObjectType(name, this.index), name);
  }

  variableType(name: string): UAVariableType {
    return found(this.space.findVariableType(name, this.index), name);
  }

  eventType(name: string): UAObjectType {
    return found(this.space.findEventType(name, this.index), name);
  }

  /** A value of one of the specification's structures; fields that are left out are absent, or empty. */
  structure(name: string, fields: Fields): ExtensionObject {
    return this.space.constructExtensionObject(found(this.space.findDataType(name, this.index), name), fields);
  }

  /** A KeyValuePair of OPC UA itself. */
  pair(key: string, value: Fields): ExtensionObject {
    const type = found(this.space.findDataType('KeyValuePair'), 'KeyValuePair');
    return this.space.constructExtensionObject(type, { key: { namespaceIndex: this.own.index, name: key }, value });
  }

  object(parent: UAObject, name: string): UAObject {
    return found(parent.getComponentByName(name, this.index) as UAObject | null, name);
  }

  method(parent: UAObject, name: string): UAMethod {
    return found(parent.getMethodByName(name, this.index), name);
  }

  variable(parent: UAObject, name: string, index = this.index): UAVariable {
    const node = parent.getComponentByName(name, index) ?? parent.getPropertyByName(name, index);
    return found(node as UAVariable | null, name);
  }

  property(parent: UAVariable | UAObject, name: string, index = 0): UAVariable {
    return found(parent.getPropertyByName(name, index) as UAVariable | null, name);
  }
}

function found<T>(node: T | null | undefined, name: string): T {
  if (node === null || node === undefined) throw new Error(`the node set of machine vision has no ${name}`);
  return node;
}
