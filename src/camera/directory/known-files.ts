import { setImmediate } from 'node:timers/promises';
import { originOf } from './candidate.js';

interface KnownFile {
  mark: string;
  /** The listing that saw it last. */
  pass: number;
  /** Which folder that was: a mount point shows another one while nothing is mounted. */
  folder: string;
  missingSinceMs: number | undefined;
}

/** Entries looked at in one turn of the event loop. */
const SLICE = 2_000;

/**
 * Names that are done with, so that they are neither examined nor looked up again at each listing. Only a cache of the
 * origin log: it holds at most `limit` names and gives up the oldest. Exception: a file whose inspection is under way
 * is known here alone; it is among the newest.
 */
export class KnownFiles {
  readonly #files = new Map<string, KnownFile>();
  #pass = 0;
  #folder = '';
  #touched = 0;

  constructor(
    readonly limit: number,
    /** How long a file must be missing before it counts as gone, ms. */
    private readonly goneAfterMs: number,
  ) {}

  get size(): number {
    return this.#files.size;
  }

  markOf(name: string): string | undefined {
    return this.#files.get(name)?.mark;
  }

  beginPass(folder: string): void {
    this.#pass += 1;
    this.#folder = folder;
    this.#touched = 0;
  }

  /** Notes that the listing shows the name; false when it is not known. */
  touch(name: string): boolean {
    const file = this.#files.get(name);
    if (file === undefined) return false;
    if (file.pass !== this.#pass) this.#touched += 1;
    file.pass = this.#pass;
    file.folder = this.#folder;
    file.missingSinceMs = undefined;
    return true;
  }

  add(name: string, mark: string): void {
    this.#files.delete(name);
    this.#files.set(name, { mark, pass: this.#pass, folder: this.#folder, missingSinceMs: undefined });
    if (this.#files.size <= this.limit) return;
    const oldest = this.#files.keys().next();
    if (oldest.done !== true) this.#files.delete(oldest.value);
  }

  delete(name: string): void {
    this.#files.delete(name);
  }

  /**
   * After a whole listing: keys of the files that have been missing long enough from the folder they were seen in.
   * They stay known until `delete` is called, so that a failed clean-up is tried again.
   */
  async gone(nowMs: number, limit: number): Promise<{ readonly name: string; readonly key: string }[]> {
    const gone: { readonly name: string; readonly key: string }[] = [];
    if (this.#touched >= this.#files.size) return gone;
    let looked = 0;
    for (const [name, file] of this.#files) {
      looked += 1;
      if (looked % SLICE === 0) await setImmediate();
      if (file.pass === this.#pass || file.folder !== this.#folder) continue;
      file.missingSinceMs ??= nowMs;
      if (nowMs - file.missingSinceMs < this.goneAfterMs) continue;
      gone.push({ name, key: originOf({ name, mark: file.mark }).key });
      if (gone.length >= limit) break;
    }
    return gone;
  }
}
