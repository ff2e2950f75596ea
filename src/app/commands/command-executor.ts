import type { Clock } from '../../base/clock.js';
import { JidokaError, messageOf } from '../../base/errors.js';
import { InOrder } from '../../base/in-order.js';
import { withTimeout } from '../../base/lifecycle.js';
import type { Logger } from '../../base/logger.js';
import { ThrottledLog } from '../../base/throttled-log.js';
import type { AuditEntry, Command, CommandResult } from '../../domain/command.js';
import { COMMAND_ARGUMENTS, COMMAND_SCOPE } from '../../domain/command-arguments.js';
import { commandErrors } from '../../domain/errors.js';
import type { AuditLog, Commands } from '../../ports/commands.js';
import { act, COMMAND_DEADLINE_MS, type CommandTargets, type Turn } from './actions.js';
import { AuditWriter, withoutImage } from './audit-writer.js';
import type { CommandedStation } from './commanded-station.js';
import { RecentCommands } from './recent-commands.js';

/** Commands that wait or are carried out. */
const MAX_UNDER_WAY = 32;
/** How long the audit may keep an answer waiting. */
const AUDIT_WAIT_MS = 2000;
/** After these the sender may try the same id again: nothing has been decided. */
const UNDECIDED: ReadonlySet<string> = new Set(['COMMAND_NOT_READY', 'COMMAND_NOT_RECORDED']);

export interface CommandExecutorOptions {
  readonly audit: AuditLog;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A command whose arguments and stations have been checked. */
interface Plan {
  readonly command: Command;
  readonly given: Turn['given'];
  readonly stations: readonly CommandedStation[];
  readonly targets: CommandTargets;
}

/**
 * Carries out commands, wherever they come from: once for each id, one after the other for each station, within a
 * deadline, and with an entry in the audit. A failed command has had no effect.
 */
export class CommandExecutor implements Commands {
  readonly #options: CommandExecutorOptions;
  readonly #writer: AuditWriter;
  readonly #recent = new RecentCommands();
  readonly #refusals: ThrottledLog;
  readonly #counts = { done: 0, failed: 0, refused: 0 };
  readonly #lanes = new Map<string, InOrder>();
  /** Of the commands under way: each ends its own. */
  readonly #giveUp = new Set<(error: JidokaError) => void>();
  #targets: CommandTargets | undefined;
  #underWay = 0;

  constructor(options: CommandExecutorOptions) {
    const { audit, clock, logger } = options;
    this.#options = options;
    this.#writer = new AuditWriter(audit, clock, logger);
    this.#refusals = new ThrottledLog(logger, clock, (count) => `${count} further commands were refused.`);
  }

  /** Since the start: those that took effect, those that could not, and those that were none or not allowed. */
  get counts(): { readonly done: number; readonly failed: number; readonly refused: number } {
    return { ...this.#counts };
  }

  /** From here on commands are carried out. */
  open(targets: CommandTargets): void {
    this.#targets = targets;
  }

  /** Takes no more commands, gives up what waits, and lets the audit be written, for at most `timeoutMs`. */
  async close(timeoutMs: number): Promise<void> {
    this.#targets = undefined;
    for (const giveUp of [...this.#giveUp]) giveUp(commandErrors.COMMAND_NOT_READY());
    await this.#writer.stop(timeoutMs);
    this.#refusals.flush();
  }

  async execute(command: Command): Promise<CommandResult> {
    let plan: Plan;
    try {
      plan = this.#plan(command);
    } catch (error) {
      return this.#refuse(command, error as JidokaError);
    }
    const content = JSON.stringify([command.name, command.station ?? null, plan.given]);
    const before = this.#recent.get(command.id);
    if (before?.content === content) return before.result;
    if (before !== undefined) return this.#refuse(command, commandErrors.COMMAND_ID_REUSED({ got: command.id }));
    if (this.#underWay >= MAX_UNDER_WAY) {
      return this.#refuse(command, commandErrors.COMMAND_QUEUE_FULL({ expected: `at most ${MAX_UNDER_WAY}` }));
    }
    const result = this.#take(plan);
    const kept = result.then(withoutImage);
    this.#recent.add(command.id, content, kept, (outcome) => outcome.ok || !UNDECIDED.has(outcome.code));
    return result;
  }

  refused(entry: AuditEntry): void {
    const { id, name, station, destination, result } = entry;
    this.#counts.refused += 1;
    if (!result.ok) this.#refusals.warn({ id, command: name, station, destination, code: result.code }, result.text);
    if (id !== '') this.#writer.writeRefused(entry);
  }

  /** @throws JidokaError why it is not even tried */
  #plan(command: Command): Plan {
    const { name, station } = command;
    const targets = this.#targets;
    if (targets === undefined) throw commandErrors.COMMAND_NOT_READY();
    const scope = COMMAND_SCOPE[name];
    if (scope === 'station' && station === undefined) throw commandErrors.COMMAND_STATION_MISSING({ got: name });
    if (scope === 'gateway' && station !== undefined) throw commandErrors.COMMAND_STATION_UNWANTED({ got: station });
    const stations = targets.stations.filter((known) => station === undefined || known.name === station);
    if (stations.length === 0) throw commandErrors.COMMAND_STATION_UNKNOWN({ got: JSON.stringify(station) });
    const parsed = COMMAND_ARGUMENTS[name].safeParse(command.arguments);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      const where = ['arguments', ...(issue?.path ?? [])].map(String).join('.').slice(0, 100);
      throw commandErrors.COMMAND_ARGUMENTS_INVALID({
        where: `${name}, ${where}`,
        got: issue?.message.slice(0, 200) ?? '',
      });
    }
    return { command, given: parsed.data, stations: scope === 'gateway' ? [] : stations, targets };
  }

  #refuse(command: Command, error: JidokaError): CommandResult {
    const result: CommandResult = { ok: false, code: error.code, text: error.message };
    this.refused(this.#entry(command, result));
    return result;
  }

  /** Never rejects. The answer comes at the deadline at the latest; the place in the line is kept until the work is over. */
  #take(plan: Plan): Promise<CommandResult> {
    const { command, stations } = plan;
    const ending = new AbortController();
    this.#underWay += 1;
    return new Promise((resolve) => {
      const deadlineMs = COMMAND_DEADLINE_MS[command.name];
      const over = (): void => {
        clearTimeout(timer);
        this.#giveUp.delete(giveUp);
      };
      const giveUp = (error: JidokaError): void => {
        over();
        ending.abort();
        void this.#finish(command, failure(error)).then(resolve);
      };
      const tooLate = { got: `no result within ${deadlineMs / 1000} s` };
      const timer = setTimeout(() => giveUp(commandErrors.COMMAND_TIMED_OUT(tooLate)), deadlineMs);
      this.#giveUp.add(giveUp);
      const step = async (): Promise<void> => {
        if (ending.signal.aborted) return;
        const finish = await this.#carryOut(plan, ending.signal);
        // Who was told that it failed is told nothing else.
        if (ending.signal.aborted) return;
        over();
        resolve(await finish());
      };
      const lanes = stations.length === 0 ? [''] : stations.map(({ name }) => name);
      void this.#inTurn(lanes, step).finally(() => {
        this.#underWay -= 1;
      });
    });
  }

  /** Runs the step when every earlier command of each of the lanes is over. The places are taken at once. */
  #inTurn(lanes: readonly string[], step: () => Promise<void>): Promise<void> {
    const turns = lanes.map((name) => {
      const lane = this.#lanes.get(name) ?? new InOrder();
      this.#lanes.set(name, lane);
      return lane.turn();
    });
    return turns.reduce<() => Promise<void>>((inner, turn) => () => turn(inner), step)();
  }

  /** What is to be done with the outcome is done by the function returned, once it is known that it still counts. */
  async #carryOut(
    { command, given, stations, targets }: Plan,
    signal: AbortSignal,
  ): Promise<() => Promise<CommandResult>> {
    const { audit, clock } = this.#options;
    try {
      if (this.#writer.full) throw commandErrors.COMMAND_NOT_RECORDED();
      const late = (): Error => commandErrors.COMMAND_NOT_RECORDED({ got: 'the store does not answer' });
      const before = await withTimeout(audit.result(command.id), AUDIT_WAIT_MS, late).catch((cause: unknown) => {
        throw commandErrors.COMMAND_NOT_RECORDED({ got: messageOf(cause), cause });
      });
      // One that failed had no effect, so it may be tried again.
      if (before?.ok) return async () => before;
      if (command.expiresAtMs !== undefined && command.expiresAtMs <= clock.nowMs()) {
        throw commandErrors.COMMAND_EXPIRED({ got: 'it expired while it waited for its turn' });
      }
      if (signal.aborted) throw commandErrors.COMMAND_TIMED_OUT();
      const value = await act({ command, given, stations, targets, signal, nowMs: clock.nowMs() });
      return () => this.#finish(command, { ok: true, value });
    } catch (error) {
      if (!(error instanceof JidokaError)) {
        this.#options.logger.error(
          { id: command.id, err: error },
          `The command ${command.name} met a fault in the agent.`,
        );
      }
      return () => this.#finish(command, failure(error));
    }
  }

  async #finish(command: Command, result: CommandResult): Promise<CommandResult> {
    const { id, name, station, from } = command;
    const fields = { id, command: name, station, ...from };
    if (result.ok) {
      this.#counts.done += 1;
      this.#options.logger.info(fields, `The command ${name} was carried out.`);
    } else {
      this.#counts.failed += 1;
      this.#refusals.warn({ ...fields, code: result.code }, `The command ${name} failed: ${result.text}`);
    }
    await this.#writer.write(this.#entry(command, result), AUDIT_WAIT_MS);
    return result;
  }

  #entry({ id, name, station, from, arguments: given }: Command, result: CommandResult): AuditEntry {
    return {
      atMs: this.#options.clock.nowMs(),
      id,
      name,
      station: station ?? null,
      destination: from.destination,
      sender: from.sender ?? null,
      arguments: given,
      result,
    };
  }
}

function failure(error: unknown): CommandResult {
  const known = error instanceof JidokaError ? error : commandErrors.COMMAND_FAILED({ got: messageOf(error) });
  return { ok: false, code: known.code, text: known.message };
}
