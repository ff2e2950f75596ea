import type { Classifier, ClassifierInfo } from '../ports/classifier.js';
import { findModelPackage, loadModelPackage, type ModelPackage } from '../vision/model-package.js';
import type { ModelChoice } from './model-choice.js';

/** A model that runs. Whoever took it releases it in the end, and does not stop the classifier. */
export interface LoadedModel {
  /** The same for the same files, variant and providers, and for nothing else. */
  readonly key: string;
  readonly classifier: Classifier;
  readonly info: ClassifierInfo;
  /** Resolves when the model no longer runs, where nobody else uses it. */
  release(): Promise<void>;
}

interface Entry {
  readonly started: Promise<{ readonly classifier: Classifier; readonly info: ClassifierInfo }>;
  users: number;
}

/**
 * The models that run, each once, however many stations use it: the weights are in memory once. The first who takes a
 * model starts it, the last who releases it stops it.
 */
export class LoadedModels {
  readonly #open: (model: ModelPackage, providers: readonly string[]) => Classifier;
  readonly #entries = new Map<string, Entry>();

  constructor(open: (model: ModelPackage, providers: readonly string[]) => Classifier) {
    this.#open = open;
  }

  /**
   * Reads the package as it is now, and starts the model unless it runs already.
   * @throws a `config` JidokaError `MODEL_…`; nothing is left running then
   */
  async take({ path, variant, providers }: ModelChoice): Promise<LoadedModel> {
    const model = await loadModelPackage(await findModelPackage(path), variant);
    // The manifest holds the hash of every file, so its own stands for all of them.
    const key = JSON.stringify([model.folder, model.manifestSha256, model.variant.name, providers]);
    const entry = this.#entries.get(key) ?? this.#add(key, this.#open(model, providers));
    entry.users += 1;
    try {
      const { classifier, info } = await entry.started;
      let released: Promise<void> | undefined;
      const release = (): Promise<void> => {
        released ??= this.#release(key, entry);
        return released;
      };
      return { key, classifier, info, release };
    } catch (error) {
      await this.#release(key, entry);
      throw error;
    }
  }

  #add(key: string, classifier: Classifier): Entry {
    const entry = { started: classifier.start().then((info) => ({ classifier, info })), users: 0 };
    this.#entries.set(key, entry);
    return entry;
  }

  async #release(key: string, entry: Entry): Promise<void> {
    entry.users -= 1;
    if (entry.users > 0) return;
    this.#entries.delete(key);
    // A classifier that failed to start has stopped itself.
    const running = await entry.started.catch(() => undefined);
    await running?.classifier.stop();
  }
}
