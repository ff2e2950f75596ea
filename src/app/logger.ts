import { type DestinationStream, pino } from 'pino';
import type { Logger } from '../base/logger.js';
import type { Config } from '../config/schema/index.js';

export interface LogTarget {
  write(line: string): unknown;
  readonly isTTY?: boolean;
}

/** The agent's log on `target` (standard error): JSON for journald and collectors, text for people at a terminal. */
export function createLogger(config: Config['log'], target: LogTarget): Logger {
  const asText = config.format === 'text' || (config.format === 'auto' && target.isTTY === true);
  const destination: DestinationStream = {
    write: (line) => {
      target.write(asText ? textLine(line) : line);
    },
  };
  return pino(
    {
      level: config.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
}

/** `12:03:44 warn  A sentence. (station=surface dropped=3)` */
function textLine(json: string): string {
  const { time, level, msg, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const clock = new Date(String(time)).toTimeString().slice(0, 8);
  const details = Object.entries(fields).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const suffix = details.length === 0 ? '' : ` (${details.join(' ')})`;
  return `${clock} ${String(level).padEnd(5)} ${String(msg)}${suffix}\n`;
}
