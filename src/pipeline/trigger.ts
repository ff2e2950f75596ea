import type { Clock } from '../base/clock.js';
import type { TriggerConfig } from '../config/schema/station.js';
import type { PartIdentity, TriggerEcho } from '../domain/inspection.js';
import type { TagChange, TagWatcher } from '../ports/sensors.js';

/** What a trigger knows of its part. */
export interface Announcement {
  /** Never rejects; absent where the PLC says nothing of the part. */
  readonly identity?: Promise<PartIdentity>;
  readonly echo?: TriggerEcho;
}

/**
 * Begins to call `open` with the time of each part, and `restarted` when the PLC has begun anew; the function returned
 * ends it.
 */
export type Trigger = (open: (atMs: number, announcement?: Announcement) => void, restarted: () => void) => () => void;

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

type TagTriggerConfig = Extract<TriggerConfig, { kind: 'tag' }>;

/** A part at each edge of a PLC tag. The part's time is the gateway's, since its frames carry that clock. */
export function tagTrigger(config: TagTriggerConfig, watcher: TagWatcher, clock: Clock): Trigger {
  const { nodeId, samplingMs, edge, partId, recipe } = config;
  return (open, restarted) => {
    let edges = 0;
    return watcher.watch(nodeId, samplingMs, (change) => {
      if (isRestart(change)) restarted();
      if (!isEdge(change, edge)) return;
      edges += 1;
      const mine = edges;
      const { value } = change;
      const pulse = edge === 'rising' && typeof value === 'boolean';
      const known = partId !== undefined || recipe !== undefined;
      const identity = known && identify(config, watcher, change, pulse, () => mine === edges);
      open(clock.nowMs(), { echo: { value, pulse }, ...(identity !== false && { identity }) });
    });
  };
}

/** A part whose recipe should be known and is not has the recipe with no name, which no station knows. */
const UNREAD = '';

async function identify(
  { nodeId, partId, recipe }: TagTriggerConfig,
  watcher: TagWatcher,
  change: TagChange,
  pulse: boolean,
  isNewest: () => boolean,
): Promise<PartIdentity> {
  const others = [partId, recipe].filter((tag) => tag !== undefined).filter((tag) => tag !== nodeId);
  const read = others.length === 0 ? [] : await watcher.readBeside({ nodeId, change, pulse, others });
  // With a further edge, of a tag that only rises and falls, nobody knows which of the two parts was read.
  const values = isNewest() ? read : undefined;
  const told = (tag: string | undefined): string => {
    const value = tag === nodeId ? change.value : (values?.[others.indexOf(tag ?? '')] ?? null);
    return value === null ? UNREAD : String(value);
  };
  const id = told(partId);
  return {
    ...(partId !== undefined && id !== UNREAD && { externalId: id }),
    ...(recipe !== undefined && { recipe: told(recipe) }),
  };
}

/** Full counters of the whole-number types: the next value is 0, or 1 where 0 is left out. */
const FULL: ReadonlySet<unknown> = new Set([7, 8, 15, 16, 31, 32].map((bits) => 2 ** bits - 1));

type Step = Pick<TagChange, 'before' | 'value'>;

/** `rising`: false to true, a larger number, or a full counter that begins anew. `any`: every change but a restart. */
export function isEdge(step: Step, edge: 'rising' | 'any'): boolean {
  if (isRestart(step)) return false;
  if (edge === 'any' || isWrap(step)) return true;
  const [from, to] = [Number(step.before ?? 0), Number(step.value ?? 0)];
  return Number.isFinite(to) && to > (Number.isFinite(from) ? from : 0);
}

/** A number that falls to 0 is no part: the PLC counts from the beginning. */
export function isRestart(step: Step): boolean {
  const { before, value } = step;
  return typeof before === 'number' && value === 0 && before > 0 && !isWrap(step);
}

function isWrap({ before, value }: Step): boolean {
  return FULL.has(before) && (value === 0 || value === 1);
}
