import { SingleBar } from 'cli-progress';
import { mapAll, type NonEmpty } from '../base/non-empty.js';
import { type Comparison, compare, type Trial } from '../vision/import/comparison.js';
import type { TriedModel } from '../vision/import/imported-manifest.js';
import { otherLabelOrder } from '../vision/import/label-order.js';
import { type Scaling, scalingsFor } from '../vision/import/scaling.js';
import type { PreparedSample } from '../vision/import/trials.js';
import { type Resize, type Subject, tryMap, tryResizes, tryScalings } from '../vision/import/try-model.js';
import type { Ask } from './ask.js';
import type { ImportOptions } from './model-import-options.js';

/** A tried model with what a reader should see of the trial. */
export interface TrialOutcome extends TriedModel {
  readonly scaling: Scaling;
  /** Present where class folders could decide. */
  readonly scalings: Comparison<Scaling> | undefined;
  readonly resizes: Comparison<Resize> | undefined;
  /** All pictures, the generated ones last. */
  readonly pictures: readonly { readonly prepared: PreparedSample; readonly probabilities: Float32Array }[];
}

/**
 * Finds out by running the model what the graph does not tell.
 * @param named the labels as they were given
 * @param map name of what may be the class-activation map
 */
export async function tryModel(
  subject: Subject,
  named: readonly string[],
  map: string | null,
  options: ImportOptions,
  ask: Ask,
): Promise<TrialOutcome> {
  const { prepared, generated, form } = subject;
  const { scale, mean, std, color } = options;
  const order = color === 'grey' ? undefined : color;
  const candidates = scalingsFor(form.input, { scale, mean, std, order }, subject.model.onnx.producer);
  // Pictures of one class alone are right with whatever makes the model say that class.
  const comparable = new Set(prepared.map(({ sample }) => sample.label)).size > 1;
  const tried: NonEmpty<Scaling> = comparable ? candidates : [await askScaling(candidates, ask)];
  const { activation, trials } = await withProgress(tried.length * (prepared.length + generated.length), (onDone) =>
    tryScalings(subject, tried, options.activation, onDone),
  );
  const known = mapAll(trials, ({ candidate, probabilities }) => ({
    candidate,
    probabilities: probabilities.slice(0, prepared.length),
  }));
  const labels = comparable ? await settleOrder(known, prepared, named, ask) : named;
  const actual = indexesIn(labels, prepared);
  const scalings = comparable ? compare(known, actual) : undefined;
  const scaling = scalings === undefined ? trials[0].candidate : await confirmScaling(scalings, ask);
  const resizes =
    comparable && options.resize === undefined ? await tryResizes(subject, scaling, activation, actual) : undefined;
  const resize = resizes?.best.candidate ?? form.preprocessing.resize;
  const { name: _, text: __, ...pixels } = scaling;
  const shown = trials.find(({ candidate }) => candidate === scaling) ?? trials[0];
  return {
    labels,
    activation,
    map: map === null ? null : await tryMap(subject, scaling, map, options.map !== undefined),
    preprocessing: { ...form.preprocessing, ...pixels, resize },
    scaling,
    scalings,
    resizes,
    pictures: [...prepared, ...generated].map((picture, index) => ({
      prepared: picture,
      probabilities: shown.probabilities[index] ?? new Float32Array(),
    })),
  };
}

/** What the pictures cannot decide is asked for; the order of colours alone is the usual one. */
async function askScaling(candidates: NonEmpty<Scaling>, ask: Ask): Promise<Scaling> {
  const byName = candidates.filter(
    ({ name }, index) => candidates.findIndex((candidate) => candidate.name === name) === index,
  );
  if (byName.length === 1) return candidates[0];
  const name = await ask({
    text: 'Which values of its pixels was the model trained with?',
    option: '--scale',
    choices: byName.map((scaling) => ({ value: scaling.name, text: scaling.text })),
    hint: 'Give --scale as the training code has it, or --samples with a folder of class folders, by which it is found out.',
  });
  return byName.find((scaling) => scaling.name === name) ?? candidates[0];
}

/** Where pictures do not tell scalings apart, whoever trained the model may. */
async function confirmScaling({ best, rivals }: Comparison<Scaling>, ask: Ask): Promise<Scaling> {
  if (rivals.length === 0) return best.candidate;
  const alike = [best, ...rivals].map(({ candidate }) => candidate);
  const text = await ask({
    text: 'Which of these was it trained with?',
    why: 'The pictures of known class do not tell them apart',
    option: '--scale',
    choices: alike.map((scaling) => ({ value: scaling.text, text: scaling.text })),
    fallback: best.candidate.text,
  });
  return alike.find((scaling) => scaling.text === text) ?? best.candidate;
}

/** Labels in another order make every figure wrong, however good the model is, so that it is not passed over. */
async function settleOrder(
  trials: NonEmpty<Trial<Scaling>>,
  prepared: readonly PreparedSample[],
  named: readonly string[],
  ask: Ask,
): Promise<readonly string[]> {
  const actual = indexesIn(named, prepared);
  const asNamed = Math.max(...compare(trials, actual).ranked.map(({ accuracy }) => accuracy));
  const [found] = trials
    .flatMap(({ probabilities }) => otherLabelOrder(probabilities, actual, named) ?? [])
    .filter(({ accuracy }) => accuracy > asNamed)
    .sort((a, b) => b.accuracy - a.accuracy);
  if (found === undefined) return named;
  const list = found.labels.join(',');
  const answer = await ask({
    text: 'In which order does the output have the labels?',
    why: `${percent(found.accuracy)} of the pictures are called right with ${list}, and ${percent(asNamed)} with ${named.join(',')}`,
    option: '--labels',
    choices: [
      { value: list, text: `take ${list}` },
      { value: named.join(','), text: 'keep them as they were given' },
    ],
    hint: `Give --labels ${list}, or leave --samples out if the class folders are wrong.`,
  });
  return answer === list ? found.labels : named;
}

function indexesIn(labels: readonly string[], prepared: readonly PreparedSample[]): readonly number[] {
  return prepared.map(({ sample }) => labels.indexOf(sample.label ?? ''));
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}

async function withProgress<T>(total: number, work: (onDone: () => void) => Promise<T>): Promise<T> {
  if (process.stderr.isTTY !== true) return work(() => undefined);
  const bar = new SingleBar({ stream: process.stderr, format: 'trying  {bar} {value}/{total}', clearOnComplete: true });
  bar.start(total, 0);
  try {
    return await work(() => bar.increment());
  } finally {
    bar.stop();
  }
}
