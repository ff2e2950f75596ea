import type { Clock } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import type { Lifecycle } from '../base/lifecycle.js';
import type { Logger } from '../base/logger.js';
import { Rerun } from '../base/rerun.js';
import type { Inspection } from '../domain/inspection.js';
import { STATUS_SCHEMA, type StatusMessage } from '../domain/state.js';
import type { Deliverer } from '../pipeline/deliver.js';
import type { ClassifierInfo } from '../ports/classifier.js';
import type { Ledger } from '../ports/ledger.js';
import type { Publisher } from '../ports/publisher.js';
import { type HealthSource, type Trouble, troublesOf } from './health.js';
import type { ModelReload, ReloadableStation } from './model-reload.js';
import type { RunningStation, StationPlan } from './station-plan.js';

const HEALTH_CHECK_MS = 1000;
/** Outbox figures change with every part; the retained status follows them at this pace. */
const STATUS_REFRESH_MS = 10_000;
/** What the outbox may take to drain at a stop; the rest goes out at the next start. */
const DRAIN_MS = 700;
/** A part that is this long with the model means a hung run: the watchdog is no longer fed. */
const HUNG_INFERENCE_MS = 60_000;

export interface AgentParts {
  readonly identity: Pick<StatusMessage, 'gateway' | 'version' | 'startedAt' | 'stations'>;
  readonly ledger: Ledger;
  readonly publisher: Publisher;
  readonly deliverer: Pick<Deliverer, 'start' | 'stop' | 'status'>;
  /** Connections to OPC UA servers. */
  readonly connections: readonly (Lifecycle & HealthSource)[];
  readonly stations: readonly StationPlan[];
  readonly modelReload: ModelReload;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface AgentEvents {
  /** The start takes longer than usual and gets on: the store checks or rescues its database. */
  readonly onStarting?: () => void;
  /** Everything is ready; the first part comes after. */
  readonly onReady?: (models: Agent['models']) => void;
  readonly onInspected?: (inspection: Inspection, seq: number) => void;
}

/** The daemon: starts everything in the order of need, watches it, and stops it in the opposite order. */
export class Agent {
  readonly #parts: AgentParts;
  readonly #events: AgentEvents;
  /** Ends the cameras and triggers; the parts under way still need everything else. */
  readonly #stopping = new AbortController();
  #stations: readonly RunningStation[] = [];
  #troubles: readonly Trouble[] = [];
  #timer: NodeJS.Timeout | undefined;
  #statusSent = { key: '', atMs: 0 };
  #running: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | undefined;
  readonly #reloads = new Rerun(() => this.#reload());
  #started = false;
  #reloadAsked = false;

  constructor(parts: AgentParts, events: AgentEvents = {}) {
    this.#parts = parts;
    this.#events = events;
  }

  /** The models in use, once started. */
  get models(): readonly { readonly station: string; readonly info: ClassifierInfo }[] {
    return this.#stations.map(({ name, info }) => ({ station: name, info }));
  }

  /**
   * Resolves when every model is warm and every station takes parts; cameras, PLCs and brokers may still be absent.
   * @throws JidokaError (config) of a model, a camera or a store that can never work.
   */
  async start(): Promise<void> {
    const { ledger, publisher, deliverer, connections, stations } = this.#parts;
    await ledger.start();
    for (const plan of stations) {
      const station = await plan.start((inspection, seq) => this.#inspected(station, inspection, seq));
      this.#stations = [...this.#stations, station];
    }
    // After the stations: a connection sets its pace by the tags it is asked for.
    await Promise.all(connections.map((connection) => connection.start()));
    await Promise.all(this.#stations.map((station) => station.settle(this.#stopping.signal)));
    this.#beat();
    this.#timer = setInterval(() => this.#beat(), HEALTH_CHECK_MS);
    for (const station of this.#stations) this.#announceState(station);
    await publisher.start();
    await deliverer.start();
    this.#events.onReady?.(this.models);
    this.#running = Promise.all(this.#stations.map((station) => station.run(this.#stopping.signal))).then(
      () => undefined,
    );
    this.#running.catch(() => undefined);
    this.#started = true;
    if (this.#reloadAsked) this.reloadModels();
  }

  /**
   * Reads the configuration again and changes the models that are others now, while the line runs. Returns at once:
   * what becomes of it is in the log and in the health. A call during a start or another reload is served after it.
   */
  reloadModels(): void {
    this.#reloadAsked = true;
    if (this.#started && !this.#stopping.signal.aborted) void this.#reloads.request();
  }

  /** Resolves after `stop`; rejects when a station cannot go on or the store needs a restart. */
  finished(): Promise<void> {
    const brokenDown = this.#parts.ledger.brokenDown().then((error) => Promise.reject(error));
    return Promise.race([this.#running, brokenDown]);
  }

  /** Lets the parts under way be recorded, tells the world, and closes everything. A second call waits for the first. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stopAll();
    return this.#stopped;
  }

  async #stopAll(): Promise<void> {
    this.#stopping.abort();
    clearInterval(this.#timer);
    const { ledger, publisher, deliverer, connections, modelReload, logger } = this.#parts;
    modelReload.stop();
    const quietly = async (what: string, work: Promise<unknown>): Promise<void> => {
      await work.catch((error: unknown) => logger.error({}, `${what} did not stop cleanly: ${messageOf(error)}`));
    };
    await this.#running.catch(() => undefined);
    await Promise.all(this.#stations.map((station) => quietly(`Station ${station.name}`, station.stop())));
    await quietly('Delivery', deliverer.stop(DRAIN_MS));
    await quietly('The broker connection', publisher.stop(DRAIN_MS));
    await Promise.all([
      quietly('The store', ledger.stop()),
      this.#reloads.idle(),
      ...connections.map((connection) => quietly(connection.where, connection.stop())),
    ]);
  }

  /** True when the store commits, the models answer and no part is stuck: what feeds the systemd watchdog. */
  async healthy(timeoutMs: number): Promise<boolean> {
    if (this.#stations.some((station) => station.busyMs() > HUNG_INFERENCE_MS)) return false;
    const { ledger } = this.#parts;
    const answers = await Promise.all([
      // A full disk is no reason for a restart: the ledger tries again, and a restart would lose what it holds.
      ledger.alive(timeoutMs).then((alive) => alive || ledger.status().state === 'failing'),
      ...this.#stations.map((station) => station.alive(timeoutMs)),
    ]);
    return answers.every(Boolean);
  }

  /** One line for `systemctl status`. */
  statusLine(): string {
    const totals = this.#stations.map(({ name, tally }) => {
      const { pass, fail, review } = tally.counts;
      return `${name}: ${pass} pass, ${fail} fail, ${review} review`;
    });
    const waiting = this.#parts.ledger.status().outboxRows;
    const trouble = this.#troubles[0];
    return [
      ...totals,
      `${waiting} waiting for the broker`,
      ...(trouble ? [`${trouble.where}: ${trouble.text}`] : []),
    ].join('; ');
  }

  async #reload(): Promise<void> {
    const { modelReload } = this.#parts;
    const changed = ({ name }: ReloadableStation): void => {
      for (const station of this.#stations) if (station.name === name) this.#announceState(station);
    };
    await modelReload.run(this.#stations, changed);
    if (!this.#stopping.signal.aborted) this.#beat();
  }

  #inspected(station: RunningStation, inspection: Inspection, seq: number): void {
    this.#announceState(station);
    this.#events.onInspected?.(inspection, seq);
  }

  #announceState(station: RunningStation): void {
    const { publisher, clock } = this.#parts;
    publisher.announceState(station.state(clock.nowMs()));
  }

  #beat(): void {
    this.#troubles = troublesOf(this.#healthSources());
    const status = this.#status();
    const key = JSON.stringify({ ...status, outboxRows: 0 });
    const nowMs = this.#parts.clock.monotonicMs();
    if (key === this.#statusSent.key && nowMs - this.#statusSent.atMs < STATUS_REFRESH_MS) return;
    this.#statusSent = { key, atMs: nowMs };
    this.#parts.publisher.announceStatus(status);
  }

  #status(): StatusMessage {
    return {
      schema: STATUS_SCHEMA,
      ...this.#parts.identity,
      state: 'online',
      at: this.#parts.identity.startedAt,
      health: this.#troubles.length === 0 ? 'ok' : 'degraded',
      troubles: this.#troubles,
      outboxRows: this.#parts.ledger.status().outboxRows,
    };
  }

  #healthSources(): HealthSource[] {
    const { ledger, publisher, deliverer, connections, modelReload } = this.#parts;
    return [
      {
        where: 'store',
        trouble: () => {
          const { state, text, notice } = ledger.status();
          return state === 'failing' ? text : notice;
        },
      },
      {
        where: 'broker',
        trouble: () => (publisher.status().state === 'disconnected' ? publisher.status().text : undefined),
      },
      {
        where: 'delivery',
        trouble: () =>
          ['refused', 'failing'].includes(deliverer.status().state) ? deliverer.status().text : undefined,
      },
      ...connections,
      ...this.#stations.flatMap((station) => station.health),
      ...modelReload.health,
    ];
  }
}
