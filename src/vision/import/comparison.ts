import { mapAll, type NonEmpty } from '../../base/non-empty.js';

/** What one candidate made of the same pictures as all others: one probability a label for each. */
export interface Trial<T> {
  readonly candidate: T;
  readonly probabilities: readonly Float32Array[];
}

export interface Ranked<T> extends Trial<T> {
  readonly accuracy: number;
  /** Mean of -ln of the probability of what the picture is, at the temperature that makes it least. */
  readonly logLoss: number;
}

export interface Comparison<T> {
  /** The one that is taken first, then by log loss. */
  readonly ranked: NonEmpty<Ranked<T>>;
  readonly best: Ranked<T>;
  /** Others that give other scores and yet are not clearly worse. */
  readonly rivals: readonly Ranked<T>[];
  /** Whether any other gives other scores at all. */
  readonly differs: boolean;
}

const LEAST_PROBABILITY = 1e-7;
const SAME_SCORE = 1e-4;
/** Standard errors of a mean of paired differences that count as more than chance. */
const CLEAR_ERRORS = 2;
const CLEAR_LOSS = 0.02;
/** Of fewer pictures nothing is called clear. */
const FEWEST_PICTURES = 6;
const TEMPERATURES = Array.from({ length: 13 }, (_, index) => 2 ** (index / 2 - 2));

/**
 * Ranks candidates by pictures whose class is known. A wrong scale with more contrast makes a model more sure of itself
 * where it is right anyway, and that lowers the log loss without meaning anything: so each is compared at the
 * temperature that suits it best, and of those that are not clearly worse than the lowest the most usual is taken.
 * @param trials the most usual first
 * @param actual index of the label of each picture
 */
export function compare<T>(trials: NonEmpty<Trial<T>>, actual: readonly number[]): Comparison<T> {
  const measured = mapAll(trials, (trial) => measure(trial, actual));
  const lowest = measured.reduce((least, next) => (next.logLoss < least.logLoss ? next : least));
  const alike = measured.filter((one) => one === lowest || !isWorse(one, lowest));
  const [best = lowest] = alike;
  const others = measured.filter((one) => one !== best).sort((a, b) => a.logLoss - b.logLoss);
  const enough = actual.length >= FEWEST_PICTURES;
  return {
    ranked: mapAll([best, ...others], plain),
    best: plain(best),
    rivals: (enough ? alike : measured).filter((one) => !isSame(one, best)).map(plain),
    differs: measured.some((one) => !isSame(one, best)),
  };
}

/** Index of the greatest score; the first of equal ones. */
export function topIndex(scores: Float32Array): number {
  return scores.reduce((best, score, index) => (score > (scores[best] ?? 0) ? index : best), 0);
}

interface Measured<T> extends Ranked<T> {
  readonly hits: readonly number[];
  readonly losses: readonly number[];
}

function measure<T>(trial: Trial<T>, actual: readonly number[]): Measured<T> {
  const hits = trial.probabilities.map((scores, index) => (topIndex(scores) === actual[index] ? 1 : 0));
  const fits = TEMPERATURES.map((temperature) => lossesAt(trial.probabilities, actual, temperature));
  const losses = fits.reduce((least, next) => (mean(next) < mean(least) ? next : least));
  return { ...trial, accuracy: mean(hits), logLoss: mean(losses), hits, losses };
}

function plain<T>({ candidate, probabilities, accuracy, logLoss }: Measured<T>): Ranked<T> {
  return { candidate, probabilities, accuracy, logLoss };
}

/** Losses with each probability raised to 1 / temperature and normalised, which is what a temperature does to logits. */
function lossesAt(probabilities: readonly Float32Array[], actual: readonly number[], temperature: number): number[] {
  return probabilities.map((scores, index) => {
    const logs = [...scores].map((score) => Math.log(Math.max(LEAST_PROBABILITY, score)) / temperature);
    const largest = Math.max(...logs);
    const sum = logs.reduce((total, value) => total + Math.exp(value - largest), 0);
    return Math.log(sum) + largest - (logs[actual[index] ?? -1] ?? Number.NEGATIVE_INFINITY);
  });
}

function isSame<T>(a: Trial<T>, b: Trial<T>): boolean {
  return a.probabilities.every((scores, picture) =>
    scores.every((score, label) => Math.abs(score - (b.probabilities[picture]?.[label] ?? 0)) < SAME_SCORE),
  );
}

/** More than chance explains: fewer pictures right, or as many and less likely so. */
function isWorse<T>(one: Measured<T>, than: Measured<T>): boolean {
  const missed = than.hits.map((hit, index) => hit - (one.hits[index] ?? 0));
  if (isAboveChance(missed)) return true;
  const lost = one.losses.map((loss, index) => loss - (than.losses[index] ?? 0));
  return one.accuracy <= than.accuracy && mean(lost) > CLEAR_LOSS && isAboveChance(lost);
}

function isAboveChance(differences: readonly number[]): boolean {
  const average = mean(differences);
  const variance =
    differences.reduce((sum, value) => sum + (value - average) ** 2, 0) / Math.max(1, differences.length - 1);
  return average > CLEAR_ERRORS * Math.sqrt(variance / differences.length);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
