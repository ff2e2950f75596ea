import { type Clock, systemClock } from '../base/clock.js';
import type { SensorConfig } from '../config/schema/station.js';
import type { Quality, Reading, Snapshot } from '../domain/reading.js';
import type { SensorSource, SensorSourceStatus } from '../ports/sensors.js';
import type { OpcuaConnection } from './connection.js';
import { connectionFor } from './connections.js';
import { between } from './interpolate.js';
import type { TagFault } from './monitored-tag.js';
import { type HeldSample, TagHistory } from './tag-history.js';

export interface OpcuaSensorSourceOptions {
  readonly sensors: readonly SensorConfig[];
  /** Every configured connection by name; they are started and stopped by their owner. */
  readonly connections: ReadonlyMap<string, OpcuaConnection>;
  readonly clock?: Clock;
}

interface Sensor {
  readonly config: SensorConfig;
  readonly connection: OpcuaConnection;
  readonly history: TagHistory;
  /** The server does not let the tag be monitored since `atMs`. */
  refusal: { readonly fault: TagFault; readonly atMs: number } | null;
  /** How often the server looks at the tag. */
  samplingMs: number;
  release: () => void;
}

/**
 * The OPC UA tags of one station with their recent history.
 *
 * A reading is the last value measured at or before the capture; with `valueAt: interpolate` a number on the line to the
 * next one, where that has come and nothing is missing between them: its age is 0 then. Where all that is held was measured after it, as just
 * after the start, the earliest stands in, `uncertain` and with a negative age; if it is later by more than
 * `staleAfterMs` it is stale as well.
 *
 * `stale` says that nobody watched the tag at the capture: the server had not been heard from within `staleAfterMs`
 * before it, or the connection was lost. A value that was measured before the capture and found unchanged by a
 * subscription made after it is not stale: it bridges the capture.
 */
export class OpcuaSensorSource implements SensorSource {
  readonly #options: OpcuaSensorSourceOptions;
  readonly #clock: Clock;
  #sensors: readonly Sensor[] = [];
  #running = false;

  constructor(options: OpcuaSensorSourceOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  /** Throws `OPCUA_CONNECTION_UNKNOWN` or `OPCUA_CONNECTION_AMBIGUOUS`. */
  async start(signal: AbortSignal): Promise<void> {
    if (this.#running || signal.aborted) return;
    const { sensors, connections } = this.#options;
    this.#sensors = sensors.map((config) => ({
      config,
      connection: connectionFor(connections, config.connection, `sensor ${config.name}`),
      history: new TagHistory(),
      refusal: null,
      samplingMs: config.samplingMs,
      release: () => undefined,
    }));
    for (const sensor of this.#sensors) this.#follow(sensor);
    this.#running = true;
    signal.addEventListener('abort', () => void this.stop(), { once: true });
  }

  async stop(): Promise<void> {
    this.#running = false;
    for (const sensor of this.#sensors) sensor.release();
  }

  snapshot(atMs: number): Snapshot {
    const readings = this.#running
      ? this.#sensors.map((sensor) => readingAt(sensor, atMs))
      : this.#options.sensors.map((config) => missing(config));
    return { atMs, readings };
  }

  status(): SensorSourceStatus {
    if (!this.#running) return { state: 'stopped', text: 'Stopped.', faults: new Map() };
    const faults = new Map<string, string>();
    for (const sensor of this.#sensors) {
      const fault = this.#faultOf(sensor);
      if (fault !== null) faults.set(sensor.config.name, fault);
    }
    return { ...this.#summary(faults), faults };
  }

  #follow(sensor: Sensor): void {
    const { nodeId, samplingMs, staleAfterMs } = sensor.config;
    sensor.release = sensor.connection.monitor({
      nodeId,
      samplingMs,
      maxSilenceMs: staleAfterMs,
      onSample: (sample) => {
        sensor.refusal = null;
        sensor.history.add(sample);
      },
      onFault: (fault) => {
        sensor.refusal = fault === null ? null : { fault, atMs: this.#clock.nowMs() };
      },
      onMonitored: (revisedMs) => {
        sensor.samplingMs = revisedMs;
      },
    });
  }

  #faultOf({ refusal, history, connection, config }: Sensor): string | null {
    if (!connection.isLive) return `Not connected to ${connection.endpoint}.`;
    if (refusal !== null) return refusal.fault.text;
    const newest = history.newest;
    if (newest?.life !== connection.life) return 'No value has come yet.';
    if (newest.fault !== null) return newest.fault.message;
    const { staleAfterMs } = config;
    if (!connection.liveness.staleAt(this.#clock.nowMs(), staleAfterMs, newest.life)) return null;
    return `${connection.endpoint} was not heard from for more than ${staleAfterMs} ms.`;
  }

  #summary(faults: ReadonlyMap<string, string>): Pick<SensorSourceStatus, 'state' | 'text'> {
    for (const connection of new Set(this.#sensors.map((sensor) => sensor.connection))) {
      const { state, text } = connection.status();
      if (state !== 'connected') return { state, text };
    }
    const count = this.#sensors.length;
    if (faults.size === 0) {
      return { state: 'connected', text: `${count} ${count === 1 ? 'tag' : 'tags'} from ${this.#servers()}.` };
    }
    const names = [...faults.keys()].join(', ');
    return { state: 'degraded', text: `${faults.size} of ${count} tags cannot be read: ${names}.` };
  }

  #servers(): string {
    const servers = [...new Set(this.#sensors.map(({ connection }) => connection.endpoint))];
    return servers.length === 0 ? 'no server' : servers.join(', ');
  }
}

function readingAt({ config, history, connection, refusal, samplingMs }: Sensor, atMs: number): Reading {
  const sample = history.at(atMs);
  if (refusal !== null && (sample === undefined || atMs >= refusal.atMs)) {
    return { ...missing(config), status: refusal.fault.status };
  }
  if (sample === undefined) return missing(config);
  const early = sample.timeMs > atMs;
  const bridges = sample.first && !early && sample.receivedAtMs >= atMs;
  const stale = early
    ? sample.timeMs - atMs > config.staleAfterMs
    : !bridges && connection.liveness.staleAt(atMs, config.staleAfterMs, sample.life);
  if (config.valueAt === 'interpolate') {
    const reckoned = between(sample, history.nextAfter(atMs), atMs, samplingMs);
    if (reckoned !== null) return { ...named(config), ...reckoned, sourceTimeMs: atMs, ageMs: 0, stale };
  }
  // A source may send no time; its value is then as old as its arrival.
  const sourceTimeMs = sample.sourceTimeMs ?? sample.receivedAtMs;
  return {
    ...named(config),
    value: sample.value,
    ...qualityAt(sample, early),
    sourceTimeMs,
    ageMs: atMs - sourceTimeMs,
    stale,
  };
}

function qualityAt(sample: HeldSample, early: boolean): { readonly quality: Quality; readonly status: string } {
  if (early && sample.quality === 'good') return { quality: 'uncertain', status: 'UncertainSubstituteValue' };
  return { quality: sample.quality, status: sample.status };
}

function missing(config: SensorConfig): Reading {
  return {
    ...named(config),
    value: null,
    quality: 'bad',
    status: 'NoData',
    sourceTimeMs: null,
    ageMs: null,
    stale: true,
  };
}

function named({ name, unit }: SensorConfig): Pick<Reading, 'sensor' | 'unit'> {
  return unit === undefined ? { sensor: name } : { sensor: name, unit };
}
