import type { CommandTargets } from '#jidoka/app/commands/actions.js';
import { CommandExecutor } from '#jidoka/app/commands/command-executor.js';
import type { CommandedStation } from '#jidoka/app/commands/commanded-station.js';
import { systemClock } from '#jidoka/base/clock.js';
import { type Logger, silentLogger } from '#jidoka/base/logger.js';
import { COMMAND_NAMES, type Command, type CommandName } from '#jidoka/domain/command.js';
import { JsonCommands } from '#jidoka/mqtt/commands.js';
import type { CommandResultMessage } from '#jidoka/mqtt/commands-payload.js';
import type { IncomingMessage, OutgoingMessage } from '#jidoka/mqtt/message.js';
import type { AuditLog } from '#jidoka/ports/commands.js';
import { MemoryAuditLog } from './memory-audit-log.js';
import { exampleInspection } from './messages.js';
import { frame, twoClasses } from './ports.js';

/** Stations that note what is done to them, behind the real executor and the real listener. */
export class CommandWorld {
  readonly effects: string[] = [];
  readonly log: string[] = [];
  readonly sent: OutgoingMessage[] = [];
  readonly stations = [this.#station('press'), this.#station('weld')];
  readonly executor: CommandExecutor;
  readonly listener: JsonCommands;
  /** Called where a station is asked to inspect: when it resolves, the part is committed. */
  inspecting: (signal: AbortSignal) => Promise<void> = async () => undefined;
  loading: (signal: AbortSignal) => Promise<void> = async () => undefined;

  constructor(audit: AuditLog = new MemoryAuditLog(), allowed: readonly CommandName[] = COMMAND_NAMES) {
    const note = (_: object, text: string): void => void this.log.push(text);
    const logger: Logger = { ...silentLogger, info: note, warn: note, error: note, child: () => logger };
    this.executor = new CommandExecutor({ audit, clock: systemClock, logger });
    this.executor.open(this.targets);
    this.listener = new JsonCommands({
      destination: 'mqtt',
      baseTopic: 'plant/line',
      stations: this.stations.map(({ name }) => name),
      allowed,
      commands: this.executor,
      clock: systemClock,
      logger,
    });
  }

  /** The listener gets a connection that takes everything at once. */
  async connect(): Promise<void> {
    await this.listener.attach({
      usable: true,
      subscribe: async () => undefined,
      publish: async (message) => void this.sent.push(message),
    });
  }

  get targets(): CommandTargets {
    return {
      stations: this.stations,
      selectModel: async (station, choice, signal) => {
        await this.loading(signal);
        if (signal.aborted) return undefined;
        this.effects.push(`${station} ${choice.package}`);
        return twoClasses;
      },
      acknowledge: (where, by) => (where === 'broker' ? { at: '2026-11-23T09:41:07.250Z', by } : undefined),
      rebirth: (destination) => {
        this.effects.push(`rebirth ${destination}`);
        return destination === 'mqtt';
      },
      changed: () => undefined,
    };
  }

  /** The answers so far, taken out. */
  answers(): CommandResultMessage[] {
    return this.sent
      .splice(0)
      .map(({ payload }) => JSON.parse(Buffer.from(payload).toString()) as CommandResultMessage);
  }

  receive(payload: string | Uint8Array, change: Partial<IncomingMessage> = {}): void {
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
    this.listener.handle({ topic: 'plant/line/command', payload: bytes, retain: false, qos: 1, ...change });
  }

  #station(name: string): CommandedStation {
    let paused: CommandedStation['paused'];
    return {
      name,
      pause: (pause) => {
        paused ??= pause;
        this.effects.push(`${name} paused`);
      },
      resume: () => {
        paused = undefined;
        this.effects.push(`${name} resumed`);
      },
      get paused() {
        return paused;
      },
      inspectNow: async (signal) => {
        await this.inspecting(signal);
        if (signal.aborted) return undefined;
        this.effects.push(`${name} inspected`);
        return { inspection: exampleInspection(name), seq: this.effects.length };
      },
      setThresholds: ({ good }) => {
        this.effects.push(`${name} good ${good}`);
        return { good: good ?? 0.5, classes: {}, changed: true };
      },
      recipes: { names: ['housing', 'lid'], inForce: undefined },
      selectRecipe: (recipe) => void this.effects.push(`${name} recipe ${recipe}`),
      thresholds: { good: 0.5, classes: {}, changed: false },
      snapshot: async () => ({ frame: frame(0), jpeg: Uint8Array.of(0xff, 0xd8, 0xff) }),
    };
  }
}

export function command(id: string, name: CommandName, station?: string, given: Command['arguments'] = {}): Command {
  return {
    id,
    name,
    ...(station !== undefined && { station }),
    arguments: given,
    from: { destination: 'mqtt', sender: 'kim' },
    receivedAtMs: Date.now(),
  };
}
