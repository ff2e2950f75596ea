import { storeErrors } from './errors.js';

/** A disk that is silent in the middle of a call for this long counts as stalled. */
const STALLED_MS = 3000;
const SLOW_P95_MS = 500;
/** Lower than where slowness begins, so that a disk on the edge does not come and go. */
const SLOW_NO_MORE_P95_MS = 250;
const MEGABYTE = 1024 * 1024;

/** What is known of the disk at one moment. */
export interface DiskSigns {
  /** Why the last commit failed. */
  readonly trouble: { readonly code: string; readonly text: string } | undefined;
  /** How long the store's thread has been in one call to the disk without a word. */
  readonly silentMs: number;
  readonly commitP95Ms: number | undefined;
  /** The file system has less than this left for anything but records. */
  readonly lowSpace: { readonly freeBytes: number; readonly reserveBytes: number } | undefined;
}

export interface Condition {
  /** `failing`: nothing is committed now. `degraded`: everything is recorded, but something should be looked at. */
  readonly state: 'failing' | 'degraded';
  readonly code: string;
  readonly text: string;
  /** Wall time at which this state began. */
  readonly sinceMs: number;
}

/** The most serious thing that is wrong with the disk; undefined where all is well. */
export function conditionAt(
  signs: DiskSigns,
  before: Condition | undefined,
  where: string,
  atMs: number,
): Condition | undefined {
  const found = failing(signs, where) ?? degraded(signs, before, where);
  if (found === undefined) return undefined;
  return { ...found, sinceMs: before?.state === found.state ? before.sinceMs : atMs };
}

type Finding = Omit<Condition, 'sinceMs'>;

function failing({ trouble, silentMs }: DiskSigns, where: string): Finding | undefined {
  if (silentMs >= STALLED_MS) {
    const error = storeErrors.STORE_DISK_STALLED({ where, got: `no answer for ${Math.floor(silentMs / 1000)} s` });
    return { state: 'failing', code: error.code, text: error.message };
  }
  return trouble && { state: 'failing', ...trouble };
}

function degraded(
  { commitP95Ms, lowSpace }: DiskSigns,
  before: Condition | undefined,
  where: string,
): Finding | undefined {
  const wasSlow = before?.code === 'STORE_DISK_SLOW';
  if (commitP95Ms !== undefined && commitP95Ms >= (wasSlow ? SLOW_NO_MORE_P95_MS : SLOW_P95_MS)) {
    const got = `of the last minute's commits 95 of 100 took up to ${Math.round(commitP95Ms)} ms`;
    const error = storeErrors.STORE_DISK_SLOW({ where, got, expected: `less than ${SLOW_P95_MS} ms` });
    return { state: 'degraded', code: error.code, text: error.message };
  }
  if (lowSpace === undefined) return undefined;
  const error = storeErrors.STORE_SPACE_LOW({
    where,
    got: `${megabytes(lowSpace.freeBytes)} free`,
    expected: `at least ${megabytes(lowSpace.reserveBytes)}`,
  });
  return { state: 'degraded', code: error.code, text: error.message };
}

function megabytes(bytes: number): string {
  return `${(bytes / MEGABYTE).toFixed(1)} MB`;
}
