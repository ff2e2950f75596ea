import { type Clock, isoUtc } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import { type Lifecycle, sleep } from '../base/lifecycle.js';
import type { Logger } from '../base/logger.js';
import { Rerun } from '../base/rerun.js';
import type { Inspection } from '../domain/inspection.js';
import { STATUS_SCHEMA, type StatusMessage } from '../domain/state.js';
import type { ClassifierInfo } from '../ports/classifier.js';
import type { Ledger, Outbox } from '../ports/ledger.js';
import { Acknowledgements } from './commands/acknowledgements.js';
import type { CommandTargets } from './commands/actions.js';
import type { CommandExecutor } from './commands/command-executor.js';
import type { Destinations } from './destinations.js';
import { type HealthSource, type Trouble, troublesOf } from './health.js';
import type { ModelReload, ReloadableStation } from './model-reload.js';
import { ShedCounts } from './shed-counts.js';
import type { AgentFace, FacedAgent } from './station-face.js';
import type { RunningStation, StationPlan } from './station-plan.js';

const HEALTH_CHECK_MS = 1000;
/** Outbox figures change with every part; the retained status follows them at this pace. */
const STATUS_REFRESH_MS = 10_000;
const PASSING: ReadonlySet<string> = new Set(['outboxRows', 'waiting', 'commands']);
/** What the outbox may take to drain at a stop; the rest goes out at the next start. */
const DRAIN_MS = 700;
/** A part that is this long with the model means a hung run: the watchdog is no longer fed. */
const HUNG_INFERENCE_MS = 60_000;
/** What the last records may take to be committed at a stop while the disk is in trouble. */
const UNWRITTEN_MS = 3000;

export interface AgentParts {
  readonly identity: Pick<StatusMessage, 'gateway' | 'version' | 'startedAt' | 'stations'>;
  readonly ledger: Ledger & Pick<Outbox, 'shed'>;
  readonly destinations: Destinations;
  /** Connections to OPC UA servers. */
  readonly connections: readonly (Lifecycle & HealthSource)[];
  readonly stations: readonly StationPlan[];
  readonly modelReload: ModelReload;
  /** Present where any destination may give commands. */
  readonly commands?: CommandExecutor;
  /** Present where a control system sees the stations. */
  readonly face?: AgentFace;
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
  readonly #shed: ShedCounts;
  #stations: readonly RunningStation[] = [];
  #troubles: readonly Trouble[] = [];
  readonly #acknowledgements = new Acknowledgements();
  #timer: NodeJS.Timeout | undefined;
  #statusSent = { key: '', atMs: 0 };
  #running: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | undefined;
  readonly #reloads = new Rerun(() => this.#reload());
  #started = false;
  #reloadAsked = false;

  constructor(parts: AgentParts, events: AgentEvents = {}) {
    this.#parts = parts;
    this.#shed = new ShedCounts(parts.ledger);
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
    const { ledger, destinations, connections, stations, commands } = this.#parts;
    await ledger.start();
    await this.#shed.refresh();
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
    await destinations.start();
    this.#events.onReady?.(this.models);
    this.#running = Promise.all(this.#stations.map((station) => station.run(this.#stopping.signal))).then(
      () => undefined,
    );
    this.#running.catch(() => undefined);
    commands?.open(this.#commandTargets());
    this.#parts.face?.open(this.#stations, this.#facedAgent());
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
    const { ledger, destinations, connections, modelReload, commands, face, logger } = this.#parts;
    modelReload.stop();
    await commands?.close(DRAIN_MS);
    const quietly = async (what: string, work: Promise<unknown>): Promise<void> => {
      await work.catch((error: unknown) => logger.error({}, `${what} did not stop cleanly: ${messageOf(error)}`));
    };
    await quietly('The OPC UA server', face?.stop() ?? Promise.resolve());
    await this.#recorded();
    await Promise.all(this.#stations.map((station) => quietly(`Station ${station.name}`, station.stop())));
    await quietly('Delivery', destinations.stop(DRAIN_MS));
    await Promise.all([
      quietly('The store', ledger.stop()),
      this.#reloads.idle(),
      ...connections.map((connection) => quietly(connection.where, connection.stop())),
    ]);
  }

  /** Waits for the last records; where the disk does not take them the store is stopped, and says what is lost. */
  async #recorded(): Promise<void> {
    const { ledger } = this.#parts;
    const done = new AbortController();
    const ended = this.#running.catch(() => undefined).finally(() => done.abort());
    await sleep(UNWRITTEN_MS, done.signal);
    while (!done.signal.aborted && ledger.status().state !== 'failing') await sleep(UNWRITTEN_MS, done.signal);
    if (!done.signal.aborted) await ledger.stop();
    await ended;
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
    await modelReload.run(
      this.#stations.flatMap(({ models }) => models),
      changed,
    );
    if (!this.#stopping.signal.aborted) this.#beat();
  }

  #commandTargets(): CommandTargets {
    const { modelReload, destinations, clock } = this.#parts;
    return {
      stations: this.#stations,
      selectModel: async (name, choice, signal) => {
        const station = this.#stations.find((running) => running.name === name);
        if (station === undefined) return undefined;
        const model = station.modelOf(choice.recipe);
        return (await modelReload.select(model, choice, signal)) ? model.info : undefined;
      },
      acknowledge: (where, by) => {
        if (!this.#troubles.some((trouble) => trouble.where === where)) return undefined;
        const acknowledged = this.#acknowledgements.acknowledge(where, by, isoUtc(clock.nowMs()));
        this.#beat();
        return acknowledged;
      },
      rebirth: (destination) => destinations.rebirth(destination),
      changed: ({ name }) => {
        for (const station of this.#stations) if (station.name === name) this.#announceState(station);
        this.#beat();
      },
    };
  }

  #facedAgent(): FacedAgent {
    return {
      troubles: () => this.#troubles,
      acknowledge: (where, by) => {
        this.#acknowledgements.acknowledge(where, by, isoUtc(this.#parts.clock.nowMs()));
        this.#beat();
      },
      changed: (station) => {
        this.#announceState(station);
        this.#beat();
      },
    };
  }

  #inspected(station: RunningStation, inspection: Inspection, seq: number | null): void {
    this.#announceState(station);
    this.#parts.face?.inspected(inspection);
    if (seq !== null) this.#events.onInspected?.(inspection, seq);
  }

  #announceState(station: RunningStation): void {
    const { destinations, clock } = this.#parts;
    destinations.announceState(station.state(clock.nowMs(), this.#shed.ofStation(station.name)));
  }

  #beat(): void {
    // No inspection tells of a paused station, whose state still counts what goes by.
    for (const station of this.#stations) if (station.paused !== undefined) this.#announceState(station);
    this.#troubles = this.#acknowledgements.on(troublesOf(this.#healthSources()));
    this.#parts.face?.look();
    void this.#refreshShed();
    const status = this.#status();
    const key = JSON.stringify(status, (name, value) => (PASSING.has(name) ? 0 : value));
    const nowMs = this.#parts.clock.monotonicMs();
    if (key === this.#statusSent.key && nowMs - this.#statusSent.atMs < STATUS_REFRESH_MS) return;
    this.#statusSent = { key, atMs: nowMs };
    this.#parts.destinations.announceStatus(status);
  }

  async #refreshShed(): Promise<void> {
    if (!(await this.#shed.refresh()) || this.#stopping.signal.aborted) return;
    for (const station of this.#stations) this.#announceState(station);
  }

  #status(): StatusMessage {
    const { destinations, ledger } = this.#parts;
    const { outboxRows, waiting } = ledger.status();
    return {
      schema: STATUS_SCHEMA,
      ...this.#parts.identity,
      state: 'online',
      at: this.#parts.identity.startedAt,
      health: this.#troubles.length === 0 ? 'ok' : 'degraded',
      troubles: this.#troubles,
      outboxRows,
      destinations: destinations.summary(
        (name) => waiting[name] ?? 0,
        (name) => this.#shed.toDestination(name),
      ),
      ...(this.#parts.commands !== undefined && { commands: this.#parts.commands.counts }),
    };
  }

  #healthSources(): HealthSource[] {
    const { ledger, destinations, connections, modelReload, face } = this.#parts;
    return [
      {
        where: 'store',
        trouble: () => {
          const { state, text, notice } = ledger.status();
          const wrong = state === 'failing' || state === 'degraded' ? [text] : [];
          const texts = notice === undefined ? wrong : [...wrong, notice];
          return texts.length === 0 ? undefined : texts.join(' ');
        },
      },
      ...destinations.health,
      ...connections,
      ...this.#stations.flatMap((station) => station.health),
      ...modelReload.health,
      ...(face === undefined ? [] : [face.health]),
    ];
  }
}
