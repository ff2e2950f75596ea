import { JidokaError, messageOf } from '../base/errors.js';
import { withTimeout } from '../base/lifecycle.js';
import type { OpcuaConnection } from './connection.js';
import { encodeField, type PlcField, type PlcValue, typeName } from './encode.js';
import { opcuaErrors } from './errors.js';
import type { NodeWrite } from './link.js';
import type { TagValue } from './values.js';

/** A value for one tag; those without a node are left out. */
export interface FieldWrite {
  readonly field: PlcField;
  readonly nodeId: string | undefined;
  readonly value: PlcValue;
}

/** Sends one Write call. Once the caller has given up it sends nothing more. */
export type Send = (fields: readonly FieldWrite[]) => Promise<void>;

export interface WriteOptions {
  /** Counted from when the write was asked for, the wait for its turn included. */
  readonly timeoutMs: number;
  /** Written at once where the write fails or is given up, so that nothing half written stands. */
  readonly undo?: readonly FieldWrite[];
  /** Asked before each call: false ends the write. */
  readonly wanted?: () => boolean;
}

interface Target {
  readonly dataType: number;
  readonly value: TagValue;
}

/** What one write may still do; once its caller has given up nothing more of it reaches the PLC. */
interface Permit {
  expired: boolean;
  sent: boolean;
}

/** Writes tags in the nodes' own types, one write after the other, each within its time. */
export class PlcWriter {
  readonly #connection: OpcuaConnection;
  readonly #couldNotUndo: (error: unknown) => void;
  #targets = new Map<string, Promise<Target>>();
  #targetsLife = -1;
  #counterBase: number | undefined;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(connection: OpcuaConnection, couldNotUndo: (error: unknown) => void) {
    this.#connection = connection;
    this.#couldNotUndo = couldNotUndo;
  }

  /** Rejects with a `transient` JidokaError where anything was not written. */
  async write(run: (send: Send) => Promise<void>, options: WriteOptions): Promise<void> {
    const { timeoutMs, undo, wanted } = options;
    const permit: Permit = { expired: false, sent: false };
    const where = this.#connection.endpoint;
    const send: Send = async (fields) => {
      if (wanted !== undefined && !wanted()) throw opcuaErrors.OPCUA_RESULT_ABANDONED({ where });
      await this.#send(fields, permit);
    };
    const turn = this.#queue.then(async () => {
      if (permit.expired) return;
      let whole = false;
      try {
        await run(send);
        whole = !permit.expired;
      } finally {
        // Here too, when the answer came after the caller gave up: servers may work on two calls at a time, and what
        // was sent then may have been overtaken by what it was to undo.
        if (!whole && undo !== undefined && this.#connection.isLive) await this.#undo(undo);
      }
    });
    this.#queue = turn.catch(() => undefined);
    try {
      await withTimeout(turn, Math.max(1, timeoutMs), () => {
        permit.expired = true;
        // A write that goes unanswered may still lie in the PLC's receive buffer: what undoes it has to follow it at
        // once on the same socket, so that a late verdict does not stand.
        if (permit.sent && undo !== undefined) void this.#undo(undo);
        return opcuaErrors.OPCUA_WRITE_TIMEOUT({ where, expected: `within ${Math.round(timeoutMs)} ms` });
      });
    } catch (error) {
      throw asTransient(error, where);
    }
  }

  /** What the node of a counter held when it was first seen: a new run goes on from there. */
  async counterBase(nodeId: string): Promise<number> {
    if (this.#counterBase === undefined) {
      const { value } = (await this.#target(nodeId)).value;
      this.#counterBase = typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : 0;
    }
    return this.#counterBase;
  }

  async #send(fields: readonly FieldWrite[], permit: Permit): Promise<void> {
    const nodes = await Promise.all(
      fields.flatMap(({ field, nodeId, value }) => (nodeId === undefined ? [] : [this.#encode(field, nodeId, value)])),
    );
    if (permit.expired || nodes.length === 0) return;
    permit.sent = true;
    const statuses = await this.#connection.write(nodes);
    const refused = nodes.flatMap(({ nodeId }, index) => {
      const status = statuses[index] ?? 'no answer';
      return status === 'Good' ? [] : [`${nodeId}: ${status}`];
    });
    if (refused.length > 0) {
      throw opcuaErrors.OPCUA_WRITE_REFUSED({ where: this.#connection.endpoint, got: refused.join(', ') });
    }
  }

  async #encode(field: PlcField, nodeId: string, value: PlcValue): Promise<NodeWrite> {
    const { dataType } = await this.#target(nodeId);
    const encoded = encodeField(field, value, dataType);
    if (encoded === undefined) {
      throw opcuaErrors.OPCUA_WRITE_TYPE({ where: `${field}, ${nodeId}`, got: typeName(dataType) });
    }
    return { nodeId, dataType, value: encoded };
  }

  /** The node's type, read once for each life of the connection: a new PLC program may have changed it. */
  #target(nodeId: string): Promise<Target> {
    if (this.#targetsLife !== this.#connection.life) {
      this.#targets = new Map();
      this.#targetsLife = this.#connection.life;
    }
    const known = this.#targets.get(nodeId);
    if (known !== undefined) return known;
    const targets = this.#targets;
    const asked = this.#connection.readNode(nodeId).catch((error: unknown) => {
      targets.delete(nodeId);
      throw error;
    });
    targets.set(nodeId, asked);
    return asked;
  }

  async #undo(fields: readonly FieldWrite[]): Promise<void> {
    const permit: Permit = { expired: false, sent: false };
    await this.#send(fields, permit).catch(this.#couldNotUndo);
  }
}

function asTransient(error: unknown, where: string): JidokaError {
  if (error instanceof JidokaError && error.consequence === 'transient') return error;
  return opcuaErrors.OPCUA_WRITE_REFUSED({ where, got: messageOf(error), cause: error });
}
