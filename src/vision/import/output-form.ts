import { visionErrors } from '../errors.js';
import type { TensorDescription } from '../graph.js';
import { batchProblem, sizesText, type TensorProblem, typeProblem } from './tensor-problems.js';

export interface GivenOutputs {
  readonly output?: string | undefined;
  /** Name of the class-activation map; `none` where one that looks so is none. */
  readonly map?: string | undefined;
}

/** The outputs that are read, or the names among which has to be chosen. */
export type OutputProposal =
  | {
      readonly kind: 'settled';
      readonly scores: string;
      readonly map: string | null;
      readonly notes: readonly string[];
    }
  | { readonly kind: 'open'; readonly candidates: readonly string[] };

interface Rejected {
  readonly tensor: TensorDescription;
  readonly problem: TensorProblem;
  /** The nearer an output comes to scores, the more its problem is the one to tell of; 0 is nearest. */
  readonly distance: number;
}

export const NO_TENSOR = 'a value that is not a tensor';

/**
 * Finds the output with one score a label, and the class-activation map if there is one.
 * @throws IMPORT_GRAPH_UNSUITABLE where no output has the scores, IMPORT_OPTION_UNFIT for names that cannot be it
 */
export function proposeOutputs(
  outputs: readonly TensorDescription[],
  labels: number,
  given: GivenOutputs,
  where: string,
): OutputProposal {
  const names = outputs.map(({ name }) => name);
  for (const name of [given.output, given.map === 'none' ? undefined : given.map]) {
    if (name !== undefined && !names.includes(name)) {
      throw visionErrors.IMPORT_OPTION_UNFIT({
        where: `${name === given.output ? '--output' : '--map'} for ${where}`,
        got: `"${name}"`,
        expected: `one of ${quoted(names)}`,
      });
    }
  }
  const asked = outputs.filter(({ name }) => name === (given.output ?? name));
  const rejected: Rejected[] = [];
  const fitting: string[] = [];
  for (const tensor of asked) {
    const found = scoresProblem(tensor, labels);
    if (found === undefined) fitting.push(tensor.name);
    else rejected.push({ tensor, ...found });
  }
  const [scores] = fitting;
  if (scores === undefined) throw noScores(rejected, where);
  if (fitting.length > 1) return { kind: 'open', candidates: fitting };
  const others = outputs.filter(({ name }) => name !== scores);
  const map = mapOf(others, labels, given.map, where);
  const unused = others.filter(({ name }) => name !== map).map(({ name }) => name);
  const notes = unused.length === 0 ? [] : [`not read: ${quoted(unused)}`];
  if (map !== null && given.map === undefined)
    notes.push(`"${map}" is taken for a class-activation map; --map none says otherwise`);
  return { kind: 'settled', scores, map, notes };
}

function scoresProblem(
  tensor: TensorDescription,
  labels: number,
): { readonly problem: TensorProblem; readonly distance: number } | undefined {
  const { type, shape } = tensor;
  const expected = `float32 [batch, ${labels}]`;
  if (type === NO_TENSOR) {
    return { problem: { got: 'a list or a map instead of a tensor', expected, hint: ZIPMAP_HINT }, distance: 3 };
  }
  const typed = typeProblem(tensor, ['float32']);
  if (typed !== undefined) {
    const hint = /int|string|bool/.test(type) ? CLASS_HINT : typed.hint;
    return { problem: { ...typed, hint }, distance: type.startsWith('float') ? 2 : 6 };
  }
  const got = `axes of ${sizesText(shape)}`;
  if (shape.length !== 2) {
    const pooled = shape.length === 4 && shape[1] === labels && [shape[2], shape[3]].every((size) => size === 1);
    return { problem: { got, expected, hint: pooled ? FLATTEN_HINT : AXES_HINT }, distance: pooled ? 2 : 5 };
  }
  const count = shape[1];
  if (count === 1) return { problem: { got: 'one score', expected, hint: SIGMOID_HINT }, distance: 1 };
  if (typeof count === 'number' && count !== labels) {
    const hint = `Give all ${count} labels with --labels, in the order in which the model was trained; a label file has one a line.`;
    return {
      problem: { got: `${count} scores, and ${labels} labels`, expected: 'as many of both', hint },
      distance: 0,
    };
  }
  const batch = batchProblem(tensor);
  return batch === undefined ? undefined : { problem: batch, distance: 1 };
}

const ZIPMAP_HINT =
  "It is the ZipMap of skl2onnx: convert with to_onnx(model, sample, options={'zipmap': False}), and the probabilities are a tensor.";
const CLASS_HINT = 'It is the class alone; export the model with the scores of all classes as an output.';
const FLATTEN_HINT = 'Put a Flatten after the pooling, and export the model anew.';
const AXES_HINT =
  'Models that find boxes or paint masks (detection, segmentation) cannot be run; a classifier gives one score a class.';
const SIGMOID_HINT =
  'A single sigmoid cannot be taken as it is: export two classes, such as concatenate([1 - p, p]) in Keras or torch.cat([1 - p, p], 1), and give both labels.';

function noScores(rejected: readonly Rejected[], where: string): Error {
  const [nearest] = [...rejected].sort((a, b) => a.distance - b.distance);
  if (nearest === undefined) return visionErrors.IMPORT_GRAPH_UNSUITABLE({ where, got: 'a graph without outputs' });
  const { tensor, problem } = nearest;
  return visionErrors.IMPORT_GRAPH_UNSUITABLE({ where: `${where}, output "${tensor.name}"`, ...problem });
}

function mapOf(
  others: readonly TensorDescription[],
  labels: number,
  given: string | undefined,
  where: string,
): string | null {
  if (given === 'none') return null;
  if (given === undefined) {
    const maps = others.filter(({ type, shape }) => type === 'float32' && shape.length === 4 && shape[3] === labels);
    return maps.length === 1 ? (maps[0]?.name ?? null) : null;
  }
  const tensor = others.find(({ name }) => name === given);
  const last = tensor?.shape[3];
  const open = typeof last !== 'number';
  if (tensor?.type === 'float32' && tensor.shape.length === 4 && (open || last === labels)) return given;
  const channelsFirst = tensor?.shape.length === 4 && tensor.shape[1] === labels;
  throw visionErrors.IMPORT_OPTION_UNFIT({
    where: `--map ${given} for ${where}`,
    got: tensor === undefined ? 'the output that has the scores' : `${tensor.type} ${sizesText(tensor.shape)}`,
    expected: `float32 [batch, rows, columns, ${labels}]`,
    ...(channelsFirst && {
      hint: 'The labels come before rows and columns: transpose it in the graph, permute(0, 2, 3, 1) in PyTorch.',
    }),
  });
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}
