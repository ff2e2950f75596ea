import type { Clock } from '../base/clock.js';
import type { Logger } from '../base/logger.js';
import type { OriginLog } from '../ports/ledger.js';

/** What every camera is given besides its own part of the config. */
export interface CameraDeps {
  /** Name of the station the camera belongs to. */
  readonly station: string;
  /** Remembers which files were taken, over restarts too. */
  readonly originLog: OriginLog;
  readonly logger: Logger;
  /** What the `password` of the camera's config refers to, where it has one. */
  readonly password?: string;
  /** The station opens its parts by a trigger and asks for each picture, where the camera has `capture`. */
  readonly triggered?: boolean;
  readonly clock: Clock;
}
