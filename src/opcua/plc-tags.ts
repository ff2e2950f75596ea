import type { Clock } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import type { ThrottledLog } from '../base/throttled-log.js';
import type { PlcOutputConfig } from '../config/schema/plc.js';
import type { OutputResult } from '../ports/verdict-output.js';
import type { OpcuaConnection } from './connection.js';
import { opcuaErrors } from './errors.js';
import type { Levels } from './handshake-state.js';
import { PlcFields, RESTING_LEVELS } from './plc-fields.js';
import { type FieldWrite, PlcWriter } from './plc-writer.js';
import { ReadyCheck } from './ready-check.js';

export interface PlcTagsOptions {
  readonly connection: OpcuaConnection;
  readonly config: PlcOutputConfig;
  readonly clock: Clock;
  readonly log: ThrottledLog;
}

/** `superseded`: a reset began meanwhile, and how this write ended is of no account any more. */
export type Ending = 'written' | 'failed' | 'superseded';

/**
 * The tags of a station in the PLC: knows what they were told last, and writes what is to be different. Each reset
 * ends whatever was begun before it.
 */
export class PlcTags {
  readonly #options: PlcTagsOptions;
  readonly #writer: PlcWriter;
  readonly #fields: PlcFields;
  readonly #ready: ReadyCheck;
  #levels: Levels = RESTING_LEVELS;
  /** Counts the resets. */
  #epoch = 0;
  #trouble: string | undefined;
  #beat = 0;
  #beating = false;

  constructor(options: PlcTagsOptions) {
    const { connection, config } = options;
    this.#options = options;
    this.#fields = new PlcFields(config);
    this.#writer = new PlcWriter(connection, (error) => this.#failed(error));
    this.#ready = new ReadyCheck(connection, config.handshake?.ready);
  }

  /** Why the tags could not be set to rest, until they can; a plain sentence. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Sets every tag to rest. */
  async reset(): Promise<Ending> {
    this.#epoch += 1;
    const ending = await this.#settled(this.#fields.resting);
    if (ending !== 'written') return ending;
    this.#levels = RESTING_LEVELS;
    this.#trouble = undefined;
    return 'written';
  }

  /** Sets every tag to rest a last time, if the PLC can be reached. */
  async leave(): Promise<void> {
    if (!this.#options.connection.isLive) return;
    await this.#write(this.#fields.resting).catch((error: unknown) => this.#failed(error));
  }

  /**
   * Writes a result, and takes it back where that fails or takes longer than until `untilTickMs` on the monotonic clock.
   * Rejects with a `transient` JidokaError unless it was written.
   */
  async present(result: OutputResult, levels: Levels, untilTickMs: number): Promise<void> {
    const { config, clock, connection } = this.#options;
    const epoch = this.#epoch;
    await this.#writer.write(
      async (send) => {
        await send([...this.#change(levels), ...this.#fields.result(result)]);
        const base = config.counter === undefined ? 0 : await this.#writer.counterBase(config.counter);
        await send(this.#fields.take(base + result.counter));
      },
      {
        timeoutMs: Math.min(config.timeoutMs, untilTickMs - clock.monotonicMs()),
        undo: this.#fields.none,
        wanted: () => epoch === this.#epoch,
      },
    );
    if (epoch !== this.#epoch) throw opcuaErrors.OPCUA_RESULT_ABANDONED({ where: connection.endpoint });
  }

  /** Writes those levels that the PLC has not been told. */
  async tell(levels: Levels): Promise<Ending> {
    const fields = this.#change(levels);
    return fields.every(({ nodeId }) => nodeId === undefined) ? 'written' : this.#settled(fields);
  }

  /**
   * The heartbeat, and the levels once more: a PLC program that was started anew has lost them. Ready is not among
   * them where it was raised: it is read back, and `ready-fallen` where the PLC has lowered it; nothing is written then.
   */
  async beat(levels: () => Levels): Promise<Ending | 'ready-fallen'> {
    if (this.#beating) return 'written';
    this.#beating = true;
    this.#beat += 1;
    const epoch = this.#epoch;
    try {
      const ready = await this.#ready.look(() => this.#levels, this.#options.config.timeoutMs);
      if (epoch !== this.#epoch) return 'superseded';
      if (ready === 'fallen') return 'ready-fallen';
      const again = this.#fields.levels(this.#levels);
      const raised = ({ field, value }: FieldWrite) => field === 'ready' && value === true;
      const kept = ready === 'unknown' ? again : again.filter((field) => !raised(field));
      const none = levels().standing ? [] : this.#fields.none;
      return await this.#settled([...none, ...kept, ...this.#fields.heartbeat(this.#beat)]);
    } finally {
      this.#beating = false;
    }
  }

  /** What the PLC has not been told yet; it counts as told from now on. */
  #change(levels: Levels): readonly FieldWrite[] {
    const fields = this.#fields.levels(levels, this.#levels);
    this.#levels = levels;
    return fields;
  }

  async #settled(fields: readonly FieldWrite[]): Promise<Ending> {
    const epoch = this.#epoch;
    const superseded = (): boolean => epoch !== this.#epoch;
    try {
      await this.#write(fields, () => !superseded());
      return superseded() ? 'superseded' : 'written';
    } catch (error) {
      if (superseded()) return 'superseded';
      this.#failed(error);
      return 'failed';
    }
  }

  #write(fields: readonly FieldWrite[], wanted?: () => boolean): Promise<void> {
    const { timeoutMs } = this.#options.config;
    return this.#writer.write((send) => send(fields), { timeoutMs, ...(wanted !== undefined && { wanted }) });
  }

  #failed(error: unknown): void {
    const { config, connection, log } = this.#options;
    const text = `The PLC's tags could not be written. ${messageOf(error)}`;
    // The connection itself says that it is lost.
    if (connection.isLive) this.#trouble = text;
    log.warn({ ok: config.ok, nok: config.nok }, text);
  }
}
