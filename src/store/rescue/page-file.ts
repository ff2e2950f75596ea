import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { readWal, type WalContent } from './wal-file.js';

const MAGIC = 'SQLite format 3\0';

/** What the first hundred bytes say, as far as they can be believed. */
export interface FileHead {
  readonly pageSize: number;
  /** Bytes at the end of each page that are not used. */
  readonly reserved: number;
  readonly pageCount: number;
  /** Page-to-parent maps are kept (auto-vacuum). */
  readonly hasPointerMap: boolean;
  readonly userVersion: number;
}

/**
 * The pages of a database that SQLite may refuse to open, its write-ahead log laid over it. Only read: the damaged file
 * stays as it was found, so that a rescue can be begun again.
 */
export class PageFile {
  /** Undefined where the first page is damaged. */
  readonly head: FileHead | undefined;
  readonly wal: WalContent | undefined;
  readonly pageSize: number;
  /** Bytes of a page that are used. */
  readonly usable: number;
  readonly pageCount: number;
  readonly #database: number;
  readonly #log: number | undefined;

  constructor(path: string, fallbackPageSize: number) {
    this.#database = openSync(path, 'r');
    this.wal = readWal(`${path}-wal`);
    this.#log = this.wal === undefined ? undefined : openSync(`${path}-wal`, 'r');
    this.head = this.#readHead();
    this.pageSize = this.head?.pageSize ?? this.wal?.pageSize ?? fallbackPageSize;
    this.usable = this.pageSize - (this.head?.reserved ?? 0);
    const inFile = Math.ceil(fstatSync(this.#database).size / this.pageSize);
    // The head may name more pages than a file that was cut short has; what is not there is counted as lost.
    const told = Math.min(this.head?.pageCount ?? 0, inFile + MAX_MISSING_PAGES);
    this.pageCount = Math.max(inFile, told, ...(this.wal === undefined ? [] : [this.wal.pageCount]));
  }

  /** The page's content, pages counted from 1; undefined where the file ends before it. */
  read(page: number): Buffer | undefined {
    const inLog = this.wal?.pageSize === this.pageSize ? this.wal.pages.get(page) : undefined;
    if (inLog !== undefined && this.#log !== undefined) return this.#take(this.#log, inLog);
    return this.#take(this.#database, (page - 1) * this.pageSize);
  }

  close(): void {
    closeSync(this.#database);
    if (this.#log !== undefined) closeSync(this.#log);
  }

  #take(file: number, offset: number): Buffer | undefined {
    const buffer = Buffer.allocUnsafe(this.pageSize);
    try {
      return readSync(file, buffer, 0, this.pageSize, offset) === this.pageSize ? buffer : undefined;
    } catch (error) {
      // A sector that the disk cannot read any more.
      if ((error as NodeJS.ErrnoException).code === 'EIO') return undefined;
      throw error;
    }
  }

  #readHead(): FileHead | undefined {
    const inLog = this.wal?.pages.get(1);
    const bytes = Buffer.alloc(100);
    const read =
      inLog !== undefined && this.#log !== undefined
        ? readSync(this.#log, bytes, 0, 100, inLog)
        : readSync(this.#database, bytes, 0, 100, 0);
    if (read < 100 || bytes.toString('latin1', 0, 16) !== MAGIC) return undefined;
    const size = bytes.readUInt16BE(16);
    const pageSize = size === 1 ? 65_536 : size;
    if (pageSize < 512 || (pageSize & (pageSize - 1)) !== 0) return undefined;
    return {
      pageSize,
      reserved: bytes[20] ?? 0,
      pageCount: bytes.readUInt32BE(28),
      hasPointerMap: bytes.readUInt32BE(52) !== 0,
      userVersion: bytes.readUInt32BE(60),
    };
  }
}

/** A bound for what a damaged head may make us look for: 8 GB of pages of 4 kB. */
const MAX_MISSING_PAGES = 2_097_152;
