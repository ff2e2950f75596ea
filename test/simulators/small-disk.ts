import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, statfsSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system of its own, for the troubles of disks. */
export interface SmallDisk {
  readonly path: string;
  remove(): void;
}

/** One in memory, of `megabytes`. */
export class MemoryDisk implements SmallDisk {
  readonly path = mkdtempSync(join(tmpdir(), 'jidoka-disk-'));

  constructor(megabytes: number) {
    mount(this.path, ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'jidoka-test', this.path]);
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.path);
    return bavail * bsize;
  }

  /** Another program's file takes what is left, but for `leave` bytes. */
  fill(leave = 0): void {
    const file = openSync(join(this.path, 'other-program'), 'a');
    try {
      const block = new Uint8Array(4096);
      while (this.freeBytes > leave) writeSync(file, block);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    } finally {
      closeSync(file);
    }
  }

  /** The other program's file goes. */
  free(): void {
    rmSync(join(this.path, 'other-program'), { force: true });
  }

  remove(): void {
    unmount(this.path);
  }
}

/** A file system in a file, which can hang and can find an error in itself. */
export class FileDisk implements SmallDisk {
  readonly path = mkdtempSync(join(tmpdir(), 'jidoka-disk-'));
  readonly #image = `${this.path}.img`;
  #frozen = false;

  constructor(megabytes: number) {
    writeFileSync(this.#image, '');
    run('truncate', ['-s', `${megabytes}M`, this.#image]);
    try {
      run('mkfs.ext4', ['-q', '-O', '^has_journal', this.#image]);
      mount(this.path, ['-o', 'loop,errors=remount-ro', this.#image, this.path]);
    } catch (error) {
      rmSync(this.#image);
      throw error;
    }
  }

  /** From now on whoever writes hangs, until `thaw`. */
  freeze(): void {
    run('fsfreeze', ['--freeze', this.path]);
    this.#frozen = true;
  }

  thaw(): void {
    if (this.#frozen) run('fsfreeze', ['--unfreeze', this.path]);
    this.#frozen = false;
  }

  /** The kernel finds the file system damaged and lets nobody write to it any more. */
  fail(): void {
    const device = run('findmnt', ['-no', 'SOURCE', this.path]).trim().replace('/dev/', '');
    writeFileSync(`/sys/fs/ext4/${device}/trigger_fs_error`, '1');
  }

  remove(): void {
    this.thaw();
    unmount(this.path);
    rmSync(this.#image);
  }
}

function run(program: string, options: string[]): string {
  return execFileSync(program, options, { stdio: ['ignore', 'pipe', 'pipe'] }).toString();
}

function mount(path: string, options: string[]): void {
  try {
    run('mount', options);
  } catch (error) {
    rmdirSync(path);
    throw error;
  }
}

function unmount(path: string): void {
  run('umount', [path]);
  rmdirSync(path);
}

function absence(make: () => SmallDisk): string | undefined {
  try {
    make().remove();
    return undefined;
  } catch (error) {
    return `no file system can be mounted here: ${(error as Error).message.split('\n')[0]}`;
  }
}

/** Why `MemoryDisk` cannot be used here; undefined where it can. */
export const memoryDiskAbsent = absence(() => new MemoryDisk(1));
export const fileDiskAbsent = absence(() => new FileDisk(4));
