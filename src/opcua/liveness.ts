interface Span {
  readonly life: number;
  readonly fromMs: number;
  toMs: number;
}

const MOST_SPANS = 128;

/**
 * When a server was heard from: spans of wall time in which no silence was longer than `gapMs`, each within one life
 * of the connection. A frame is often judged some time after it was taken; the spans tell what was known then.
 */
export class Liveness {
  readonly #spans: Span[] = [];
  #live = false;

  /** Data or a keep-alive came at `nowMs` (wall time); a silence longer than `gapMs` before it begins a new span. */
  heard(life: number, nowMs: number, gapMs: number): void {
    this.#live = true;
    let last = this.#spans.at(-1);
    if (last !== undefined && nowMs < last.toMs) {
      // The gateway's clock was set back: the old spans lie in a future that will come again.
      this.#spans.length = 0;
      last = undefined;
    }
    if (last !== undefined && last.life === life && nowMs - last.toMs <= gapMs) {
      last.toMs = nowMs;
      return;
    }
    this.#spans.push({ life, fromMs: nowMs, toMs: nowMs });
    if (this.#spans.length > MOST_SPANS) this.#spans.shift();
  }

  lost(): void {
    this.#live = false;
  }

  /**
   * Whether a value that came in `life` was stale at `atMs`: nothing was heard within `staleAfterMs` before it, the
   * connection was lost then, or it had been set up anew since the value came.
   */
  staleAt(atMs: number, staleAfterMs: number, life: number): boolean {
    let index = this.#spans.length - 1;
    while (index >= 0 && (this.#spans[index]?.fromMs ?? 0) > atMs) index -= 1;
    const span = this.#spans[index];
    if (span === undefined || span.life !== life) return true;
    if (atMs <= span.toMs) return false;
    const next = this.#spans[index + 1];
    const lostThen = next === undefined ? !this.#live : next.life !== span.life;
    return lostThen || atMs - span.toMs > staleAfterMs;
  }
}
