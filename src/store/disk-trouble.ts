import type { JidokaError } from '../base/errors.js';
import type { Ballast } from './ballast.js';
import type { MetTrouble } from './commit-queue.js';
import { diagnosed, onOneDisk, type Space, spaceOf } from './disk-space.js';
import type { ImageStore } from './image-store.js';

/** How often the room on the disk is looked at. */
const LOOK_MS = 5000;
/** Room made by deleting images between two attempts to commit. */
const GIVE_WAY_BYTES = 4 * 1024 * 1024;
/** Low space is over when there is this much more than the reserve, so that it does not come and go. */
const ENOUGH = 1.25;

export interface DiskTroubleOptions {
  /** The storage folder. */
  readonly directory: string;
  readonly imagesFolder: string;
  readonly ballast: Ballast;
  readonly images: Pick<ImageStore, 'giveWay' | 'giveUpWaiting'>;
  /** True while commits fail. */
  readonly failing: () => boolean;
  /** Runs what the disk may hold up, so that its silence is understood. */
  readonly atDisk: (run: () => void) => void;
  readonly onChange: () => void;
}

/** What the store's thread does about a disk that refuses a commit: names the trouble, and makes room for records. */
export class DiskTrouble {
  readonly #options: DiskTroubleOptions;
  #timer: NodeJS.Timeout | undefined;
  #lowSpace: Space | undefined;

  constructor(options: DiskTroubleOptions) {
    this.#options = options;
  }

  /** Less than the reserve is free, as of the last look. */
  get lowSpace(): Space | undefined {
    return this.#lowSpace;
  }

  start(): void {
    const look = (): void => this.#options.atDisk(() => this.#look());
    look();
    this.#timer = setInterval(look, LOOK_MS);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#options.ballast.idle();
  }

  /** A commit has failed. First the ballast goes, then images, step by step, for as long as it is space that lacks. */
  met(failure: JidokaError): MetTrouble {
    const { directory, imagesFolder, ballast, images } = this.#options;
    const error = diagnosed(failure, directory);
    images.giveUpWaiting(`the disk is in trouble (${error.code})`);
    if (error.code !== 'STORE_DISK_FULL') return { error, tryNow: false };
    const tryNow = ballast.release() || (onOneDisk(directory, imagesFolder) && images.giveWay(GIVE_WAY_BYTES));
    return { error, tryNow };
  }

  #look(): void {
    const { directory, ballast, failing, onChange } = this.#options;
    const space = spaceOf(directory);
    const wasLow = this.#lowSpace !== undefined;
    const isLow = space !== undefined && space.freeBytes < space.reserveBytes * (wasLow ? ENOUGH : 1);
    this.#lowSpace = isLow ? space : undefined;
    if (isLow || wasLow) onChange();
    if (!failing()) ballast.make();
  }
}
