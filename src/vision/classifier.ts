import { availableParallelism } from 'node:os';
import { InOrder } from '../base/in-order.js';
import { withTimeout } from '../base/lifecycle.js';
import type { Logger } from '../base/logger.js';
import { Semaphore } from '../base/semaphore.js';
import type { Image, View } from '../domain/frame.js';
import type { ClassMap } from '../domain/model.js';
import type { ClassifiedImage, Classifier, ClassifierInfo, ClassifyOptions } from '../ports/classifier.js';
import type { MapResult } from './class-map.js';
import { visionErrors } from './errors.js';
import { goldenSet } from './golden-pictures.js';
import type { ModelPackage } from './model-package.js';
import { preprocess } from './preprocess.js';
import { topLabel } from './scores.js';
import { WorkerPool } from './worker-pool.js';

/** libuv has four threads for all of the process; one stays free for files and names. */
const MAX_PREPARING = 3;
const STOP_TIMEOUT_MS = 10_000;

export interface OnnxClassifierOptions {
  readonly model: ModelPackage;
  /** Execution providers in order of preference, by ONNX Runtime's names. */
  readonly providers: readonly string[];
  /** Worker threads, each with a session of its own. */
  readonly workers: number;
  /** Larger pictures are refused before they are decoded. */
  readonly maxImagePixels: number;
  readonly logger: Logger;
  /** Threads of one session. Default: the cores divided by the workers. */
  readonly intraOpThreads?: number;
  /** How long `stop` waits for what is under way. */
  readonly stopTimeoutMs?: number;
}

/**
 * Pictures are decoded and resized on libuv's threads straight from the caller's memory, and only the small input of
 * the model moves to a worker thread, which computes. The calling thread does neither.
 */
export class OnnxClassifier implements Classifier {
  readonly #options: OnnxClassifierOptions;
  readonly #preparing: Semaphore;
  readonly #order = new InOrder();
  readonly #underWay = new Set<Promise<unknown>>();
  #pool: WorkerPool | undefined;
  #mapFaulty = false;

  constructor(options: OnnxClassifierOptions) {
    this.#options = options;
    // One picture for each worker is prepared while the workers compute.
    this.#preparing = new Semaphore(Math.min(options.workers + 1, MAX_PREPARING));
  }

  async start(): Promise<ClassifierInfo> {
    const { model, providers, workers, logger } = this.#options;
    const { manifest, variant, modelFile, identity } = model;
    const intraOpThreads =
      this.#options.intraOpThreads ?? Math.max(1, Math.floor(availableParallelism() / this.#options.workers));
    const pool = new WorkerPool({ modelFile, manifest, variant, providers, intraOpThreads }, workers, logger);
    const golden = await goldenSet(model, this.#options.maxImagePixels);
    const { provider, fallbacks } = await pool.start(golden);
    await this.#warmUpPreprocessing();
    const named = { model: `${identity.name} ${identity.version}`, variant: variant.name };
    if (golden === undefined) {
      logger.info(named, 'The model package has no golden samples: its scores are not checked on this machine.');
    } else logger.info({ ...named, samples: golden.samples.length, provider }, 'The golden samples give their scores.');
    for (const { provider: missed, reason } of fallbacks) {
      logger.warn({ model: manifest.name, provider: missed }, `Execution provider ${missed} is not used: ${reason}`);
    }
    this.#pool = pool;
    return {
      model: identity,
      variant: variant.name,
      labels: manifest.labels,
      goodLabel: manifest.goodLabel,
      goodThreshold: variant.goodThreshold,
      provider,
      providerFallbacks: fallbacks,
      workers: pool.size,
      license: manifest.license,
      dataSource: manifest.dataSource,
    };
  }

  classify(image: Image, view: View, { map = false }: ClassifyOptions = {}): Promise<ClassifiedImage> {
    const pool = this.#pool;
    if (pool === undefined) return Promise.reject(visionErrors.INFERENCE_STOPPED());
    const result = this.#classify(pool, image, view, map).finally(() => this.#underWay.delete(result));
    this.#underWay.add(result);
    return result;
  }

  async alive(timeoutMs: number): Promise<boolean> {
    return this.#pool?.alive(timeoutMs) ?? false;
  }

  async stop(): Promise<void> {
    const pool = this.#pool;
    if (pool === undefined) return;
    this.#pool = undefined;
    const timeoutMs = this.#options.stopTimeoutMs ?? STOP_TIMEOUT_MS;
    await withTimeout(Promise.allSettled(this.#underWay), timeoutMs, () => new Error('still under way')).catch(
      () => undefined,
    );
    await pool.stop(timeoutMs);
  }

  async #classify(pool: WorkerPool, image: Image, view: View, wantsMap: boolean): Promise<ClassifiedImage> {
    const calledMs = performance.now();
    const turn = this.#order.turn();
    const prepared = this.#prepare(image, view);
    // A picture that fails is told of in its turn, which may be later.
    prepared.catch(() => undefined);
    // Whoever was called first gets a worker first, however long its picture took to decode.
    const dispatched = turn(async () => {
      const { pixels, preprocessMs } = await prepared;
      return { pixels, preprocessMs, worker: await pool.claim() };
    });
    const { pixels, preprocessMs, worker } = await dispatched.finally(() => this.#preparing.release());
    const { scores, inferenceMs, map: result } = await pool.infer(worker, pixels, wantsMap);
    const { labels } = this.#options.model.manifest;
    const queueMs = Math.max(0, performance.now() - calledMs - preprocessMs - inferenceMs);
    const timing = { queueMs, preprocessMs, inferenceMs };
    const map = result === undefined ? undefined : this.#map(result);
    const classification = { labels, scores, ...topLabel(scores, labels), timing };
    return { classification, image, ...(map !== undefined && { map }) };
  }

  #map({ values, problem }: MapResult): ClassMap | undefined {
    const { manifest, identity } = this.#options.model;
    const { map } = manifest.output;
    if (values !== undefined && map !== null) {
      return { rows: map.rows, columns: map.columns, labels: manifest.labels, values };
    }
    if (!this.#mapFaulty) {
      this.#options.logger.warn(
        { model: `${identity.name} ${identity.version}`, reason: problem },
        "The model's class-activation map cannot be used; parts are judged without it.",
      );
    }
    this.#mapFaulty = true;
    return undefined;
  }

  /** The image library loads parts of itself with the first picture. */
  async #warmUpPreprocessing(): Promise<void> {
    const { manifest } = this.#options.model;
    const { width, height } = manifest.input;
    const data = new Uint8Array(width * height);
    await preprocess({ kind: 'raw', format: 'grey8', width, height, data }, { rotate: 0 }, manifest, data.length);
  }

  /** Takes a place among those being prepared; it is given back once the picture is with a worker. */
  async #prepare(image: Image, view: View): Promise<{ pixels: Uint8Array<ArrayBuffer>; preprocessMs: number }> {
    await this.#preparing.acquire();
    const startedMs = performance.now();
    const pixels = await preprocess(image, view, this.#options.model.manifest, this.#options.maxImagePixels);
    return { pixels, preprocessMs: performance.now() - startedMs };
  }
}
