import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Inspection } from '#jidoka/domain/inspection.js';
import type { SqliteLedger } from '#jidoka/store/sqlite-ledger.js';
import { inspectionOf } from './inspections.js';

/** A block of records as it was written. */
export interface Block {
  /** Rows in the outbox at its end. */
  readonly rows: number;
  readonly rowsPerSecond: number;
  /** Of both threads together, a record. */
  readonly cpuMicroseconds: number;
  readonly residentBytes: number;
  readonly fileBytes: number;
  readonly walBytes: number;
}

export interface FillOptions {
  readonly ledger: SqliteLedger;
  readonly directory: string;
  readonly rows: number;
  readonly blockRows: number;
  /** Records under way at once: what one commit can take together. */
  readonly inFlight: number;
  /** The record of a number; times begin at the second argument. */
  readonly inspection?: (number: number, beganAtMs: number) => Inspection;
  readonly onBlock: (block: Block) => void;
}

/** Records inspections that nobody reads, block by block. */
export async function fillOutbox(options: FillOptions): Promise<Block[]> {
  const { ledger, directory, rows, blockRows, inFlight, inspection = inspectionOf, onBlock } = options;
  const beganAtMs = Date.now() - rows * 100;
  const blocks: Block[] = [];
  let next = 0;
  for (let done = 0; done < rows; done += blockRows) {
    const end = Math.min(done + blockRows, rows);
    const cpu = process.cpuUsage();
    const beganMs = performance.now();
    const recordOn = async (): Promise<void> => {
      while (next < end) {
        next += 1;
        await ledger.record(inspection(next, beganAtMs));
      }
    };
    await Promise.all(Array.from({ length: inFlight }, recordOn));
    const tookMs = performance.now() - beganMs;
    const { user, system } = process.cpuUsage(cpu);
    const block: Block = {
      rows: end,
      rowsPerSecond: ((end - done) / tookMs) * 1000,
      cpuMicroseconds: (user + system) / (end - done),
      residentBytes: process.memoryUsage.rss(),
      fileBytes: sizeOf(join(directory, 'jidoka.sqlite')),
      walBytes: sizeOf(join(directory, 'jidoka.sqlite-wal')),
    };
    blocks.push(block);
    onBlock(block);
  }
  return blocks;
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
