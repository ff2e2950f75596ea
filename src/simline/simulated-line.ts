import { messageOf } from '../base/errors.js';
import { sleep } from '../base/lifecycle.js';
import { renderTile } from '../camera/simulated/tile.js';
import { type Broker, startBroker } from './broker.js';
import { simlineErrors } from './errors.js';
import { type FeedServer, startFeedServer } from './feed-server.js';
import { type LineServer, startLineServer } from './opcua-server.js';
import { linePart, processAt } from './process-model.js';

export const DEFAULT_MQTT_PORT = 1883;
export const DEFAULT_OPCUA_PORT = 4840;
export const DEFAULT_CAMERA_PORT = 8555;

/** The process values change at least this often, however slow the line is. */
const MAX_VALUE_PERIOD_MS = 500;

export interface SimulatedLineOptions {
  /** The same seed makes the same parts in the same order. */
  readonly seed: number;
  readonly partsPerSecond: number;
  /** Preferred ports of 127.0.0.1; 0 is any free one. */
  readonly mqttPort?: number;
  readonly opcuaPort?: number;
  readonly cameraPort?: number;
  /** One frame feed for each, in place of `cameraPort`; every feed shows the same parts. */
  readonly cameraPorts?: readonly number[];
  /** Folder that keeps the OPC UA server's certificate, which saves time at the next start. */
  readonly stateFolder?: string;
}

export interface SimulatedLine {
  readonly mqttUrl: string;
  readonly opcuaEndpoint: string;
  /** The first of `cameraUrls`. */
  readonly cameraUrl: string;
  readonly cameraUrls: readonly string[];
  /** Sentences for the operator, such as that a port was taken. */
  readonly notices: readonly string[];
  /** Parts made so far. */
  parts(): number;
  stop(): Promise<void>;
}

/**
 * A production line on the bench: an MQTT broker, an OPC UA server with its process values, and cameras that see each
 * part. Everything is spoken to over its real protocol, on 127.0.0.1 only.
 *
 * @throws SIMLINE_START_FAILED; what had been started is stopped again.
 */
export async function startSimulatedLine(options: SimulatedLineOptions): Promise<SimulatedLine> {
  const mqttPort = options.mqttPort ?? DEFAULT_MQTT_PORT;
  const opcuaPort = options.opcuaPort ?? DEFAULT_OPCUA_PORT;
  const cameraPorts = options.cameraPorts ?? [options.cameraPort ?? DEFAULT_CAMERA_PORT];
  const started: { stop(): Promise<void> }[] = [];
  const notices: string[] = [];
  const keep = <T extends { readonly port: number; stop(): Promise<void> }>(
    what: string,
    asked: number,
    peer: T,
  ): T => {
    started.push(peer);
    if (asked !== 0 && peer.port !== asked) notices.push(`Port ${asked} is taken; ${what} uses ${peer.port}.`);
    return peer;
  };
  const stopAll = async (): Promise<void> => {
    await Promise.all(started.map((peer) => peer.stop()));
  };
  let broker: Broker;
  let server: LineServer;
  const feeds: FeedServer[] = [];
  try {
    broker = keep('the MQTT broker', mqttPort, await startBroker(mqttPort));
    for (const port of cameraPorts) feeds.push(keep('the frame feed', port, await startFeedServer(port)));
    server = keep('the OPC UA server', opcuaPort, await startLineServer(opcuaPort, options.stateFolder));
  } catch (cause) {
    await stopAll();
    throw simlineErrors.SIMLINE_START_FAILED({ got: messageOf(cause), cause });
  }
  const ending = new AbortController();
  const production = new Production(options, server, feeds);
  const producing = production.run(ending.signal);
  return {
    mqttUrl: broker.url,
    opcuaEndpoint: server.endpoint,
    cameraUrl: feeds[0]?.url ?? '',
    cameraUrls: feeds.map((feed) => feed.url),
    notices,
    parts: () => production.parts,
    stop: async () => {
      ending.abort();
      await producing;
      await stopAll();
    },
  };
}

/** Makes one part after the other and shows it to the instruments and the cameras. */
class Production {
  #parts = 0;

  constructor(
    private readonly options: SimulatedLineOptions,
    private readonly server: LineServer,
    private readonly feeds: readonly FeedServer[],
  ) {}

  get parts(): number {
    return this.#parts;
  }

  async run(signal: AbortSignal): Promise<void> {
    const { seed } = this.options;
    const periodMs = 1000 / this.options.partsPerSecond;
    let dueMs = performance.now();
    while (!signal.aborted) {
      const waitMs = Math.min(Math.max(0, dueMs - performance.now()), MAX_VALUE_PERIOD_MS);
      await sleep(waitMs, signal);
      if (signal.aborted) return;
      const leftMs = dueMs - performance.now();
      if (leftMs > 0) {
        this.server.setValues(processAt(seed, this.#parts - leftMs / periodMs), new Date());
        continue;
      }
      this.#makePart();
      // A line that fell behind goes on at its rate; it does not hurry.
      dueMs = Math.max(dueMs + periodMs, performance.now() - periodMs);
    }
  }

  #makePart(): void {
    const part = linePart(this.options.seed, this.#parts);
    const at = new Date();
    this.server.setValues(part.values, at);
    this.server.announcePart(part.part, at);
    const watched = this.feeds.filter((feed) => feed.cameras > 0);
    if (watched.length > 0) {
      const image = renderTile({ tileClass: part.tileClass, seed: part.tileSeed });
      for (const feed of watched) feed.send({ part: part.part, capturedAtMs: at.getTime(), image });
    }
    this.#parts += 1;
  }
}
