import { withTimeout } from '../base/lifecycle.js';
import type { OpcuaConnection } from './connection.js';
import { opcuaErrors } from './errors.js';
import type { Levels } from './handshake-state.js';
import { isRaised } from './values.js';

/** Readings in a row; one alone may be of a server that gives what it read from the PLC a while ago. */
const READINGS = 2;

/**
 * Reads Ready back. The station alone raises it, so where it has fallen the PLC has lowered it: its program was started
 * anew, or gave up a part that the station had not seen. Raising it again at once could join two parts, since a
 * trigger from before may still be on its way.
 */
export class ReadyCheck {
  readonly #connection: OpcuaConnection;
  readonly #nodeId: string | undefined;
  #told: Levels | undefined;
  #fallen = 0;

  constructor(connection: OpcuaConnection, nodeId: string | undefined) {
    this.#connection = connection;
    this.#nodeId = nodeId;
  }

  /**
   * Call it at each heartbeat. Looks only at what the PLC was told at an earlier one and has not changed since; never
   * rejects. `unknown`: Ready cannot be read.
   */
  async look(told: () => Levels, timeoutMs: number): Promise<'stands' | 'fallen' | 'unknown'> {
    const levels = told();
    if (this.#nodeId === undefined || !levels.ready || levels !== this.#told) {
      this.#told = levels;
      this.#fallen = 0;
      return 'stands';
    }
    const value = await this.#read(this.#nodeId, timeoutMs);
    if (told() !== levels) return 'stands';
    if (value === undefined) return 'unknown';
    this.#fallen = value ? 0 : this.#fallen + 1;
    return this.#fallen < READINGS ? 'stands' : 'fallen';
  }

  async #read(nodeId: string, timeoutMs: number): Promise<boolean | undefined> {
    try {
      const answer = this.#connection.readValues([nodeId]);
      const [tag] = await withTimeout(answer, timeoutMs, () => opcuaErrors.OPCUA_SERVER_SILENT({ where: nodeId }));
      return tag === undefined || tag.fault !== null || tag.value === null ? undefined : isRaised(tag.value);
    } catch {
      return undefined;
    }
  }
}
