import { inputShape } from '../graph.js';
import { readPicture } from '../image-files.js';
import type { Manifest } from '../manifest.js';
import { preprocess } from '../preprocess.js';
import { tensorFiller } from '../tensor.js';
import type { Sample } from './samples.js';
import type { PixelForm } from './scaling.js';
import type { TrialOutput, TrialSession } from './trial-session.js';

/** Everything that says how a picture becomes the input. */
export type InputForm = Pick<Manifest, 'input' | 'preprocessing'>;

/** A sample with the pixels of the model's input. */
export interface PreparedSample {
  readonly sample: Sample;
  readonly pixels: Uint8Array<ArrayBuffer>;
}

export interface PreparedSamples {
  readonly prepared: readonly PreparedSample[];
  readonly failures: readonly { readonly sample: Sample; readonly error: unknown }[];
}

/** Reads and resizes samples as the agent does with every part; one that cannot be read is told of and left out. */
export async function prepareSamples(
  samples: readonly Sample[],
  form: InputForm,
  maxPixels: number,
): Promise<PreparedSamples> {
  const prepared: PreparedSample[] = [];
  const failures: { sample: Sample; error: unknown }[] = [];
  for (const sample of samples) {
    try {
      const data = await sampleBytes(sample);
      const pixels = await preprocess({ kind: 'encoded', data }, { rotate: 0 }, form, maxPixels);
      prepared.push({ sample, pixels });
    } catch (error) {
      failures.push({ sample, error });
    }
  }
  return { prepared, failures };
}

export async function sampleBytes({ from }: Sample): Promise<Uint8Array> {
  return 'file' in from ? readPicture(from.file) : from.data;
}

/**
 * Runs the model on samples with one way of scaling their pixels.
 * @param names the outputs to give
 * @param onDone called after each picture
 */
export async function runSamples(
  session: TrialSession,
  prepared: readonly PreparedSample[],
  { input, preprocessing }: InputForm,
  scaling: PixelForm,
  names: readonly string[],
  onDone: () => void = () => undefined,
): Promise<readonly ReadonlyMap<string, TrialOutput>[]> {
  const { scale, mean, std, order } = scaling;
  const fill = tensorFiller({ input, preprocessing: { ...preprocessing, scale, mean, std, order } });
  const outputs: ReadonlyMap<string, TrialOutput>[] = [];
  for (const { pixels } of prepared) {
    const data = fill(pixels);
    outputs.push(await session.run({ name: input.name, shape: [...inputShape({ input })], data }, names));
    onDone();
  }
  return outputs;
}
