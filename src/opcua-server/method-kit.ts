import type { ISessionContext, UAMethod } from 'node-opcua-address-space';
import { PermissionType, WellKnownRoles } from 'node-opcua-address-space';
import {
  type CallMethodResultOptions,
  DataType,
  type ExtensionObject,
  resolveNodeId,
  StatusCodes,
  type Variant,
  type VariantLike,
} from 'node-opcua-client';
import type { Access } from './access.js';

/** Ids and texts of clients are no longer than this. */
const LONGEST_TEXT = 256;

export type Outputs = readonly VariantLike[];

/** Thrown by a method's body: the arguments are no such as the method takes. */
export class BadArguments extends Error {}

/** What a method does: its outputs, or undefined where it is not allowed in this state. */
export type Body = (args: Arguments, user: string) => Outputs | undefined | Promise<Outputs | undefined>;

/** Binds a method that changes something: operators alone may call it. */
export function bindForOperators(method: UAMethod, access: Access, body: Body): void {
  const { Browse, Read, Call } = PermissionType;
  method.setRolePermissions([
    { roleId: resolveNodeId(WellKnownRoles.Operator), permissions: Browse | Read | Call },
    { roleId: resolveNodeId(WellKnownRoles.AuthenticatedUser), permissions: Browse | Read },
    { roleId: resolveNodeId(WellKnownRoles.Anonymous), permissions: Browse | Read },
  ] as Parameters<UAMethod['setRolePermissions']>[0]);
  bind(method, (context) => access.operatorOf(context), body);
}

/** Binds a method that only tells something: everybody who may read may call it. */
export function bindForAll(method: UAMethod, body: Body): void {
  bind(method, (context) => context.getUserName(), body);
}

function bind(method: UAMethod, userOf: (context: ISessionContext) => string | undefined, body: Body): void {
  method.bindMethod(async (inputs: Variant[], context: ISessionContext): Promise<CallMethodResultOptions> => {
    const user = userOf(context);
    if (user === undefined) return { statusCode: StatusCodes.BadUserAccessDenied };
    try {
      const outputs = await body(new Arguments(inputs), user);
      if (outputs === undefined) return { statusCode: StatusCodes.BadInvalidState };
      return { statusCode: StatusCodes.Good, outputArguments: [...outputs] };
    } catch (error) {
      if (error instanceof BadArguments) return { statusCode: StatusCodes.BadInvalidArgument };
      throw error;
    }
  });
}

/** Input arguments as they came, whatever a client put into them; the library has checked their data types. */
export class Arguments {
  readonly #inputs: readonly Variant[];

  constructor(inputs: readonly Variant[]) {
    this.#inputs = inputs;
  }

  /** The field Id of a structure; an empty text where there is none. @throws BadArguments */
  id(at: number): string {
    const structure = this.#value(at) as { readonly id?: unknown } | null | undefined;
    return textOf(structure?.id);
  }

  /** The field Hash of a structure in hex; an empty text where there is none. */
  hash(at: number): string {
    const structure = this.#value(at) as { readonly hash?: unknown } | null | undefined;
    return structure?.hash instanceof Uint8Array ? Buffer.from(structure.hash).toString('hex') : '';
  }

  number(at: number): number {
    const value = this.#value(at);
    return typeof value === 'number' ? value : 0;
  }

  /** @throws BadArguments */
  text(at: number): string {
    const value = this.#value(at) as string | { readonly text?: unknown } | null | undefined;
    return textOf(typeof value === 'object' ? value?.text : value);
  }

  flag(at: number): boolean {
    return this.#value(at) === true;
  }

  /** How many elements an array has. */
  count(at: number): number {
    const value = this.#value(at);
    return Array.isArray(value) ? value.length : 0;
  }

  #value(at: number): unknown {
    return this.#inputs[at]?.value;
  }
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string' || value.length > LONGEST_TEXT) throw new BadArguments();
  return value.trim();
}

export const int32 = (value: number): VariantLike => ({ dataType: DataType.Int32, value });
export const uint32 = (value: number): VariantLike => ({ dataType: DataType.UInt32, value });
export const boolean = (value: boolean): VariantLike => ({ dataType: DataType.Boolean, value });
export const string = (value: string): VariantLike => ({ dataType: DataType.String, value });
export const time = (epochMs: number): VariantLike => ({ dataType: DataType.DateTime, value: new Date(epochMs) });
export const text = (value: string): VariantLike => ({ dataType: DataType.LocalizedText, value: { text: value } });
export const structure = (value: ExtensionObject | null): VariantLike => ({
  dataType: DataType.ExtensionObject,
  value,
});
