import { stat } from 'node:fs/promises';
import type { CameraDeps } from '../camera-deps.js';
import { type Candidate, FirstInOrder, originOf } from './candidate.js';
import type { FolderWatch } from './folder-watch.js';
import type { KnownFiles } from './known-files.js';
import { listFolder } from './list-folder.js';

/** Files that wait in memory at most; the others of a fuller folder are found again when these are done. */
const MAX_WAITING = 4_096;
/** Known files whose state is checked again with each listing, in turn: a file may be overwritten under its old name. */
const RECHECKS = 512;
/** Keys given back to the origin log with one listing. */
const MAX_FORGOTTEN = 500;

export interface ScanResult {
  /** Files that are not done with, in the order in which they are to be taken. */
  readonly candidates: readonly Candidate[];
  /** There are more than were kept. */
  readonly more: boolean;
}

/** Lists the camera's folder and finds what is new in it. */
export class FolderScanner {
  #passes = 0;

  constructor(
    private readonly path: string,
    private readonly extensions: ReadonlySet<string>,
    private readonly known: KnownFiles,
    private readonly deps: CameraDeps,
  ) {}

  /** @throws the system's error when the folder cannot be listed, or the origin log's. */
  async scan(watch: FolderWatch, signal: AbortSignal): Promise<ScanResult> {
    const { station, originLog } = this.deps;
    const folder = await stat(this.path, { bigint: true });
    const identity = `${folder.dev}:${folder.ino}`;
    watch.open(this.path, identity);
    this.known.beginPass(identity);
    this.#passes += 1;

    const first = new FirstInOrder(MAX_WAITING);
    for await (const batch of listFolder(this.path, this.extensions, this.#skipper(watch.takeChanged()), signal)) {
      const fresh = batch.filter(({ name, mark }) => this.known.markOf(name) !== mark);
      if (fresh.length === 0) continue;
      const seen = await originLog.seen(
        station,
        fresh.map((candidate) => originOf(candidate).key),
      );
      for (const candidate of fresh) {
        if (seen.has(originOf(candidate).key)) this.known.add(candidate.name, candidate.mark);
        else first.offer(candidate);
      }
    }
    if (!signal.aborted) await this.#forgetGone();
    return { candidates: first.sorted(), more: first.refused > 0 };
  }

  /** Known names are skipped, but for those that were reported as changed and a few whose turn it is. */
  #skipper(changed: ReadonlySet<string>): (name: string) => boolean {
    const rounds = Math.max(1, Math.ceil(this.known.size / RECHECKS));
    const turn = this.#passes % rounds;
    let index = 0;
    return (name) => {
      if (!this.known.touch(name)) return false;
      index += 1;
      return !changed.has(name) && index % rounds !== turn;
    };
  }

  async #forgetGone(): Promise<void> {
    const gone = await this.known.gone(this.deps.clock.monotonicMs(), MAX_FORGOTTEN);
    if (gone.length === 0) return;
    await this.deps.originLog.forget(
      this.deps.station,
      gone.map(({ key }) => key),
    );
    for (const { name } of gone) this.known.delete(name);
  }
}
