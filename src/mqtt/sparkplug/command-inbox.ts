import type { Clock } from '../../base/clock.js';
import type { JidokaError } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { CommandName, CommandResult } from '../../domain/command.js';
import { commandErrors } from '../../domain/errors.js';
import type { Commands } from '../../ports/commands.js';
import type { IncomingMessage } from '../message.js';
import { decodeCommand } from './codec.js';
import type { DeviceMetrics } from './device-metrics.js';
import { REBIRTH } from './node-metrics.js';
import type { CommandMetric, Decoded } from './payload.js';

export interface CommandInboxOptions {
  readonly destination: string;
  readonly allowed: ReadonlySet<CommandName>;
  /** Absent where nothing but a rebirth can be asked for. */
  readonly commands?: Commands;
  readonly device: (name: string) => DeviceMetrics | undefined;
  /** A host has asked for all births anew. */
  readonly onRebirth: () => void;
  /** A metric has been written: hosts are to see its value. */
  readonly onWritten: () => void;
  readonly onMalformed: (count: number) => void;
  readonly newId: () => string;
  readonly clock: Clock;
  readonly logger: Logger;
}

const LOG_INTERVAL_MS = 60_000;

/** NCMD and DCMD messages on their way to becoming commands. Whatever comes in, nothing is thrown. */
export class CommandInbox {
  readonly #options: CommandInboxOptions;
  #malformed = 0;
  #logged = { atMs: Number.NEGATIVE_INFINITY, count: 0 };

  constructor(options: CommandInboxOptions) {
    this.#options = options;
  }

  /** `device` is undefined for a command to the node. */
  receive({ topic, payload, retain }: IncomingMessage, device: string | undefined): void {
    // Commands are for the present: one that the broker has kept would be carried out at every connection.
    const decoded: Decoded = retain ? { ok: false, reason: 'it is retained' } : decodeCommand(payload);
    if (!decoded.ok) {
      this.malformed(topic, decoded.reason);
      return;
    }
    if (decoded.metrics.length === 0) this.malformed(topic, 'it names no metric');
    for (const metric of decoded.metrics) {
      if (device === undefined) this.#toNode(metric);
      else void this.#toDevice(device, metric);
    }
  }

  malformed(topic: string, reason: string): void {
    this.#malformed += 1;
    this.#options.onMalformed(this.#malformed);
    const nowMs = this.#options.clock.monotonicMs();
    if (nowMs - this.#logged.atMs < LOG_INTERVAL_MS) return;
    const since = this.#malformed - this.#logged.count;
    this.#logged = { atMs: nowMs, count: this.#malformed };
    this.#options.logger.warn(
      { topic, count: since },
      `A message that cannot be read was ignored: ${reason}. There were ${since} such since this was last said.`,
    );
  }

  #toNode(metric: CommandMetric): void {
    if (metric.name === REBIRTH) {
      if (metric.value === true) this.#options.onRebirth();
      else this.#refuse(metric, null, commandErrors.COMMAND_ARGUMENTS_INVALID({ where: REBIRTH, expected: 'true' }));
      return;
    }
    this.#refuse(metric, null, commandErrors.COMMAND_UNKNOWN({ where: this.#nameOf(metric) }));
  }

  async #toDevice(name: string, metric: CommandMetric): Promise<void> {
    const { device, allowed, commands, destination, newId, clock, onWritten } = this.#options;
    const metrics = device(name);
    const write = metrics?.write(metric);
    if (metrics === undefined || write === undefined) {
      const expected = 'a metric that can be written, with a value of its type';
      return this.#refuse(metric, name, commandErrors.COMMAND_UNKNOWN({ where: this.#nameOf(metric), expected }));
    }
    if (!allowed.has(write.command) || commands === undefined) {
      const refusal = commandErrors.COMMAND_NOT_ALLOWED({ got: write.command });
      return this.#refuse(metric, name, refusal, write.command, write.arguments);
    }
    const result = await commands.execute({
      id: newId(),
      name: write.command,
      station: name,
      arguments: write.arguments,
      from: { destination },
      receivedAtMs: clock.nowMs(),
    });
    if (!result.ok) return;
    metrics.written(write);
    onWritten();
  }

  #nameOf({ name, alias }: CommandMetric): string {
    return (name ?? `alias ${alias}`).slice(0, MAX_NAME);
  }

  #refuse(
    metric: CommandMetric,
    station: string | null,
    error: JidokaError,
    name = this.#nameOf(metric),
    values: Readonly<Record<string, unknown>> = { value: plain(metric.value) },
  ): void {
    const { commands, destination, newId, clock, logger } = this.#options;
    const result: CommandResult = { ok: false, code: error.code, text: error.message };
    logger.debug({ station, metric: metric.name }, `A command was refused: ${error.message}`);
    commands?.refused({
      atMs: clock.nowMs(),
      id: newId(),
      name,
      station,
      destination,
      sender: null,
      arguments: values,
      result,
    });
  }
}

/** What a stranger may have written into the audit as the name of a command. */
const MAX_NAME = 200;

/** JSON, which the audit keeps, has no 64-bit integers and needs no long texts. */
function plain(value: CommandMetric['value']): unknown {
  if (typeof value === 'bigint') return value.toString();
  return typeof value === 'string' ? value.slice(0, MAX_NAME) : (value ?? null);
}
