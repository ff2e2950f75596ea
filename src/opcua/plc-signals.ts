import type { Clock } from '../base/clock.js';
import type { HandshakeConfig } from '../config/schema/plc.js';
import type { ReadingValue } from '../domain/reading.js';
import type { OpcuaConnection } from './connection.js';
import { opcuaErrors } from './errors.js';
import { isRaised } from './values.js';

export interface PlcSignalsOptions {
  readonly connection: OpcuaConnection;
  readonly config: HandshakeConfig | undefined;
  readonly clock: Clock;
}

/** What the PLC says in a handshake: its acknowledgement, and the heartbeat of its program. */
export class PlcSignals {
  readonly #options: PlcSignalsOptions;
  readonly #faults = new Map<string, string>();
  #beat: ReadingValue = null;
  /** When the heartbeat last changed, or was first seen in this life of the connection; undefined before that. */
  #beatAtMs: number | undefined;
  #life = 0;

  constructor(options: PlcSignalsOptions) {
    this.#options = options;
  }

  /** Calls `onAck` with the level of the acknowledgement whenever the server tells it; the function returned ends it. */
  watch(onAck: (high: boolean) => void): () => void {
    const { config } = this.#options;
    const releases = [
      this.#monitor(config?.ack, (value) => onAck(isRaised(value))),
      this.#monitor(config?.plcHeartbeat, (value) => this.#heard(value)),
    ];
    return () => {
      for (const release of releases) release?.();
    };
  }

  trouble(): string | undefined {
    const { connection, config, clock } = this.#options;
    if (config === undefined || !connection.isLive) return undefined;
    const faults = [...this.#faults.values()];
    if (faults.length > 0) return faults.join(' ');
    if (this.#beatAtMs === undefined || this.#life !== connection.life) return undefined;
    const stillMs = clock.monotonicMs() - this.#beatAtMs;
    if (stillMs <= config.plcHeartbeatTimeoutMs) return undefined;
    const got = `no change for ${(stillMs / 1000).toFixed(1)} s`;
    return opcuaErrors.OPCUA_PLC_SILENT({ where: config.plcHeartbeat ?? connection.endpoint, got }).message;
  }

  #heard(value: ReadingValue): void {
    const { connection, clock } = this.#options;
    if (value === this.#beat && this.#life === connection.life) return;
    this.#beat = value;
    this.#life = connection.life;
    this.#beatAtMs = clock.monotonicMs();
  }

  #monitor(nodeId: string | undefined, onValue: (value: ReadingValue) => void): (() => void) | undefined {
    const { connection, config } = this.#options;
    if (nodeId === undefined || config === undefined) return undefined;
    return connection.monitor({
      nodeId,
      samplingMs: config.samplingMs,
      onSample: ({ value, quality, fault }) => {
        if (fault === null) this.#faults.delete(nodeId);
        else this.#faults.set(nodeId, fault.message);
        if (quality !== 'bad' && value !== null) onValue(value);
      },
      onFault: (fault) => {
        if (fault === null) this.#faults.delete(nodeId);
        else this.#faults.set(nodeId, fault.text);
      },
    });
  }
}
