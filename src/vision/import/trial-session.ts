import { env, InferenceSession, Tensor } from 'onnxruntime-node';
import type { GraphDescription, TensorDescription } from '../graph.js';
import { loadProblem } from './load-problem.js';
import { NO_TENSOR } from './output-form.js';

/** The library's own lines on standard error would say again what is reported. */
const ONLY_FATAL = 4;

export interface TrialOutput {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/**
 * A model that is looked at before it has a manifest. It computes on the calling thread, which may not end before
 * `release`.
 */
export class TrialSession {
  private constructor(
    private readonly session: InferenceSession,
    private readonly where: string,
  ) {}

  /** @throws IMPORT_FILE_UNUSABLE */
  static async open(bytes: Uint8Array, where: string): Promise<TrialSession> {
    env.logLevel = 'fatal';
    try {
      return new TrialSession(await InferenceSession.create(bytes, { logSeverityLevel: ONLY_FATAL }), where);
    } catch (error) {
      throw loadProblem(error, where);
    }
  }

  get graph(): GraphDescription {
    return {
      inputs: this.session.inputMetadata.map(tensorDescription),
      outputs: this.session.outputMetadata.map(tensorDescription),
    };
  }

  /**
   * @param input name, type, shape and data of the one input
   * @param names the float32 outputs to give
   * @throws IMPORT_FILE_UNUSABLE
   */
  async run(
    input: { readonly name: string; readonly shape: readonly number[]; readonly data: Uint8Array | Float32Array },
    names: readonly string[],
  ): Promise<ReadonlyMap<string, TrialOutput>> {
    const { name, shape, data } = input;
    const tensor = data instanceof Float32Array ? new Tensor('float32', data, shape) : new Tensor('uint8', data, shape);
    try {
      const outputs = await this.session.run({ [name]: tensor }, [...names]);
      return new Map(names.map((output) => [output, trialOutput(outputs[output])]));
    } catch (error) {
      throw loadProblem(error, this.where);
    }
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}

function trialOutput(tensor: Tensor | undefined): TrialOutput {
  if (tensor?.data instanceof Float32Array) return { shape: tensor.dims, values: tensor.data };
  throw new TypeError('an output that is no float32 tensor');
}

function tensorDescription(metadata: InferenceSession.ValueMetadata): TensorDescription {
  const { name } = metadata;
  return metadata.isTensor
    ? { name, type: metadata.type, shape: metadata.shape }
    : { name, type: NO_TENSOR, shape: [] };
}
