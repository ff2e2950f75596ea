import type { PageFile } from './page-file.js';
import { readVarint, Unreadable } from './record.js';

export type PageKind = 'table-leaf' | 'table-interior' | 'index-leaf' | 'index-interior';

const KINDS: Readonly<Record<number, PageKind>> = {
  2: 'index-interior',
  5: 'table-interior',
  10: 'index-leaf',
  13: 'table-leaf',
};

/** A page of a b-tree (sqlite.org/fileformat2.html, 1.6). */
export interface TreePage {
  readonly kind: PageKind;
  readonly bytes: Buffer;
  /** Where its cells begin. */
  readonly cells: readonly number[];
  /** The last child of an interior page; 0 of a leaf. */
  readonly rightChild: number;
}

export interface Cell {
  readonly rowid: number | undefined;
  readonly payload: Buffer;
}

/** A row that claims more than this is garbage. */
const MAX_PAYLOAD_BYTES = 64 * 1024 * 1024;

/** @returns undefined where the bytes are not a page of a b-tree */
export function parsePage(bytes: Buffer, page: number, usable: number): TreePage | undefined {
  const start = page === 1 ? 100 : 0;
  const kind = KINDS[bytes[start] ?? 0];
  if (kind === undefined) return undefined;
  const interior = kind.endsWith('interior');
  const count = bytes.readUInt16BE(start + 3);
  const pointers = start + (interior ? 12 : 8);
  const content = pointers + 2 * count;
  if (content > usable) return undefined;
  const cells = Array.from({ length: count }, (_, index) => bytes.readUInt16BE(pointers + 2 * index));
  const sound = cells.filter((at) => at >= content && at < usable);
  // A page of which most cells lie elsewhere is one that something else was written over.
  if (sound.length < count / 2) return undefined;
  return { kind, bytes, cells: sound, rightChild: interior ? bytes.readUInt32BE(start + 8) : 0 };
}

/** The children of an interior page, in order; undefined where it cannot be believed. */
export function childrenOf({ bytes, cells, rightChild }: TreePage, pageCount: number): number[] | undefined {
  if (cells.some((at) => at + 4 > bytes.length)) return undefined;
  const children = [...cells.map((at) => bytes.readUInt32BE(at)), rightChild];
  return children.every((child) => child > 1 && child <= pageCount) ? children : undefined;
}

/** The row in a cell; of an index's pages the key, which is the whole row of a table without rowid. */
export function readCell(file: PageFile, { kind, bytes }: TreePage, offset: number): Cell {
  const table = kind === 'table-leaf';
  const size = readVarint(bytes, kind === 'index-interior' ? offset + 4 : offset);
  const rowid = table ? readVarint(bytes, size.end) : undefined;
  const start = rowid?.end ?? size.end;
  if (size.value > MAX_PAYLOAD_BYTES) throw new Unreadable('a row of impossible length');
  const { usable } = file;
  const most = table ? usable - 35 : Math.floor(((usable - 12) * 64) / 255) - 23;
  const local = size.value <= most ? size.value : localBytes(size.value, usable, most);
  if (start + local > usable) throw new Unreadable('a row goes beyond its page');
  const here = bytes.subarray(start, start + local);
  if (local === size.value) return { rowid: rowid?.value, payload: here };
  if (start + local + 4 > usable) throw new Unreadable('a row goes beyond its page');
  const rest = readOverflow(file, bytes.readUInt32BE(start + local), size.value - local);
  return { rowid: rowid?.value, payload: Buffer.concat([here, ...rest]) };
}

function localBytes(size: number, usable: number, most: number): number {
  const least = Math.floor(((usable - 12) * 32) / 255) - 23;
  const fitting = least + ((size - least) % (usable - 4));
  return fitting <= most ? fitting : least;
}

function readOverflow(file: PageFile, first: number, bytes: number): Buffer[] {
  const parts: Buffer[] = [];
  let page = first;
  for (let left = bytes; left > 0; ) {
    const content = page > 1 && page <= file.pageCount ? file.read(page) : undefined;
    if (content === undefined) throw new Unreadable('the rest of a row is missing');
    const part = content.subarray(4, Math.min(file.usable, 4 + left));
    parts.push(part);
    left -= part.length;
    page = content.readUInt32BE(0);
  }
  if (page !== 0) throw new Unreadable('a row has more bytes than it says');
  return parts;
}
