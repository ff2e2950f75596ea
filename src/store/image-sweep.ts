import { basename } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { sleep } from '../base/lifecycle.js';
import { type ImageFiles, isImagePath } from './image-files.js';
import type { ImageStore } from './image-store.js';
import type { ImageRow, ImageTable } from './image-table.js';

/**
 * Only the last images before a power cut can have lost their file, and the oldest: they give way to records when the
 * disk is full, before their rows can be deleted.
 */
const ROWS_TO_CHECK = 256;
const FILES_A_STEP = 64;
const PAUSE_MS = 20;

export interface SweepResult {
  /** Files that no row knew. */
  readonly filesRemoved: number;
  /** Rows whose file was gone. */
  readonly rowsRemoved: number;
}

/**
 * Puts files and rows in step again after a crash or a power cut. Runs once after the start, in small steps with
 * pauses, so that commits and images go on beside it; ends early when the signal aborts.
 */
export async function sweepImages(
  files: ImageFiles,
  table: ImageTable,
  store: ImageStore,
  signal: AbortSignal,
): Promise<SweepResult> {
  const rowsRemoved = await unlistMissing(files, table, store);
  let filesRemoved = 0;
  let looked = 0;
  for await (const path of files.list()) {
    if (signal.aborted) break;
    if (isImagePath(path) && !store.isKept(basename(path, '.jpg'), path)) {
      await files.remove(path);
      filesRemoved += 1;
    }
    looked += 1;
    if (looked % FILES_A_STEP === 0) await sleep(PAUSE_MS, signal);
  }
  return { filesRemoved, rowsRemoved };
}

async function unlistMissing(files: ImageFiles, table: ImageTable, store: ImageStore): Promise<number> {
  let removed = await unlistMissingOf(table.newest(ROWS_TO_CHECK), files, store);
  for (let after = 0; ; ) {
    const rows = table.oldest(after, FILES_A_STEP);
    const missing = await unlistMissingOf(rows, files, store);
    removed += missing;
    after = rows.at(-1)?.inspection ?? after;
    // Images give way from the oldest on, so that what is gone lies together.
    if (missing === 0) return removed;
  }
}

async function unlistMissingOf(rows: readonly ImageRow[], files: ImageFiles, store: ImageStore): Promise<number> {
  const missing = [];
  for (const row of rows) {
    if (!(await files.exists(row.path))) missing.push(row);
    await nextTurn();
  }
  if (missing.length > 0) await store.unlist(missing);
  return missing.length;
}
