/** What is kept for how long; absent: without end. */
export interface RetentionSettings {
  readonly inspectionDays?: number;
  /** Bound of the whole database. */
  readonly inspectionQuotaBytes?: number;
  readonly imageDays?: number;
}

/** What one look at the oldest inspections is to do. */
export interface RetentionGoal {
  /** Decided before this: too old. */
  readonly beforeMs: number;
  /** The database is too big: the oldest go, whatever their age. */
  readonly overQuota: boolean;
}

const DAY_MS = 86_400_000;
/** Room made beyond what is needed, as a share of the quota, so that not every inspection deletes another. */
const MARGIN = 0.01;

/** The moment before which things are too old, where they live this many days. */
export function ageLimitMs(days: number | undefined, nowMs: number): number {
  return days === undefined ? Number.NEGATIVE_INFINITY : nowMs - days * DAY_MS;
}

/** @param pruning whether the last look found the database too big: then it goes on until there is a margin */
export function retentionGoal(
  { inspectionDays, inspectionQuotaBytes }: RetentionSettings,
  { nowMs, usedBytes, pruning }: { readonly nowMs: number; readonly usedBytes: number; readonly pruning: boolean },
): RetentionGoal {
  const quota = inspectionQuotaBytes ?? Number.POSITIVE_INFINITY;
  return {
    beforeMs: ageLimitMs(inspectionDays, nowMs),
    overQuota: usedBytes > (pruning ? quota * (1 - MARGIN) : quota),
  };
}

/** Of one of the oldest inspections: `end` where it and all that come after it are young enough. */
export function fateOf(
  inspection: { readonly decidedAtMs: number; readonly waits: boolean },
  { beforeMs, overQuota }: RetentionGoal,
): 'delete' | 'keep' | 'end' {
  if (!overQuota && inspection.decidedAtMs >= beforeMs) return 'end';
  return inspection.waits ? 'keep' : 'delete';
}
