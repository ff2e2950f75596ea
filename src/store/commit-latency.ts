/** Commits older than this say nothing about the disk as it is now. */
const WINDOW_MS = 60_000;
/** Bounds the memory; at a high rate the window is shorter. */
const MAX_COMMITS = 512;
/** Below this a single hiccup would count as a slow disk. */
const LEAST_COMMITS = 5;

/** How long the commits of the last minute took. */
export class CommitLatency {
  readonly #commits: { readonly atMs: number; readonly tookMs: number }[] = [];

  /** Times are of one monotonic clock. */
  add(atMs: number, tookMs: number): void {
    this.#commits.push({ atMs, tookMs });
    if (this.#commits.length > MAX_COMMITS) this.#commits.shift();
  }

  /** 95 of 100 commits took no longer than this; undefined where too few are known. */
  p95Ms(nowMs: number): number | undefined {
    const recent = this.#commits.filter(({ atMs }) => nowMs - atMs <= WINDOW_MS);
    if (recent.length < LEAST_COMMITS) return undefined;
    const sorted = recent.map(({ tookMs }) => tookMs).sort((one, other) => one - other);
    return sorted[Math.ceil(sorted.length * 0.95) - 1];
  }
}
