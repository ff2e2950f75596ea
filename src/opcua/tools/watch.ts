import type { Logger } from '../../base/logger.js';
import { OpcuaConnection } from '../connection.js';
import type { TagSample } from '../tag-history.js';
import { type Target, visit } from './visit.js';

export interface WatchOptions {
  readonly target: Target;
  readonly nodeIds: readonly string[];
  readonly samplingMs: number;
  /** Told of losses of the connection and the like. */
  readonly logger: Logger;
  readonly onSample: (nodeId: string, sample: TagSample) => void;
  /** The server does not let the tag be watched, which was logged; it is asked again now and then. */
  readonly onRefused: (nodeId: string) => void;
  /** Resolves to end the watch, beside the signal. */
  readonly enough: Promise<void>;
}

/**
 * Follows tags until the signal comes or it is enough. A server that cannot be entered at first is an error; one that
 * is lost later is sought again.
 */
export async function watch(options: WatchOptions, signal: AbortSignal): Promise<void> {
  const { target, nodeIds, samplingMs, logger, onSample, onRefused, enough } = options;
  await visit(target, signal, async () => undefined);
  if (signal.aborted) return;
  const connection = new OpcuaConnection({
    name: 'watch',
    config: { ...target.config, publishingIntervalMs: Math.min(target.config.publishingIntervalMs, samplingMs) },
    pkiFolder: target.pkiFolder,
    applicationName: target.applicationName,
    logger,
    ...(target.password !== undefined && { password: target.password }),
  });
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  for (const nodeId of nodeIds) {
    connection.monitor({
      nodeId,
      samplingMs,
      onSample: (sample) => onSample(nodeId, sample),
      onFault: (fault) => {
        if (fault !== null) onRefused(nodeId);
      },
    });
  }
  try {
    await connection.start();
    await Promise.race([aborted, enough]);
  } finally {
    await connection.stop();
  }
}
