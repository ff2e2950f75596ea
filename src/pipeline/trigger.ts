import type { Clock } from '../base/clock.js';
import type { TriggerConfig } from '../config/schema/station.js';
import type { ReadingValue } from '../domain/reading.js';
import type { TagWatcher } from '../ports/sensors.js';

/** Begins to call `open` with the time of each part; the function returned ends it. */
export type Trigger = (open: (atMs: number) => void) => () => void;

/** A part at a fixed interval, reckoned from the start so that it does not drift. */
export function timerTrigger(everyMs: number, clock: Clock): Trigger {
  return (open) => {
    const startMs = clock.monotonicMs();
    let count = 0;
    let timer: NodeJS.Timeout;
    const schedule = (): void => {
      count += 1;
      timer = setTimeout(fire, Math.max(0, startMs + count * everyMs - clock.monotonicMs()));
    };
    const fire = (): void => {
      open(clock.nowMs());
      // After a long stall the missed beats are not made up for: there is one part to see, not many.
      count = Math.max(count, Math.floor((clock.monotonicMs() - startMs) / everyMs));
      schedule();
    };
    schedule();
    return () => clearTimeout(timer);
  };
}

/** A part at each edge of a PLC tag. The part's time is the gateway's, since its frames carry that clock. */
export function tagTrigger(
  config: Extract<TriggerConfig, { kind: 'tag' }>,
  watcher: TagWatcher,
  clock: Clock,
): Trigger {
  return (open) => {
    let previous: ReadingValue = null;
    return watcher.watch(config.nodeId, config.samplingMs, ({ value }) => {
      const fires = config.edge === 'any' || isRising(previous, value);
      previous = value;
      if (fires) open(clock.nowMs());
    });
  };
}

/** false to true, or a larger number; for the first change seen, a value that is true or above zero. */
function isRising(previous: ReadingValue, value: ReadingValue): boolean {
  const before = Number(previous ?? 0);
  const after = Number(value ?? 0);
  return Number.isFinite(after) && after > (Number.isFinite(before) ? before : 0);
}
