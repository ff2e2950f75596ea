import type { CommandArguments } from '../../domain/command-arguments.js';
import type { Frame } from '../../domain/frame.js';
import type { Inspected, PartWish } from '../../pipeline/called-parts.js';
import type { Pause } from '../../pipeline/pause-gate.js';
import type { Thresholds } from '../../pipeline/thresholds.js';

/** What commands can do to a station. */
export interface CommandedStation {
  readonly name: string;
  /** No part is taken from here on; those under way are finished. A pause under way goes on as it is. */
  pause(pause: Pause): void;
  resume(): void;
  readonly paused: Pause | undefined;
  /** Resolves when the part is committed; with undefined when it was lost or the signal aborted. */
  inspectNow(signal: AbortSignal, wish?: PartWish): Promise<Inspected | undefined>;
  /** Gives what holds then. @throws PIPELINE_NO_THRESHOLD, PIPELINE_RECIPE_UNKNOWN */
  setThresholds(change: CommandArguments<'set-threshold'>): Thresholds & { readonly changed: boolean };
  /** Of the recipe in force, where the station has any. */
  readonly thresholds: Thresholds & { readonly changed: boolean };
  /** What there is to select, and what parts without a recipe are judged by; undefined where that is the station itself. */
  readonly recipes: { readonly names: readonly string[]; readonly inForce: string | undefined };
  /**
   * For parts that bring no recipe, from the next one on and over restarts; without a name what the configuration says.
   * @throws PIPELINE_RECIPE_UNKNOWN
   */
  selectRecipe(name: string | undefined): void;
  /** The next frame as a JPEG, at most so wide; undefined when the signal aborts before there is one. */
  snapshot(
    width: number,
    signal: AbortSignal,
  ): Promise<{ readonly frame: Frame; readonly jpeg: Uint8Array } | undefined>;
}
