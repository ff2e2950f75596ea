import { randomFillSync } from 'node:crypto';
import { rmSync, statSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { spaceOf } from './disk-space.js';
import { FILE_MODE } from './folder.js';

/** As much as the database may have to grow by to take up a full journal (1000 pages of 4 KB). */
export const BALLAST_BYTES = 4 * 1024 * 1024;
const STEP_BYTES = 256 * 1024;

/**
 * A file without content of worth, `jidoka.ballast`, that is thrown overboard when the disk is full: the database needs
 * room even to delete. It is made again when there is room for it beside the reserve.
 */
export class Ballast {
  readonly #directory: string;
  readonly #path: string;
  #making: Promise<void> | undefined;
  /** Thrown overboard while it is being written. */
  #unwanted = false;

  constructor(directory: string) {
    this.#directory = directory;
    this.#path = join(directory, 'jidoka.ballast');
  }

  /** @returns whether there was any */
  release(): boolean {
    const bytes = this.#bytes();
    if (bytes === 0) return false;
    this.#unwanted = true;
    try {
      rmSync(this.#path);
      return true;
    } catch {
      return false;
    }
  }

  /** Makes it where it is missing and there is room; returns at once. A disk that refuses is asked again later. */
  make(): void {
    if (this.#making !== undefined || this.#bytes() === BALLAST_BYTES) return;
    const space = spaceOf(this.#directory);
    if (space === undefined || space.freeBytes < space.reserveBytes + 2 * BALLAST_BYTES) return;
    this.#unwanted = false;
    this.#making = this.#write().finally(() => {
      this.#making = undefined;
    });
  }

  /** Resolves when nothing is being written. */
  async idle(): Promise<void> {
    await this.#making;
  }

  async #write(): Promise<void> {
    try {
      const file = await open(this.#path, 'w', FILE_MODE);
      try {
        // Noise, in steps: a file system that compresses would keep zeros in no room at all.
        const noise = randomFillSync(new Uint8Array(STEP_BYTES));
        for (let written = 0; written < BALLAST_BYTES && !this.#unwanted; written += STEP_BYTES) {
          await file.writeFile(noise);
        }
      } finally {
        await file.close();
      }
    } catch {
      await rm(this.#path, { force: true }).catch(() => undefined);
    }
  }

  #bytes(): number {
    try {
      return statSync(this.#path).size;
    } catch {
      return 0;
    }
  }
}
