import { type Clock, systemClock } from '../base/clock.js';
import type { JidokaError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { ThrottledLog } from '../base/throttled-log.js';
import type { PlcOutputConfig } from '../config/schema/plc.js';
import type { TriggerEcho } from '../domain/inspection.js';
import type {
  OutputFigures,
  OutputPart,
  OutputResult,
  StationCondition,
  VerdictOutput,
} from '../ports/verdict-output.js';
import type { OpcuaConnection } from './connection.js';
import { opcuaErrors } from './errors.js';
import { type HandshakeAction, type HandshakeEvent, handshake, type RefusalReason } from './handshake.js';
import { type HandshakeRules, initialHandshakeState, latenessMs, levelsOf, nextDueMs } from './handshake-state.js';
import { PlcSignals } from './plc-signals.js';
import { PlcTags } from './plc-tags.js';

export interface OpcuaVerdictOutputOptions {
  readonly connection: OpcuaConnection;
  readonly config: PlcOutputConfig;
  readonly logger: Logger;
  readonly clock?: Clock;
}

/** A result on its way to the PLC. */
interface Pending {
  readonly result: OutputResult;
  /** The write has to be over by then, on the monotonic clock. */
  readonly untilTickMs: number;
  readonly resolve: () => void;
  readonly reject: (error: JidokaError) => void;
}

type Event = HandshakeEvent extends infer E ? (E extends unknown ? Omit<E, 'atMs'> : never) : never;

const CONDITION_MS = 100;

/**
 * Writes verdicts to PLC tags, with a handshake where one is configured. The decisions are the machine's in
 * `handshake.ts`; this class carries them out with a clock, timers and the connection.
 *
 * It fails safe. After a write that failed in any way OK and NOK are cleared, and after each new connection too. The
 * counter goes on from what the PLC held when it was first seen, so that the first verdict after a restart changes it.
 */
export class OpcuaVerdictOutput implements VerdictOutput {
  readonly delayed: boolean;
  readonly #options: OpcuaVerdictOutputOptions;
  readonly #rules: HandshakeRules;
  readonly #clock: Clock;
  readonly #tags: PlcTags;
  readonly #signals: PlcSignals;
  readonly #log: ThrottledLog;
  readonly #pending = new Map<string, Pending>();
  #state = initialHandshakeState;
  #flushing = false;
  #condition: () => StationCondition = () => 'ready';
  #onPlcRestart: () => void = () => undefined;
  #timer: NodeJS.Timeout | undefined;
  #release: (() => void)[] = [];

  constructor(options: OpcuaVerdictOutputOptions) {
    const { config, connection, logger, clock = systemClock } = options;
    this.#options = options;
    this.#rules = rulesOf(config);
    this.delayed = this.#rules.delay.by !== 'nothing';
    this.#clock = clock;
    this.#signals = new PlcSignals({ connection, config: config.handshake, clock });
    this.#log = new ThrottledLog(logger, clock, (count) => `${count} more troubles with the handshake.`);
    this.#tags = new PlcTags({ connection, config, clock, log: this.#log });
  }

  async start(condition: () => StationCondition, onPlcRestart: () => void): Promise<void> {
    const { connection, config } = this.#options;
    if (this.#release.length > 0) return;
    this.#condition = condition;
    this.#onPlcRestart = onPlcRestart;
    this.#release.push(
      connection.onLive(() => this.#dispatch({ kind: 'live' })),
      this.#signals.watch((high) => this.#dispatch({ kind: 'ack', high })),
    );
    if (config.handshake !== undefined) {
      this.#every(CONDITION_MS, () => this.#look());
      this.#every(config.handshake.heartbeatMs, () => void this.#pulse());
    }
    if (connection.isLive) this.#dispatch({ kind: 'live' });
  }

  /** Clears OK and NOK if the PLC can be reached. */
  async stop(): Promise<void> {
    for (const release of this.#release.splice(0)) release();
    this.#dispatch({ kind: 'stop' });
    clearTimeout(this.#timer);
    this.#log.flush();
    await this.#tags.leave();
  }

  opened({ id, openedTickMs, called }: OutputPart): void {
    this.#dispatch({ kind: 'opened', id, openedAtMs: openedTickMs, called });
  }

  taken(id: string, echo?: TriggerEcho): void {
    this.#dispatch({ kind: 'taken', id, echo });
  }

  dropped(id: string): void {
    this.#dispatch({ kind: 'dropped', id });
  }

  turnedAway(): void {
    this.#dispatch({ kind: 'turned-away' });
  }

  restarted(): void {
    this.#dispatch({ kind: 'restarted' });
  }

  lateMs(id: string): number | undefined {
    return latenessMs(this.#rules, this.#state, id, this.#clock.monotonicMs());
  }

  withhold(id: string): void {
    this.#dispatch({ kind: 'withheld', id });
  }

  write(result: OutputResult): Promise<void> {
    const { inspectionId: id } = result;
    const { deadlineMs } = this.#rules;
    const part = this.#state.line.find((other) => other.id === id);
    // On the belt a result is due at the gate, whatever the deadline of its verdict was.
    const limitMs = deadlineMs === undefined || this.delayed ? Number.POSITIVE_INFINITY : deadlineMs;
    const untilTickMs = (part?.openedAtMs ?? 0) + limitMs;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { result, untilTickMs, resolve, reject });
      this.#dispatch({ kind: 'decided', id });
    });
  }

  figures(): OutputFigures {
    const { overruns, ackTimeouts } = this.#state;
    return { overruns, ackTimeouts };
  }

  trouble(): string | undefined {
    const texts = [this.#tags.trouble, this.#signals.trouble()].filter((text) => text !== undefined);
    return texts.length === 0 ? undefined : texts.join(' ');
  }

  #dispatch(event: Event): void {
    const { state, actions } = handshake(this.#rules, this.#state, { ...event, atMs: this.#clock.monotonicMs() });
    this.#state = state;
    for (const action of actions) this.#act(action);
    this.#flushSoon();
    this.#arm();
  }

  #act(action: HandshakeAction): void {
    switch (action.do) {
      case 'reset':
        void this.#reset();
        break;
      case 'present':
        void this.#present(action.id);
        break;
      case 'pass-over':
        this.#settle(action.id)?.resolve();
        break;
      case 'refuse':
        this.#settle(action.id)?.reject(this.#refusal(action.why));
        break;
      case 'tell':
        this.#tell(action.what);
        break;
    }
  }

  #settle(id: string): Pending | undefined {
    const pending = this.#pending.get(id);
    this.#pending.delete(id);
    return pending;
  }

  #refusal(why: RefusalReason): JidokaError {
    const where = this.#options.connection.endpoint;
    if (why === 'expired') return opcuaErrors.OPCUA_RESULT_EXPIRED({ where });
    return why === 'offline'
      ? opcuaErrors.OPCUA_NOT_CONNECTED({ where })
      : opcuaErrors.OPCUA_RESULT_ABANDONED({ where });
  }

  #tell(what: 'overrun' | 'not-acknowledged' | 'ack-stuck'): void {
    const { overruns, ackTimeouts } = this.#state;
    const error = {
      overrun: opcuaErrors.OPCUA_TRIGGER_OVERRUN,
      'not-acknowledged': opcuaErrors.OPCUA_NOT_ACKNOWLEDGED,
      'ack-stuck': opcuaErrors.OPCUA_ACK_STUCK,
    }[what]();
    this.#log.warn({ overruns, ackTimeouts }, error.message);
  }

  async #reset(): Promise<void> {
    const ending = await this.#tags.reset();
    if (ending === 'written') this.#dispatch({ kind: 'reset' });
    else if (ending === 'failed') this.#lost({ kind: 'not-reset' });
  }

  async #present(id: string): Promise<void> {
    const pending = this.#settle(id);
    if (pending === undefined) return this.#dispatch({ kind: 'unwritten', id });
    try {
      await this.#tags.present(pending.result, levelsOf(this.#rules, this.#state), pending.untilTickMs);
      pending.resolve();
      this.#dispatch({ kind: 'written', id });
    } catch (error) {
      pending.reject(error as JidokaError);
      this.#lost({ kind: 'unwritten', id });
    }
  }

  /** Several events of one moment make one Write call. */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      void this.#flush();
    });
  }

  async #flush(): Promise<void> {
    const { kind } = this.#state.phase;
    // A reset writes every tag, and a result takes the levels along.
    if (kind === 'offline' || kind === 'resetting' || kind === 'stopped' || kind === 'presenting') return;
    const ending = await this.#tags.tell(levelsOf(this.#rules, this.#state));
    if (ending === 'failed') this.#lost({ kind: 'levels-lost' });
  }

  /** A write that fails because the connection is gone is no reason to write again. */
  #lost(event: Event): void {
    this.#dispatch(event);
    if (!this.#options.connection.isLive) this.#dispatch({ kind: 'down' });
  }

  #look(): void {
    const on = this.#condition() === 'ready';
    if (on !== this.#state.accepting) this.#dispatch({ kind: 'accepting', on });
  }

  async #pulse(): Promise<void> {
    const { kind } = this.#state.phase;
    const quiet =
      kind === 'offline' || kind === 'resetting' || kind === 'presenting' || !this.#options.connection.isLive;
    if (quiet || this.#condition() === 'hung') return;
    const ending = await this.#tags.beat(() => levelsOf(this.#rules, this.#state));
    if (ending === 'ready-fallen') this.#plcRestarted();
    else if (ending === 'failed') this.#lost({ kind: 'levels-lost' });
  }

  #plcRestarted(): void {
    const { ready: where } = this.#options.config.handshake ?? {};
    this.#log.warn(
      { ready: where },
      opcuaErrors.OPCUA_PLC_RESTARTED({ ...(where !== undefined && { where }) }).message,
    );
    this.#onPlcRestart();
    this.restarted();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const dueMs = nextDueMs(this.#rules, this.#state);
    if (!Number.isFinite(dueMs)) return;
    this.#timer = setTimeout(() => this.#dispatch({ kind: 'tick' }), Math.max(0, dueMs - this.#clock.monotonicMs()));
  }

  #every(ms: number, run: () => void): void {
    const timer = setInterval(run, ms);
    this.#release.push(() => clearInterval(timer));
  }
}

function rulesOf({ handshake: shaken, deadlineMs, delayMs, delayParts, timeoutMs }: PlcOutputConfig): HandshakeRules {
  return {
    handshake: shaken !== undefined,
    ackTimeoutMs: shaken?.ack === undefined ? undefined : shaken.ackTimeoutMs,
    deadlineMs,
    graceMs: timeoutMs,
    delay:
      delayParts !== undefined
        ? { by: 'parts', count: delayParts }
        : delayMs !== undefined
          ? { by: 'time', ms: delayMs }
          : { by: 'nothing' },
  };
}
