import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
const MAGIC = 0x377f0682;

/** What the write-ahead log beside a database holds. */
export interface WalContent {
  readonly pageSize: number;
  /** Offset in the file of each page's newest committed content. */
  readonly pages: ReadonlyMap<number, number>;
  /** Pages that the database has after the last commit; 0 where there is no commit. */
  readonly pageCount: number;
  /** Transactions that were committed and that SQLite can no longer reach, since something before them is damaged. */
  readonly unreachableCommits: number;
  /** Pages of this log that fail their checksum, apart from what a power cut leaves of the last transaction. */
  readonly damagedFrames: number;
}

interface Frame {
  readonly page: number;
  /** Pages after the commit; 0 for a frame that is none. */
  readonly commit: number;
  readonly offset: number;
  readonly sound: boolean;
}

/**
 * Reads a write-ahead log (sqlite.org/fileformat2.html, 4). SQLite takes it up to the first frame that fails its
 * checksum and silently leaves out what comes after. That is right for the last transaction before a power cut, which
 * was never committed; where two or more commits come after the bad frame, it was damaged later, and committed
 * transactions would be lost unseen. Checksums are chained, but each frame carries the sum up to it: a frame after a
 * damaged one can be checked by itself.
 *
 * @returns undefined where there is no log or an empty one
 */
export function readWal(path: string): WalContent | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return scan(file, fstatSync(file).size);
  } finally {
    closeSync(file);
  }
}

function scan(file: number, size: number): WalContent | undefined {
  const header = Buffer.alloc(HEADER_BYTES);
  if (size < HEADER_BYTES + FRAME_HEADER_BYTES || readSync(file, header, 0, HEADER_BYTES, 0) < HEADER_BYTES) {
    return undefined;
  }
  // The order of the machine that wrote it, where the head does not say so: gateways are little-endian.
  const sums = new Sums(header.readUInt32BE(0) !== (MAGIC | 1));
  sums.add(header.subarray(0, 24));
  const given = header.readUInt32BE(8);
  const pageSize = isPageSize(given) ? given : 4096;
  const soundHeader = (header.readUInt32BE(0) | 1) === (MAGIC | 1) && isPageSize(given) && sums.match(header, 24);
  const first = Buffer.alloc(FRAME_HEADER_BYTES);
  readSync(file, first, 0, FRAME_HEADER_BYTES, HEADER_BYTES);
  const salts = soundHeader ? header.subarray(16, 24) : Buffer.from(first.subarray(8, 16));
  if (!soundHeader) sums.spoil();
  return committed([...frames(file, size, pageSize, salts, sums)], pageSize, soundHeader);
}

/** Frames of this generation of the log; older ones behind them have other salts. */
function* frames(file: number, size: number, pageSize: number, salts: Buffer, sums: Sums): Generator<Frame> {
  const step = FRAME_HEADER_BYTES + pageSize;
  const buffer = Buffer.alloc(step);
  for (let offset = HEADER_BYTES; offset + step <= size; offset += step) {
    if (readSync(file, buffer, 0, step, offset) < step) return;
    sums.add(buffer.subarray(0, 8));
    sums.add(buffer.subarray(FRAME_HEADER_BYTES));
    const current = salts.equals(buffer.subarray(8, 16));
    const sound = current && sums.match(buffer, 16);
    // The next frame is checked against what this one says of itself.
    if (!sound) sums.set(buffer, 16);
    const known = { offset: offset + FRAME_HEADER_BYTES, sound };
    yield current
      ? { page: buffer.readUInt32BE(0), commit: buffer.readUInt32BE(4), ...known }
      : { page: 0, commit: 0, ...known };
  }
}

function committed(all: readonly Frame[], pageSize: number, soundHeader: boolean): WalContent {
  const broken = soundHeader ? all.findIndex(({ sound }) => !sound) : 0;
  const reached = broken === -1 ? all.length : broken;
  const commitsBeyond = all.slice(reached).filter(({ page, commit }) => page > 0 && commit > 0).length;
  const damaged = commitsBeyond > 1;
  const usable = damaged ? all : all.slice(0, reached);
  const last = usable.findLastIndex(({ sound, commit }) => sound && commit > 0);
  const pages = new Map<number, number>();
  for (const { page, offset, sound } of usable.slice(0, last + 1)) if (sound && page > 0) pages.set(page, offset);
  return {
    pageSize,
    pages,
    pageCount: usable[last]?.commit ?? 0,
    unreachableCommits: damaged ? commitsBeyond : 0,
    damagedFrames: damaged ? usable.slice(0, last + 1).filter(({ sound }) => !sound).length + (soundHeader ? 0 : 1) : 0,
  };
}

function isPageSize(size: number): boolean {
  return size >= 512 && size <= 65_536 && (size & (size - 1)) === 0;
}

/** The running checksum of a log. */
class Sums {
  #first = 0;
  #second = 0;
  constructor(private readonly littleEndian: boolean) {}

  add(bytes: Buffer): void {
    let first = this.#first;
    let second = this.#second;
    for (let at = 0; at + 8 <= bytes.length; at += 8) {
      first = (first + this.#word(bytes, at) + second) | 0;
      second = (second + this.#word(bytes, at + 4) + first) | 0;
    }
    this.#first = first;
    this.#second = second;
  }

  match(bytes: Buffer, at: number): boolean {
    return bytes.readInt32BE(at) === this.#first && bytes.readInt32BE(at + 4) === this.#second;
  }

  set(bytes: Buffer, at: number): void {
    this.#first = bytes.readInt32BE(at);
    this.#second = bytes.readInt32BE(at + 4);
  }

  /** Nothing can follow from a head that is damaged; the first frame fails, the second is checked against it. */
  spoil(): void {
    this.#first = ~this.#first;
  }

  #word(bytes: Buffer, at: number): number {
    return this.littleEndian ? bytes.readInt32LE(at) : bytes.readInt32BE(at);
  }
}
