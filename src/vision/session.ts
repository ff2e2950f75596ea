import { env, InferenceSession, Tensor } from 'onnxruntime-node';
import { JidokaError, messageOf } from '../base/errors.js';
import { readMap } from './class-map.js';
import { visionErrors } from './errors.js';
import { worstDeviation } from './golden-check.js';
import { checkGraph, type GraphDescription, inputShape, type TensorDescription } from './graph.js';
import { probabilities } from './scores.js';
import { type TensorFiller, tensorFiller } from './tensor.js';
import {
  firstLine,
  type ModelOutput,
  type ProviderChoice,
  type ProviderFallback,
  type WorkerSetup,
} from './worker-protocol.js';

/** What works on every machine. */
const LAST_RESORT = 'cpu';
/** Reasons are reported by us; the library's own lines on standard error would say them again. */
const ONLY_FATAL = 4;
const MID_GREY = 128;

/**
 * An ONNX Runtime session of one model, for one thread: `infer` computes on the thread that calls it.
 */
export class ModelSession {
  readonly #fill: TensorFiller;

  private constructor(
    private readonly session: InferenceSession,
    private readonly setup: WorkerSetup,
    readonly choice: ProviderChoice,
  ) {
    this.#fill = tensorFiller(setup.manifest);
  }

  /**
   * Loads the model with the first provider that can run it. The CPU is tried last even where it is not listed: a line
   * that inspects slowly is better than one that does not, and the fallback is reported. The warm-up run allocates what
   * every later run needs; a provider that fails in it, gives no probabilities or other scores for the golden samples
   * counts as one that cannot be loaded. On the CPU other scores are the model's fault, or its package's.
   * @param create makes ONNX Runtime's session for one provider
   * @throws MODEL_GRAPH_MISMATCH, MODEL_UNLOADABLE, MODEL_GOLDEN_MISMATCH
   */
  static async open(bytes: Uint8Array, setup: WorkerSetup, create = createSession): Promise<ModelSession> {
    env.logLevel = 'fatal';
    const fallbacks: ProviderFallback[] = [];
    for (const provider of new Set([...setup.providers, LAST_RESORT])) {
      const session = await create(bytes, provider, setup).catch((error: unknown) => {
        fallbacks.push({ provider, reason: firstLine(messageOf(error)) });
      });
      if (session === undefined) continue;
      const opened = new ModelSession(session, setup, { provider, fallbacks });
      try {
        checkGraph(setup.manifest, describe(session), setup.modelFile);
      } catch (error) {
        await opened.release();
        throw error;
      }
      const problem = await opened.#tryOut();
      if (problem === undefined) return opened;
      await opened.release();
      if (problem instanceof JidokaError) throw problem;
      fallbacks.push({ provider, reason: problem });
    }
    throw visionErrors.MODEL_UNLOADABLE({
      where: setup.modelFile,
      got: fallbacks.map(({ provider, reason }) => `${provider}: ${reason}`).join('; '),
    });
  }

  /**
   * @param pixels `height * width * channels` bytes, channels innermost
   * @param map whether the class-activation map is wanted too, where the model has one
   * @throws INFERENCE_ERROR for scores that cannot be used; a map that cannot be used is told in the result
   */
  async infer(pixels: Uint8Array, map: boolean): Promise<ModelOutput> {
    const { manifest, variant } = this.setup;
    const { name, activation, map: mapOutput } = manifest.output;
    const wanted = map && mapOutput !== null ? mapOutput.name : undefined;
    const outputs = await this.#run(pixels, wanted === undefined ? [name] : [name, wanted]);
    const form = { labels: manifest.labels, activation, temperature: variant.temperature };
    const scores = probabilities(scoresIn(outputs, name), form);
    return wanted === undefined ? { scores } : { scores, map: readMap(outputs[wanted], manifest) };
  }

  /** Must be called before the thread ends. */
  async release(): Promise<void> {
    await this.session.release();
  }

  /** Only the outputs named in `wanted` are copied out of ONNX Runtime, though it computes all of them. */
  #run(pixels: Uint8Array, wanted: readonly string[]): Promise<InferenceSession.ReturnType> {
    const { manifest } = this.setup;
    const { name, type } = manifest.input;
    const feeds = { [name]: new Tensor(type, this.#fill(pixels), inputShape(manifest)) };
    return this.session.run(feeds, wanted).catch((cause: unknown) => {
      throw visionErrors.INFERENCE_ERROR({ got: firstLine(messageOf(cause)), cause });
    });
  }

  /** The reason why another provider has to be tried, or the error where none would help. */
  async #tryOut(): Promise<string | JidokaError | undefined> {
    const problem = await this.#warmUp();
    const { golden, manifest, modelFile } = this.setup;
    if (problem !== undefined || golden === undefined) return problem;
    const infer = async (pixels: Uint8Array) => (await this.infer(pixels, false)).scores;
    const deviation = await worstDeviation(golden, manifest.labels, infer);
    if (deviation === undefined) return undefined;
    const { file, got, expected } = deviation;
    if (this.choice.provider !== LAST_RESORT) return `golden sample ${file}: got ${got}, expected ${expected}`;
    return visionErrors.MODEL_GOLDEN_MISMATCH({ where: `${modelFile}, golden sample ${file}`, got, expected });
  }

  /**
   * The reason why the session cannot be used, if there is one. On the CPU only the run itself counts: scores that are
   * wrong there are the model's, and each part says so.
   */
  async #warmUp(): Promise<string | undefined> {
    const { input, output } = this.setup.manifest;
    const { width, height, channels } = input;
    const pixels = new Uint8Array(width * height * channels).fill(MID_GREY);
    try {
      if (this.choice.provider === LAST_RESORT) await this.#run(pixels, [output.name]);
      else await this.infer(pixels, false);
      return undefined;
    } catch (error) {
      return firstLine(messageOf(error));
    }
  }
}

function scoresIn(outputs: InferenceSession.ReturnType, name: string): Float32Array {
  const data = outputs[name]?.data;
  if (data instanceof Float32Array) return data;
  throw visionErrors.INFERENCE_ERROR({ where: `output "${name}"`, expected: 'a float32 tensor' });
}

function createSession(
  bytes: Uint8Array,
  provider: string,
  { intraOpThreads }: WorkerSetup,
): Promise<InferenceSession> {
  return InferenceSession.create(bytes, {
    executionProviders: [provider],
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    interOpNumThreads: 1,
    intraOpNumThreads: intraOpThreads,
    logSeverityLevel: ONLY_FATAL,
    // A thread that spins while it waits takes the core from the event loop and from image decoding: with two threads on
    // two busy cores a small CNN took 11 ms instead of 4, and twice the processor time.
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  });
}

function describe(session: InferenceSession): GraphDescription {
  return {
    inputs: session.inputMetadata.map(tensorDescription),
    outputs: session.outputMetadata.map(tensorDescription),
  };
}

function tensorDescription(metadata: InferenceSession.ValueMetadata): TensorDescription {
  const { name } = metadata;
  return metadata.isTensor
    ? { name, type: metadata.type, shape: metadata.shape }
    : { name, type: 'a value that is not a tensor', shape: [] };
}
