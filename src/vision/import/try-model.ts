import { mapAll, type NonEmpty } from '../../base/non-empty.js';
import { visionErrors } from '../errors.js';
import type { Manifest } from '../manifest.js';
import { type Activation, settleActivation, toProbabilities } from './activation.js';
import { type Comparison, compare, type Trial } from './comparison.js';
import type { InspectedModel } from './inspect.js';
import type { Scaling } from './scaling.js';
import { sizesText } from './tensor-problems.js';
import { type InputForm, type PreparedSample, prepareSamples, runSamples } from './trials.js';

export type Resize = Manifest['preprocessing']['resize'];

/** The first is taken where pictures do not say more. */
const RESIZES: readonly Resize[] = ['stretch', 'letterbox', 'cover'];

/** What is tried: a model whose graph is settled, and the pictures. */
export interface Subject {
  readonly model: Pick<InspectedModel, 'session' | 'file' | 'onnx'>;
  readonly form: InputForm;
  /** Name of the output with one score a label. */
  readonly scores: string;
  /** How many labels there are. */
  readonly labels: number;
  /** Pictures of the user's. */
  readonly prepared: readonly PreparedSample[];
  /** Pictures that show more of what the model can give, for one that gives always the same for the others. */
  readonly generated: readonly PreparedSample[];
  readonly maxImagePixels: number;
}

/**
 * Runs the model on all pictures with each of the scalings.
 * @param given the activation, where the user says it
 * @returns for each scaling the probabilities of the prepared pictures, then of the generated ones
 * @throws IMPORT_GRAPH_UNSUITABLE, IMPORT_OPTION_UNFIT for values that are no scores
 */
export async function tryScalings(
  subject: Subject,
  scalings: NonEmpty<Scaling>,
  given: Activation | undefined,
  onDone?: () => void,
): Promise<{ readonly activation: Activation; readonly trials: NonEmpty<Trial<Scaling>> }> {
  const pictures = [...subject.prepared, ...subject.generated];
  const [first, ...others] = scalings;
  const tried: [Tried, ...Tried[]] = [await runWith(subject, pictures, first, onDone)];
  for (const scaling of others) tried.push(await runWith(subject, pictures, scaling, onDone));
  // Pixels of a wrong scale may overflow; what is finite with another scaling is no fault of the model.
  const [fitting, ...more] = tried.filter(({ values }) => values.every((scores) => scores.every(Number.isFinite)));
  const usable: NonEmpty<Tried> = fitting === undefined ? tried : [fitting, ...more];
  const activation = settleActivation(
    usable.flatMap(({ values }) => values),
    given,
    `${subject.model.file}, output "${subject.scores}"`,
  );
  const trials = mapAll(usable, ({ scaling, values }) => ({
    candidate: scaling,
    probabilities: values.map((scores) => toProbabilities(scores, activation)),
  }));
  return { activation, trials };
}

/**
 * Compares the ways of bringing pictures to the size of the input; undefined where the pictures have its aspect, so that
 * all ways are one.
 * @param actual index of the label of each prepared picture
 */
export async function tryResizes(
  subject: Subject,
  scaling: Scaling,
  activation: Activation,
  actual: readonly number[],
): Promise<Comparison<Resize> | undefined> {
  const samples = subject.prepared.map(({ sample }) => sample);
  const trials: Trial<Resize>[] = [];
  for (const resize of RESIZES) {
    const form = { ...subject.form, preprocessing: { ...subject.form.preprocessing, resize } };
    const { prepared } = await prepareSamples(samples, form, subject.maxImagePixels);
    const { values } = await runWith({ ...subject, form }, prepared, scaling);
    trials.push({ candidate: resize, probabilities: values.map((scores) => toProbabilities(scores, activation)) });
  }
  const [first, ...others] = trials;
  const comparison = first === undefined ? undefined : compare([first, ...others], actual);
  return comparison?.differs === true ? comparison : undefined;
}

/**
 * Rows and columns of the class-activation map, which the graph may leave open.
 * @returns null for what looked like a map and is none
 * @throws IMPORT_OPTION_UNFIT where the user called it a map
 */
export async function tryMap(
  { model, form, generated, labels }: Subject,
  scaling: Scaling,
  name: string,
  isGiven: boolean,
): Promise<Manifest['output']['map']> {
  const [outputs] = await runSamples(model.session, generated.slice(0, 1), form, scaling, [name]);
  const shape = outputs?.get(name)?.shape ?? [];
  const [, rows = 0, columns = 0] = shape;
  const { height, width } = form.input;
  if (shape.length === 4 && shape[3] === labels && rows <= height && columns <= width) return { name, rows, columns };
  if (!isGiven) return null;
  throw visionErrors.IMPORT_OPTION_UNFIT({
    where: `--map ${name} for ${model.file}`,
    got: sizesText(shape),
    expected: `[1, rows, columns, ${labels}] with at most ${height} rows and ${width} columns`,
  });
}

interface Tried {
  readonly scaling: Scaling;
  readonly values: readonly Float32Array[];
}

async function runWith(
  { model, form, scores, labels }: Subject,
  pictures: readonly PreparedSample[],
  scaling: Scaling,
  onDone?: () => void,
): Promise<Tried> {
  const outputs = await runSamples(model.session, pictures, form, scaling, [scores], onDone);
  const values = outputs.map((output) => output.get(scores)?.values ?? new Float32Array());
  // A graph may leave the number of its scores open.
  const wrong = values.find(({ length }) => length !== labels);
  if (wrong === undefined) return { scaling, values };
  throw visionErrors.IMPORT_GRAPH_UNSUITABLE({
    where: `${model.file}, output "${scores}"`,
    got: `${wrong.length} scores, and ${labels} labels`,
    expected: 'as many of both',
    hint: 'Give all labels with --labels, in the order in which the model was trained.',
  });
}
