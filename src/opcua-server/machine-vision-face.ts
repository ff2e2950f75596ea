import { Backoff } from '../base/backoff.js';
import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/logger.js';
import type { Inspection } from '../domain/inspection.js';
import type { ControlledStation, StationFace } from '../ports/controlled-station.js';
import { opcuaServerErrors } from './errors.js';
import { type Answer, type FromServer, METHOD_ERRORS, type ServerSettings, type ToServer } from './protocol.js';
import { ServerThread } from './server-thread.js';
import { VisionSystem } from './vision-system.js';

/** A thread that takes nothing for so long hangs. */
const HUNG_MS = 30_000;
/** A server that has listened for so long was well: the next trouble is met quickly again. */
const WELL_MS = 60_000;

export interface MachineVisionFaceOptions {
  readonly settings: ServerSettings;
  readonly newJobId: () => string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The gateway as an OPC UA server after OPC 40100-1: a vision system for each station here, and a thread with the
 * server that shows them and passes on what clients ask for. A server that cannot be started or that ends is started
 * anew; nothing of that touches the stations.
 */
export class MachineVisionFace implements StationFace {
  readonly where = 'OPC UA server of this gateway';
  readonly #options: MachineVisionFaceOptions;
  readonly #backoff = new Backoff({ initialMs: 1000, maxMs: 60_000 });
  #systems: ReadonlyMap<string, VisionSystem> = new Map();
  #thread: ServerThread | undefined;
  /** Since when it listens, of the monotonic clock. */
  #listeningSinceMs: number | undefined;
  #missed = 0;
  #trouble: string | undefined;
  #retry: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: MachineVisionFaceOptions) {
    this.#options = options;
  }

  open(stations: readonly ControlledStation[]): void {
    const { settings, newJobId, logger } = this.#options;
    const systems = stations.map(
      (station) =>
        new VisionSystem({
          station,
          results: settings.results,
          newJobId,
          send: (message) => this.#send(message),
          logger: logger.child({ station: station.name }),
        }),
    );
    this.#systems = new Map(systems.map((system) => [system.name, system]));
    for (const system of systems) system.look();
    this.#startThread();
  }

  inspected(inspection: Inspection): void {
    this.#systems.get(inspection.station)?.inspected(inspection);
  }

  look(): void {
    for (const system of this.#systems.values()) system.look();
    const thread = this.#thread;
    if (thread !== undefined && thread.silentMs > HUNG_MS) {
      this.#thread = undefined;
      void thread.kill();
      this.#failed(opcuaServerErrors.OPCUA_SERVER_FAILED({ got: 'it does not answer any more' }).message);
    } else if (this.#missed > 0 && thread?.behind === false) this.#catchUp();
  }

  trouble(): string | undefined {
    return this.#trouble;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retry);
    for (const system of this.#systems.values()) system.close();
    const thread = this.#thread;
    this.#thread = undefined;
    await thread?.stop();
  }

  #startThread(): void {
    this.#listeningSinceMs = undefined;
    const thread = new ServerThread(
      this.#options.settings,
      {
        onMessage: (message) => {
          if (thread === this.#thread) this.#receive(message, thread);
        },
        onEnd: (reason) => {
          if (thread !== this.#thread) return;
          this.#thread = undefined;
          this.#failed(opcuaServerErrors.OPCUA_SERVER_FAILED({ got: reason }).message);
        },
      },
      () => this.#options.clock.monotonicMs(),
    );
    this.#thread = thread;
  }

  #receive(message: FromServer, thread: ServerThread): void {
    const { logger } = this.#options;
    switch (message.kind) {
      case 'listening':
        this.#listeningSinceMs = this.#options.clock.monotonicMs();
        this.#trouble = undefined;
        logger.info({ endpoints: message.endpoints }, 'The OPC UA server for machine vision listens.');
        for (const system of this.#systems.values()) system.showAll();
        return;
      case 'refused': {
        const { code, where, got } = message;
        this.#thread = undefined;
        void thread.stop();
        this.#failed(opcuaServerErrors[code]({ where, got }).message);
        return;
      }
      case 'call':
        void this.#call(message).then((answer) => thread.send({ kind: 'answer', call: message.call, answer }));
        return;
      case 'log':
        logger[message.level]({}, message.text);
        return;
      default:
        return;
    }
  }

  async #call({ station, request, user }: Extract<FromServer, { kind: 'call' }>): Promise<Answer> {
    const system = this.#stopped ? undefined : this.#systems.get(station);
    if (system === undefined) return { kind: 'done', error: METHOD_ERRORS.NOT_CARRIED_OUT, jobId: '' };
    return system.request(request, user);
  }

  #send(message: ToServer): void {
    if (this.#listeningSinceMs === undefined || this.#thread === undefined) return;
    if (!this.#thread.send(message)) this.#missed += 1;
  }

  /** After the thread was behind: what it has missed is shown, though nobody gets the events of it any more. */
  #catchUp(): void {
    this.#options.logger.warn(
      { missed: this.#missed },
      'The OPC UA server was behind: clients have missed so many events; the results they can still ask for.',
    );
    this.#missed = 0;
    for (const system of this.#systems.values()) system.showAll();
  }

  #failed(text: string): void {
    const sinceMs = this.#listeningSinceMs;
    if (sinceMs !== undefined && this.#options.clock.monotonicMs() - sinceMs > WELL_MS) this.#backoff.reset();
    this.#listeningSinceMs = undefined;
    this.#missed = 0;
    const waitMs = this.#backoff.next();
    if (this.#trouble !== text) this.#options.logger.warn({ retryMs: waitMs }, text);
    this.#trouble = text;
    if (this.#stopped) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#startThread(), waitMs);
  }
}
