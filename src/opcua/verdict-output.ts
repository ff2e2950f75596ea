import { JidokaError } from '../base/errors.js';
import { withTimeout } from '../base/lifecycle.js';
import type { Logger } from '../base/logger.js';
import type { PlcOutputConfig } from '../config/schema/station.js';
import type { OutputResult, VerdictOutput } from '../ports/verdict-output.js';
import type { OpcuaConnection } from './connection.js';
import { encodeField, typeName, type VerdictField } from './encode.js';
import { opcuaErrors } from './errors.js';
import type { NodeWrite } from './link.js';
import type { TagValue } from './values.js';

export interface OpcuaVerdictOutputOptions {
  readonly connection: OpcuaConnection;
  readonly config: PlcOutputConfig;
  readonly logger: Logger;
}

interface Target {
  readonly dataType: number;
  readonly value: TagValue;
}

interface Field {
  readonly field: VerdictField;
  readonly nodeId: string | undefined;
  readonly value: boolean | number | string;
}

/** What one call may still do; once its caller has given up nothing more of it reaches the PLC. */
interface Permit {
  expired: boolean;
  sent: boolean;
}

const CODES = { pass: 1, fail: 2, review: 3 } as const;

/**
 * Writes verdicts to PLC tags in two Write calls: everything but the counter, then the counter.
 *
 * It fails safe. The bit that falls is written before the bit that rises, since a PLC may take the nodes of one call
 * one by one. After a write that failed in any way OK and NOK are cleared, and after each new connection too. The
 * counter goes on from what the PLC held when it was first seen, so that the first verdict after a restart changes it.
 */
export class OpcuaVerdictOutput implements VerdictOutput {
  readonly #options: OpcuaVerdictOutputOptions;
  #targets = new Map<string, Promise<Target>>();
  #targetsLife = -1;
  #counterBase: number | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #release: (() => void) | undefined;

  constructor(options: OpcuaVerdictOutputOptions) {
    this.#options = options;
  }

  /** Clears OK and NOK now, if there is a connection, and each time there is a new one. */
  async start(): Promise<void> {
    const { connection } = this.#options;
    const clear = (): void => {
      this.clear().catch((error: unknown) => this.#couldNotClear(error));
    };
    this.#release ??= connection.onLive(clear);
    if (connection.isLive) clear();
  }

  /** Clears OK and NOK if the PLC can be reached. */
  async stop(): Promise<void> {
    this.#release?.();
    this.#release = undefined;
    if (this.#options.connection.isLive) await this.clear().catch((error: unknown) => this.#couldNotClear(error));
  }

  async write(result: OutputResult): Promise<void> {
    await this.#inTurn(async (permit) => {
      let whole = false;
      try {
        await this.#writeResult(result, permit);
        whole = !permit.expired;
      } finally {
        // Here too, when the answer came after the caller gave up: servers may work on two calls at a time, and the
        // clear that was sent then may have been overtaken by what it was to clear.
        if (!whole && this.#options.connection.isLive) await this.#clearAtOnce();
      }
    });
  }

  async clear(): Promise<void> {
    await this.#inTurn((permit) => this.#writeFields(this.#flags(false, false), permit));
  }

  async #writeResult(result: OutputResult, permit: Permit): Promise<void> {
    const { config } = this.#options;
    const pass = result.decision === 'pass';
    const [falling, rising] = this.#flags(pass, !pass);
    const details: readonly Field[] = [
      { field: 'code', nodeId: config.code, value: CODES[result.decision] },
      { field: 'label', nodeId: config.label, value: result.label ?? '' },
      { field: 'score', nodeId: config.score, value: result.score ?? 0 },
    ];
    await this.#writeFields([falling, ...details, rising], permit);
    if (config.counter === undefined) return;
    const base = await this.#base(config.counter);
    await this.#writeFields([{ field: 'counter', nodeId: config.counter, value: base + result.counter }], permit);
  }

  /** The bit that is false comes first. */
  #flags(ok: boolean, nok: boolean): readonly [Field, Field] {
    const { config } = this.#options;
    const okBit: Field = { field: 'ok', nodeId: config.ok, value: ok };
    const nokBit: Field = { field: 'nok', nodeId: config.nok, value: nok };
    return ok ? [nokBit, okBit] : [okBit, nokBit];
  }

  async #writeFields(fields: readonly Field[], permit: Permit): Promise<void> {
    const { connection } = this.#options;
    const nodes = await Promise.all(
      fields.flatMap(({ field, nodeId, value }) => (nodeId === undefined ? [] : [this.#encode(field, nodeId, value)])),
    );
    if (permit.expired) return;
    permit.sent = true;
    const statuses = await connection.write(nodes);
    const refused = nodes.flatMap(({ nodeId }, index) => {
      const status = statuses[index] ?? 'no answer';
      return status === 'Good' ? [] : [`${nodeId}: ${status}`];
    });
    if (refused.length > 0) {
      throw opcuaErrors.OPCUA_WRITE_REFUSED({ where: connection.endpoint, got: refused.join(', ') });
    }
  }

  async #encode(field: VerdictField, nodeId: string, value: Field['value']): Promise<NodeWrite> {
    const { dataType } = await this.#target(nodeId);
    const encoded = encodeField(field, value, dataType);
    if (encoded === undefined) {
      throw opcuaErrors.OPCUA_WRITE_TYPE({ where: `${field}, ${nodeId}`, got: typeName(dataType) });
    }
    return { nodeId, dataType, value: encoded };
  }

  /** The node's type, read once for each life of the connection: a new PLC program may have changed it. */
  #target(nodeId: string): Promise<Target> {
    const { connection } = this.#options;
    if (this.#targetsLife !== connection.life) {
      this.#targets = new Map();
      this.#targetsLife = connection.life;
    }
    const known = this.#targets.get(nodeId);
    if (known !== undefined) return known;
    const targets = this.#targets;
    const asked = connection.readNode(nodeId).catch((error: unknown) => {
      targets.delete(nodeId);
      throw error;
    });
    targets.set(nodeId, asked);
    return asked;
  }

  async #base(nodeId: string): Promise<number> {
    if (this.#counterBase === undefined) {
      const { value } = (await this.#target(nodeId)).value;
      this.#counterBase = typeof value === 'number' && Number.isInteger(value) && value > 0 ? value : 0;
    }
    return this.#counterBase;
  }

  /** One call after the other, each with the whole of its time counted from when it was asked for. */
  async #inTurn(run: (permit: Permit) => Promise<void>): Promise<void> {
    const { connection, config } = this.#options;
    const permit: Permit = { expired: false, sent: false };
    const turn = this.#queue.then(async () => {
      if (!permit.expired) await run(permit);
    });
    this.#queue = turn.catch(() => undefined);
    try {
      await withTimeout(turn, config.timeoutMs, () => {
        permit.expired = true;
        // A write that goes unanswered may still lie in the PLC's receive buffer: what clears it has to follow it at
        // once on the same socket, so that a late verdict does not stand.
        if (permit.sent) void this.#clearAtOnce();
        return opcuaErrors.OPCUA_WRITE_TIMEOUT({
          where: connection.endpoint,
          expected: `within ${config.timeoutMs} ms`,
        });
      });
    } catch (error) {
      throw asTransient(error, connection.endpoint);
    }
  }

  async #clearAtOnce(): Promise<void> {
    const permit: Permit = { expired: false, sent: false };
    await this.#writeFields(this.#flags(false, false), permit).catch((error: unknown) => this.#couldNotClear(error));
  }

  #couldNotClear(error: unknown): void {
    const { logger, config } = this.#options;
    const text = error instanceof Error ? error.message : String(error);
    logger.warn({ ok: config.ok, nok: config.nok }, `OK and NOK could not be cleared. ${text}`);
  }
}

function asTransient(error: unknown, where: string): JidokaError {
  if (error instanceof JidokaError && error.consequence === 'transient') return error;
  const got = error instanceof Error ? error.message : String(error);
  return opcuaErrors.OPCUA_WRITE_REFUSED({ where, got, cause: error });
}
