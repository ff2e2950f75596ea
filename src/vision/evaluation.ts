/** One picture that was judged. */
export interface JudgedPicture {
  readonly actual: string;
  readonly predicted: string;
  /** The score of the good label; null where the model has none. */
  readonly goodScore: number | null;
}

export interface ClassFigures {
  /** Of the pictures called so, the share that is; null when none was called so. */
  readonly precision: number | null;
  /** Of the pictures that are, the share called so; null when there is none. */
  readonly recall: number | null;
  /** 2 TP / (2 TP + FP + FN), the harmonic mean of both; null when the class neither occurs nor was predicted. */
  readonly f1: number | null;
  /** Pictures of this class. */
  readonly support: number;
}

export interface Evaluation {
  readonly n: number;
  readonly accuracy: number | null;
  /** The mean recall of the classes that occur: each class counts the same, however rare. */
  readonly balancedAccuracy: number | null;
  /** Rows are what the pictures are, columns what they were called. */
  readonly confusion: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly perClass: Readonly<Record<string, ClassFigures>>;
  /** Of the defective parts, the share whose good score reaches the threshold: they would be passed. */
  readonly escapeRate: number | null;
  /** Of the good parts, the share whose good score stays below the threshold. */
  readonly falseRejectRate: number | null;
}

export interface EvaluationTerms {
  readonly labels: readonly string[];
  readonly goodLabel: string | null;
  readonly goodThreshold: number;
}

/**
 * The figures of a classifier on pictures whose class is known. Shares of nothing are null.
 * @param pictures their classes and predictions are among `labels`
 */
export function evaluate(pictures: readonly JudgedPicture[], terms: EvaluationTerms): Evaluation {
  const { labels } = terms;
  const counts = new Map(labels.map((label) => [label, new Map(labels.map((other) => [other, 0]))]));
  for (const { actual, predicted } of pictures) {
    const row = counts.get(actual);
    row?.set(predicted, (row.get(predicted) ?? 0) + 1);
  }
  const count = (actual: string, predicted: string): number => counts.get(actual)?.get(predicted) ?? 0;
  const perClass = Object.fromEntries(labels.map((label) => [label, classFigures(label, labels, count)]));
  const recalls = Object.values(perClass).flatMap(({ recall }) => (recall === null ? [] : [recall]));
  return {
    n: pictures.length,
    accuracy: share(sum(labels.map((label) => count(label, label))), pictures.length),
    balancedAccuracy: share(sum(recalls), recalls.length),
    confusion: Object.fromEntries([...counts].map(([label, row]) => [label, Object.fromEntries(row)])),
    perClass,
    ...gateFigures(pictures, terms),
  };
}

function classFigures(
  label: string,
  labels: readonly string[],
  count: (actual: string, predicted: string) => number,
): ClassFigures {
  const right = count(label, label);
  const support = sum(labels.map((other) => count(label, other)));
  const called = sum(labels.map((other) => count(other, label)));
  return {
    precision: share(right, called),
    recall: share(right, support),
    f1: share(2 * right, support + called),
    support,
  };
}

function gateFigures(
  pictures: readonly JudgedPicture[],
  { goodLabel, goodThreshold }: EvaluationTerms,
): Pick<Evaluation, 'escapeRate' | 'falseRejectRate'> {
  if (goodLabel === null) return { escapeRate: null, falseRejectRate: null };
  const passed = ({ goodScore }: JudgedPicture): boolean => goodScore !== null && goodScore >= goodThreshold;
  const good = pictures.filter(({ actual }) => actual === goodLabel);
  const defective = pictures.filter(({ actual }) => actual !== goodLabel);
  return {
    escapeRate: share(defective.filter(passed).length, defective.length),
    falseRejectRate: share(good.filter((picture) => !passed(picture)).length, good.length),
  };
}

function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
