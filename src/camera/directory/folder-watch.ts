import { type FSWatcher, watch } from 'node:fs';

/** Names of changed files that are remembered between two listings. */
const MAX_HINTS = 4_096;

/**
 * What the operating system tells about changes in a folder. It is a hint only: network shares tell nothing, limits of
 * the system may forbid it, and events get lost; the listing at each poll is the truth.
 */
export class FolderWatch {
  #watcher: FSWatcher | undefined;
  #folder: string | undefined;
  #changed = new Set<string>();
  #hinted = false;
  #wake: (() => void) | undefined;

  /** Watches the folder; `identity` tells when the path has come to mean another folder. */
  open(path: string, identity: string): void {
    if (this.#folder === identity) return;
    this.close();
    this.#folder = identity;
    try {
      this.#watcher = watch(path, { persistent: false }, (_event, name) => {
        if (name !== null && this.#changed.size < MAX_HINTS) this.#changed.add(name);
        this.#hint();
      });
      this.#watcher.on('error', () => this.close());
    } catch {
      this.#watcher = undefined;
    }
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#folder = undefined;
  }

  get hinted(): boolean {
    return this.#hinted;
  }

  /** Names that have changed since the last call. */
  takeChanged(): ReadonlySet<string> {
    const changed = this.#changed;
    this.#changed = new Set();
    this.#hinted = false;
    return changed;
  }

  /** Resolves after `ms`, at the first change since `takeChanged`, or when the signal aborts. */
  wait(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(done, ms);
      signal.addEventListener('abort', done, { once: true });
      this.#wake = done;
    });
  }

  /** The first change wakes; the many that follow while a file grows do not. */
  #hint(): void {
    if (this.#hinted) return;
    this.#hinted = true;
    this.#wake?.();
  }
}
