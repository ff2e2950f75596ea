import type { VerdictPolicy } from '../domain/verdict.js';
import type { Classifier, ClassifierInfo } from '../ports/classifier.js';

/** A model with what was agreed for it. The three belong together: a part is judged by one of these as a whole. */
export interface ModelInUse {
  readonly classifier: Classifier;
  readonly info: ClassifierInfo;
  readonly policy: VerdictPolicy;
}

/** Holds the model that a station judges with, and lets it be changed between two parts. */
export class ModelSlot {
  #place: Place;

  constructor(model: ModelInUse) {
    this.#place = new Place(model);
  }

  /** What the next part is judged with. */
  get current(): ModelInUse {
    return this.#place.model;
  }

  /** Runs the work on one part with the model of now; the model does not change under it. */
  use<T>(work: (model: ModelInUse) => Promise<T>): Promise<T> {
    return this.#place.use(work);
  }

  /** The next part is judged with this model. Resolves when the last part of the one before it is done. */
  change(model: ModelInUse): Promise<void> {
    const before = this.#place;
    this.#place = new Place(model);
    return before.empty();
  }
}

/** One model and the parts that are with it. */
class Place {
  #parts = 0;
  #onEmpty: (() => void) | undefined;

  constructor(readonly model: ModelInUse) {}

  async use<T>(work: (model: ModelInUse) => Promise<T>): Promise<T> {
    this.#parts += 1;
    try {
      return await work(this.model);
    } finally {
      this.#parts -= 1;
      if (this.#parts === 0) this.#onEmpty?.();
    }
  }

  /** Called once, when no more parts come. */
  async empty(): Promise<void> {
    if (this.#parts === 0) return;
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
  }
}
