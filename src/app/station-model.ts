import { messageOf } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { StationConfig } from '../config/schema/station.js';
import { type ModelInUse, ModelSlot } from '../pipeline/model-slot.js';
import { verdictPolicy } from '../pipeline/policy.js';
import type { ClassifierInfo } from '../ports/classifier.js';
import type { LoadedModel } from './loaded-models.js';

/** The model of one station over its changes: the one in use, and those that still finish their last parts. */
export class StationModel {
  readonly slot: ModelSlot;
  readonly #station: StationConfig;
  readonly #logger: Logger;
  readonly #retiring = new Set<Promise<void>>();
  #loaded: LoadedModel;

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

  /**
   * The next part is judged with this model, by the rules of the station as they were at the start. The one before it is
   * released after its last part.
   * @throws PIPELINE_UNKNOWN_CLASS; the model in use goes on then, and the other one stays the caller's
   */
  change(next: LoadedModel): void {
    const before = this.#loaded;
    const emptied = this.slot.change(inUse(this.#station, next));
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
