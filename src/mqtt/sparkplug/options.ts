import type { Clock } from '../../base/clock.js';
import type { Logger } from '../../base/logger.js';
import type { SparkplugConfig } from '../../config/schema/mqtt.js';
import type { ShedCount } from '../../domain/outbox.js';
import type { StatusMessage } from '../../domain/state.js';
import type { Commands } from '../../ports/commands.js';
import type { ConnectionConfig } from '../options.js';
import type { DeviceDescription } from './device-metrics.js';

/** Where the bdSeq of the last CONNECT is kept. */
export interface LastBdSeq {
  /** 0 to 255; undefined where none is known. */
  load(): Promise<number | undefined>;
  save(bdSeq: number): Promise<void>;
}

export interface SparkplugPublisherOptions {
  readonly config: ConnectionConfig;
  readonly sparkplug: SparkplugConfig;
  /** The account in the outbox, and the name in the audit. */
  readonly destination: string;
  /** Default: `jidoka-` and the gateway's name. */
  readonly clientId?: string;
  /** The secret that `config.password` refers to, resolved. */
  readonly password?: string;
  readonly identity: Pick<StatusMessage, 'gateway' | 'version' | 'startedAt'>;
  readonly devices: readonly DeviceDescription[];
  /** Keeps the bdSeq over restarts of the process. */
  readonly lastBdSeq?: LastBdSeq;
  /** Carries out what hosts write; absent where only a rebirth can be asked for. */
  readonly commands?: Commands;
  /** What was given up of the outbox, told with the status. */
  readonly shed?: () => Promise<readonly ShedCount[]>;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** The last words, and a connection that takes nothing, are waited for so long. */
  readonly ackTimeoutMs?: number;
  /** Least time between two messages about state that has changed. */
  readonly announceIntervalMs?: number;
  readonly tlsPollMs?: number;
  /** With several brokers: how long to wait on one for the primary host's first word. */
  readonly hostTimeoutMs?: number;
}
