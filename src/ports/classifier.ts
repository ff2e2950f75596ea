import type { Image, View } from '../domain/frame.js';
import type { Classification, ClassMap, ModelIdentity } from '../domain/model.js';

/** What a running classifier is, for status lines and messages. */
export interface ClassifierInfo {
  readonly model: ModelIdentity;
  /** Which form of the model runs: as trained, quantised, … */
  readonly variant: string;
  readonly labels: readonly string[];
  readonly goodLabel: string | null;
  /** The score of the good label from which the manifest calls a part good, for this variant. */
  readonly goodThreshold: number;
  /** The execution provider in use, and for each preferred one that was not taken the reason. */
  readonly provider: string;
  readonly providerFallbacks: readonly { readonly provider: string; readonly reason: string }[];
  readonly workers: number;
  /** License of the weights and source of the training data, as the manifest states them. */
  readonly license: string;
  readonly dataSource: string;
}

/**
 * A CNN behind worker threads.
 *
 * `start` loads the model in every worker and warms it up: once it resolves, the first part costs what every other
 * costs. It throws a `config` JidokaError for a model that cannot be used. `classify` may be called any number of times
 * at once; calls are served in order. A map that was asked for and cannot be used is left out and told once in the log:
 * the part is judged all the same. The image's bytes are neither copied nor changed: the caller leaves them alone
 * until the promise settles, and the result's `image` is the one that was given. It rejects with a `degraded`
 * JidokaError (`IMAGE_…` when the picture is at fault, `INFERENCE_…` when the model is) and stays usable.
 * `stop` lets what is under way finish; a worker that hangs is reported, never terminated, since that would abort the
 * process.
 */
export interface Classifier {
  start(): Promise<ClassifierInfo>;
  classify(image: Image, view: View, options?: ClassifyOptions): Promise<ClassifiedImage>;
  /** Resolves true when every worker answers within `timeoutMs`: the health behind the systemd watchdog. */
  alive(timeoutMs: number): Promise<boolean>;
  stop(): Promise<void>;
}

export interface ClassifyOptions {
  /** Whether the class-activation map is wanted. Default false: nothing of it is copied then. */
  readonly map?: boolean;
}

export interface ClassifiedImage {
  readonly classification: Classification;
  /** The image that was given, free for the caller to use again. */
  readonly image: Image;
  /** Present when it was asked for and the model has one. */
  readonly map?: ClassMap;
}
