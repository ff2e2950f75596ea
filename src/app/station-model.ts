import { isDeepStrictEqual } from 'node:util';
import { messageOf } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { StationConfig } from '../config/schema/station.js';
import type { CommandArguments } from '../domain/command-arguments.js';
import { type ModelInUse, ModelSlot } from '../pipeline/model-slot.js';
import { verdictPolicy } from '../pipeline/policy.js';
import { type Thresholds, thresholdsOf, withThresholds } from '../pipeline/thresholds.js';
import type { ClassifierInfo } from '../ports/classifier.js';
import type { LoadedModel } from './loaded-models.js';

/** The model of one station over its changes: the one in use, and those that still finish their last parts. */
export class StationModel {
  readonly slot: ModelSlot;
  readonly #station: StationConfig;
  readonly #logger: Logger;
  readonly #retiring = new Set<Promise<void>>();
  #loaded: LoadedModel;
  /** Parts that are still with the model in use by thresholds of before. */
  #earlier: Promise<unknown> = Promise.resolve();

  /** @throws PIPELINE_UNKNOWN_CLASS; the model stays the caller's then */
  constructor(station: StationConfig, loaded: LoadedModel, logger: Logger) {
    this.slot = new ModelSlot(inUse(station, loaded));
    this.#station = station;
    this.#loaded = loaded;
    this.#logger = logger;
  }

  get key(): string {
    return this.#loaded.key;
  }

  get info(): ClassifierInfo {
    return this.#loaded.info;
  }

  /** What is in force, and whether it is other than the configuration and the model say. */
  get thresholds(): Thresholds & { readonly changed: boolean } {
    const inForce = thresholdsOf(this.slot.current.policy);
    return { ...inForce, changed: !isDeepStrictEqual(inForce, thresholdsOf(verdictPolicy(this.#station, this.info))) };
  }

  /**
   * The next part is judged by these thresholds, until the model is changed or the agent starts again.
   * @throws PIPELINE_NO_THRESHOLD
   */
  setThresholds(change: Pick<CommandArguments<'set-threshold'>, 'good' | 'classes'>): void {
    const { current } = this.slot;
    const emptied = this.slot.change({ ...current, policy: withThresholds(current.policy, change) });
    this.#earlier = Promise.all([this.#earlier, emptied]);
  }

  /**
   * The next part is judged with this model, by the rules of the station as they were at the start. The one before it is
   * released after its last part.
   * @throws PIPELINE_UNKNOWN_CLASS; the model in use goes on then, and the other one stays the caller's
   */
  change(next: LoadedModel): void {
    const before = this.#loaded;
    const emptied = Promise.all([this.#earlier, this.slot.change(inUse(this.#station, next))]);
    this.#earlier = Promise.resolve();
    this.#loaded = next;
    const retiring = emptied
      .then(() => before.release())
      .catch((error: unknown) => this.#logger.error({}, `A model did not stop cleanly: ${messageOf(error)}`))
      .finally(() => this.#retiring.delete(retiring));
    this.#retiring.add(retiring);
  }

  /** Call when no more parts come. */
  async stop(): Promise<void> {
    await Promise.all([...this.#retiring, this.#loaded.release()]);
  }
}

function inUse(station: StationConfig, { classifier, info }: LoadedModel): ModelInUse {
  return { classifier, info, policy: verdictPolicy(station, info) };
}
