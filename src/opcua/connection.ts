import { Backoff } from '../base/backoff.js';
import { type Clock, systemClock } from '../base/clock.js';
import { type JidokaError, messageOf } from '../base/errors.js';
import { type Lifecycle, withTimeout } from '../base/lifecycle.js';
import type { Logger } from '../base/logger.js';
import type { OpcuaConnectionConfig } from '../config/schema/connections.js';
import { ClockWatch } from './clock-watch.js';
import { describe, type OpcuaConnectionStatus } from './connection-status.js';
import { opcuaErrors } from './errors.js';
import { Leftovers } from './leftovers.js';
import { loadLibrary, type OpcuaLibrary } from './library.js';
import { Link, type LinkInfo, type NodeWrite } from './link.js';
import { Liveness } from './liveness.js';
import { LossCount } from './loss-count.js';
import { MonitoredTag, type TagRequest } from './monitored-tag.js';
import type { Password } from './security/access.js';
import {
  initialSupervisorState,
  type SupervisorAction,
  type SupervisorEvent,
  type SupervisorState,
  supervise,
} from './supervisor.js';
import { translateConnectError } from './translate.js';
import type { TagValue } from './values.js';

export interface OpcuaConnectionOptions {
  /** Its name under `opcua` in the config. */
  readonly name: string;
  readonly config: OpcuaConnectionConfig;
  /** The resolved secret, or a function that resolves it anew for each attempt. */
  readonly password?: Password;
  /** Folder of the gateway's own certificate and of those it trusts; made where it is missing. */
  readonly pkiFolder: string;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** The name the server lists the session and the certificate under. */
  readonly applicationName?: string;
  /** How often a tag that the server refused is asked for again. */
  readonly retryTagsMs?: number;
  /** How often the server is asked for its time. */
  readonly readClockMs?: number;
}

const FIRST_WAIT_MS = 500;
const RETRY_TAGS_MS = 60_000;
const READ_CLOCK_MS = 60_000;

/**
 * One OPC UA server, shared by every station that uses it. `start` returns at once; the server is sought for ever.
 * The decisions are the supervisor's; this class carries them out with a clock, timers and one `Link` at a time.
 */
export class OpcuaConnection implements Lifecycle {
  readonly name: string;
  /** When the server was heard from, for whoever judges the age of a value. */
  readonly liveness = new Liveness();
  readonly #options: OpcuaConnectionOptions;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #backoff: Backoff;
  readonly #tags = new Set<MonitoredTag>();
  readonly #liveListeners = new Set<() => void>();
  readonly #leftovers: Leftovers;
  readonly #clockWatch: ClockWatch;
  readonly #losses: LossCount;
  #state: SupervisorState<JidokaError> = initialSupervisorState;
  #link: Link | undefined;
  #visitor: Link | undefined;
  #timer: NodeJS.Timeout | undefined;
  #tagTimer: NodeJS.Timeout | undefined;
  #trouble: JidokaError | undefined;
  /** The shortest silence that makes anything stale. */
  #quickestMs: number;
  #whenStopped: (() => void)[] = [];

  constructor(options: OpcuaConnectionOptions) {
    this.name = options.name;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger.child({ opcua: options.name });
    this.#quickestMs = options.config.lostAfterMs;
    this.#backoff = new Backoff({ initialMs: FIRST_WAIT_MS, maxMs: options.config.reconnectMaxMs });
    this.#leftovers = new Leftovers(this.#clock);
    this.#losses = new LossCount(this.#clock);
    this.#clockWatch = new ClockWatch({
      config: options.config,
      clock: this.#clock,
      logger: this.#logger,
      everyMs: options.readClockMs ?? READ_CLOCK_MS,
    });
  }

  async start(signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return;
    signal?.addEventListener('abort', () => void this.stop(), { once: true });
    this.#dispatch({ kind: 'start' });
  }

  async stop(): Promise<void> {
    if (this.#state.kind === 'stopped') return;
    const stopped = new Promise<void>((resolve) => this.#whenStopped.push(resolve));
    this.#dispatch({ kind: 'stop' });
    await stopped;
  }

  get isLive(): boolean {
    return this.#state.kind === 'live';
  }

  /** Counts the lives of the connection: what was learnt of the server holds for one life only. */
  get life(): number {
    return this.#state.life;
  }

  get endpoint(): string {
    return this.#options.config.endpoint;
  }

  /** Monitors a tag from now on, over every reconnection, until the function returned is called. */
  monitor(request: TagRequest): () => void {
    const { publishingIntervalMs: publishingMs, lostAfterMs, clock } = this.#options.config;
    const tag = new MonitoredTag(request, {
      publishingMs,
      lostAfterMs,
      clock: this.#clock,
      correctionMs: () => this.#clockWatch.correctionMs,
      mistrust: clock === 'server',
      onOverflow: () => this.#losses.overflowed(),
    });
    this.#tags.add(tag);
    this.#quickestMs = Math.min(this.#quickestMs, tag.maxSilenceMs);
    if (this.isLive) this.#monitor([tag]);
    return () => {
      this.#tags.delete(tag);
      tag.end();
    };
  }

  /** Calls `listener` each time a session has been set up; the function returned ends it. */
  onLive(listener: () => void): () => void {
    this.#liveListeners.add(listener);
    return () => this.#liveListeners.delete(listener);
  }

  /** The data type and present value of a node. Throws `OPCUA_NOT_CONNECTED` and what the server says of the node. */
  async readNode(nodeId: string): Promise<{ readonly dataType: number; readonly value: TagValue }> {
    return this.#present().readNode(nodeId);
  }

  /** The present values of several nodes in one Read call. Throws `OPCUA_NOT_CONNECTED`. */
  async readValues(nodeIds: readonly string[]): Promise<readonly TagValue[]> {
    return this.#present().readValues(nodeIds);
  }

  /** One Write call; gives each node's status by name. Throws `OPCUA_NOT_CONNECTED`. */
  async write(nodes: readonly NodeWrite[]): Promise<readonly string[]> {
    return this.#present().write(nodes);
  }

  status(): OpcuaConnectionStatus {
    const faults = new Map([...this.#tags].flatMap((tag) => (tag.fault === null ? [] : [[tag.nodeId, tag.fault]])));
    const clockNote = this.#clockWatch.note;
    const { endpoint } = this;
    return {
      ...describe(
        { state: this.#state.kind, endpoint, tags: this.#tags.size, faults: faults.size, clockNote },
        this.#trouble,
      ),
      faults,
      clock: this.#clockWatch.estimate(),
      clockNote,
      timeNotes: [...this.#tags].flatMap(({ timeNote }) => timeNote ?? []),
      losses: this.#losses.total,
      leftSessions: this.#leftovers.count,
    };
  }

  #present(): Link {
    if (this.#state.kind !== 'live' || this.#link === undefined) {
      throw opcuaErrors.OPCUA_NOT_CONNECTED({
        where: this.endpoint,
        ...(this.#trouble !== undefined && { got: this.#trouble.code }),
      });
    }
    return this.#link;
  }

  #dispatch(event: SupervisorEvent<JidokaError>): void {
    const { state, actions } = supervise(this.#state, event, (ms) => this.#silent(ms));
    this.#state = state;
    for (const action of actions) this.#act(action);
  }

  #silent(ms: number): JidokaError {
    const got = `neither data nor keep-alive for ${(ms / 1000).toFixed(1)} s`;
    return opcuaErrors.OPCUA_SERVER_SILENT({ where: this.endpoint, got });
  }

  #act(action: SupervisorAction<JidokaError>): void {
    switch (action.do) {
      case 'open':
        void this.#open(action.life);
        break;
      case 'close':
        void this.#close(action.life);
        break;
      case 'watch':
        this.#later(action.atMs - this.#clock.monotonicMs(), () => {
          this.#dispatch({ kind: 'look', life: action.life, atMs: this.#clock.monotonicMs() });
        });
        break;
      case 'wait': {
        const patience = this.#options.config.reconnectMaxMs;
        const waitMs = action.patient ? patience * (0.75 + Math.random() / 4) : this.#backoff.next();
        this.#later(waitMs, () => this.#dispatch({ kind: 'retry', life: action.life }));
        break;
      }
      case 'reset-backoff':
        this.#backoff.reset();
        break;
      case 'announce-live':
        this.#becomeLive(action.life);
        break;
      case 'announce-down':
        this.#becomeDown(action.reason);
        break;
      case 'announce-stopped':
        this.#becomeStopped();
        break;
    }
  }

  #later(ms: number, run: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(run, Math.max(0, ms));
  }

  async #open(life: number): Promise<void> {
    const { config, pkiFolder } = this.#options;
    try {
      const library = await loadLibrary(this.#logger);
      if (this.#state.life !== life || this.#state.kind !== 'opening') return;
      const link = this.#makeLink(library, life, (got) => this.#fail(life, got));
      this.#link = link;
      const limitMs = 5 * link.requestTimeoutMs;
      const info = await withTimeout(link.open(), limitMs, () => this.#silent(limitMs));
      const lostAfterMs = this.#lostAfterMs(info);
      this.#dispatch({ kind: 'opened', life, atMs: this.#clock.monotonicMs(), lostAfterMs });
      if (this.#leftovers.count > 0 && this.isLive && this.life === life) {
        this.#clearUp(
          this.#makeLink(library, life, () => undefined),
          link.serverStartMs,
        );
      }
    } catch (error) {
      const security = { secured: config.securityMode !== 'none', pkiFolder };
      const { error: reason, patient } = translateConnectError(error, this.endpoint, security);
      this.#dispatch({ kind: 'failed', life, reason, patient });
    }
  }

  #makeLink(library: OpcuaLibrary, life: number, onEnded: (reason: string) => void): Link {
    const { config, password, pkiFolder, applicationName } = this.#options;
    return new Link({
      library,
      config,
      password,
      pkiFolder,
      applicationName: applicationName ?? 'jidoka',
      keepAliveMs: this.#keepAliveMs(),
      clock: this.#clock,
      logger: this.#logger,
      leftovers: this.#leftovers,
      readClock: (read) => this.#clockWatch.first(read),
      onHeard: () => this.#heard(life),
      onMissing: (count) => this.#missed(life, count),
      onEnded,
    });
  }

  /** Ends what an earlier life had to leave on the server, beside the present one. */
  #clearUp(visitor: Link, serverStartMs: number | null): void {
    this.#visitor = visitor;
    visitor
      .visit(serverStartMs)
      .catch((error: unknown) => this.#logger.debug({}, `Nothing could be cleared up: ${messageOf(error)}`))
      .finally(() => visitor.close());
  }

  #fail(life: number, got: string, cause?: unknown): void {
    const details = { where: this.endpoint, got, ...(cause !== undefined && { cause }) };
    this.#dispatch({ kind: 'failed', life, reason: opcuaErrors.OPCUA_CONNECTION_LOST(details), patient: false });
  }

  /** Nobody knows what changed in a notification that was lost; a new subscription tells how everything stands. */
  #missed(life: number, count: number): void {
    const anew = this.#losses.missed(count);
    this.#logger.warn({ count }, `${count} notifications of the OPC UA server were lost on the way.`);
    if (anew) this.#fail(life, `${count} notifications were lost`);
  }

  async #close(life: number): Promise<void> {
    const links = [this.#link, this.#visitor];
    this.#link = undefined;
    this.#visitor = undefined;
    await Promise.all(links.map((link) => link?.close()));
    this.#dispatch({ kind: 'closed', life });
  }

  /** A third of what may pass in silence, so that one sign of life may be late without anybody calling it lost. */
  #keepAliveMs(): number {
    return Math.max(20, this.#quickestMs / 3);
  }

  /** A server that gives signs of life more rarely than asked for must not be taken for lost between two of them. */
  #lostAfterMs({ keepAliveMs }: LinkInfo): number {
    const { lostAfterMs } = this.#options.config;
    const least = keepAliveMs * 2.5;
    if (least <= lostAfterMs) return lostAfterMs;
    this.#logger.warn(
      { lostAfterMs, keepAliveMs },
      `The server gives a sign of life only every ${keepAliveMs} ms; it is called lost after ${least} ms instead.`,
    );
    return least;
  }

  #heard(life: number): void {
    if (this.#state.kind !== 'live' || this.#state.life !== life) return;
    this.liveness.heard(life, this.#clock.nowMs(), this.#quickestMs);
    this.#dispatch({ kind: 'heard', life, atMs: this.#clock.monotonicMs() });
  }

  #becomeLive(life: number): void {
    this.#trouble = undefined;
    this.#heard(life);
    this.#logger.info({ endpoint: this.endpoint }, `Connected to ${this.endpoint}.`);
    this.#clockWatch.begin(async () => (await this.#link?.readClock()) ?? null);
    this.#monitor([...this.#tags]);
    for (const listener of [...this.#liveListeners]) listener();
    clearInterval(this.#tagTimer);
    this.#tagTimer = setInterval(
      () => this.#monitor([...this.#tags].filter((tag) => tag.refused)),
      this.#options.retryTagsMs ?? RETRY_TAGS_MS,
    );
  }

  #monitor(tags: readonly MonitoredTag[]): void {
    if (tags.length === 0) return;
    const { life } = this;
    const items = tags.map((tag) => tag.begin(this.#logger, life));
    this.#link?.monitor(items).catch((error: unknown) => this.#fail(life, messageOf(error), error));
  }

  #becomeDown(reason: JidokaError): void {
    this.liveness.lost();
    this.#clockWatch.end();
    clearInterval(this.#tagTimer);
    // A server that is absent for a week is one line in the log, not one a minute.
    const repeated = this.#trouble?.code === reason.code;
    this.#trouble = reason;
    if (repeated) this.#logger.debug({ code: reason.code }, reason.message);
    else this.#logger.warn({ code: reason.code }, reason.message);
  }

  #becomeStopped(): void {
    this.liveness.lost();
    this.#clockWatch.end();
    clearTimeout(this.#timer);
    clearInterval(this.#tagTimer);
    this.#trouble = undefined;
    for (const resolve of this.#whenStopped.splice(0)) resolve();
  }
}
