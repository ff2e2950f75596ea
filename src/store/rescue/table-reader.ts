import { parsePage, readCell } from './page.js';
import type { PageFile } from './page-file.js';
import type { PageOwners } from './page-owners.js';
import { decodeRecord, type StoredValue, Unreadable } from './record.js';

export interface StoredRow {
  readonly rowid: number | undefined;
  /** In the order in which they are stored; columns added later may be missing at the end. */
  readonly values: readonly StoredValue[];
}

export interface ReadCounts {
  pages: number;
  /** Rows on readable pages that are not readable themselves. */
  unreadableRows: number;
}

/**
 * The rows of one table that can be read, page by page, whatever became of the others. Holds one page at a time.
 *
 * @param counts is added to while the rows are taken
 */
export function* readTable(
  file: PageFile,
  owners: PageOwners,
  table: string,
  hasRowid: boolean,
  counts: ReadCounts,
): Generator<StoredRow> {
  const kinds = hasRowid ? ['table-leaf'] : ['index-leaf', 'index-interior'];
  for (const page of owners.pagesOf(table)) {
    const bytes = file.read(page);
    const parsed = bytes === undefined ? undefined : parsePage(bytes, page, file.usable);
    if (parsed === undefined || !kinds.includes(parsed.kind)) continue;
    counts.pages += 1;
    for (const cell of parsed.cells) {
      try {
        const { rowid, payload } = readCell(file, parsed, cell);
        yield { rowid, values: decodeRecord(payload) };
      } catch (error) {
        if (!(error instanceof Unreadable)) throw error;
        counts.unreadableRows += 1;
      }
    }
  }
}
