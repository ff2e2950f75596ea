import type { Comparison } from '../vision/import/comparison.js';
import type { InspectedModel } from '../vision/import/inspect.js';
import { shortName } from '../vision/import/samples.js';
import { sizesText } from '../vision/import/tensor-problems.js';
import type { Manifest } from '../vision/manifest.js';
import type { TrialOutcome } from './model-import-trial.js';

const SHOWN_PICTURES = 6;
const SHOWN_CANDIDATES = 6;
const SAME_SCORES = 1e-3;

/** What the file says of itself. */
export function inspectedLines({ file, bytes, onnx, session }: InspectedModel): string {
  const { producer, operatorSets, parameters } = onnx;
  const sets = [...operatorSets].map(([domain, version]) => `${domain} ${version}`);
  const { inputs, outputs } = session.graph;
  return lines([
    ['file', `${file}, ${grouped(bytes.byteLength)} bytes`],
    ['exporter', `${producer === '' ? 'not stated' : producer}, operators ${sets.join(', ')}`],
    ['weights', parameters > 0 ? grouped(parameters) : 'not stored as tensors'],
    ...inputs.map(({ name, type, shape }) => ['input', `"${name}" ${type} ${sizesText(shape)}`] as const),
    ...outputs.map(({ name, type, shape }) => ['output', `"${name}" ${type} ${sizesText(shape)}`] as const),
  ]);
}

export function notesLines(notes: readonly string[]): string {
  return lines(notes.map((note) => ['note', note]));
}

/** What was found, how, and what the model makes of some pictures. */
export function outcomeLines(
  outcome: TrialOutcome,
  { width, height, channels, layout, type }: Manifest['input'],
): string {
  const { labels, activation, map, preprocessing, scaling, scalings, resizes } = outcome;
  return [
    '\n',
    ...(scalings === undefined ? [] : [comparisonLines('scaling', scalings, ({ text }) => text)]),
    ...(resizes === undefined ? [] : [comparisonLines('resizing', resizes, (resize) => resize)]),
    lines([
      [
        'takes',
        `${width} x ${height}, ${channels === 1 ? 'grey' : 'colour'}, ${layout} ${type}, ${preprocessing.resize}`,
      ],
      ['pixels', scaling.text],
      ['gives', `${activation === 'softmax' ? 'probabilities' : 'logits'} of ${labels.join(', ')}`],
      ...(map === null ? [] : [['map', `"${map.name}", ${map.rows} x ${map.columns}`] as const]),
    ]),
    '\n',
    ...pictureLines(outcome),
    ...warnings(outcome).map((warning) => `\nwarning: ${warning}\n`),
  ].join('');
}

/** What comes next for whoever imported the model. */
export function nextSteps(folder: string, manifest: Manifest, golden: 'pictures' | 'generated' | 'none'): string {
  const { name, version, license, dataSource, output } = manifest;
  const missing = [license, dataSource].includes('not stated');
  return `
${folder} is ready; the agent's own loader has read it and run it.
${GOLDEN[golden]}

next
  1. Fill in ${folder}/CARD.md${missing ? ', and license and dataSource in model.json' : ''}.
  2. Measure it on pictures that it was not trained with, in class folders:
       jidoka eval ${folder} VALIDATION
${output.map === null ? '' : `     and see where it looks:\n       jidoka classify ${folder} PICTURES --heatmap FOLDER\n`}  3. Let a station use it, at first one without output.plc:
       model:
         package: ${name}/${version}
`;
}

const GOLDEN = {
  pictures:
    'golden/ holds copies of some of your pictures, which go wherever the package goes; --no-golden leaves them out.',
  generated: 'golden/ holds generated pictures: they prove that the model computes the same everywhere, no more.',
  none: 'It has no golden samples, so that a start cannot prove that the model computes as it did here.',
};

function comparisonLines<T>(title: string, comparison: Comparison<T>, text: (candidate: T) => string): string {
  const { ranked, best, rivals, differs } = comparison;
  const rows = ranked
    .slice(0, SHOWN_CANDIDATES)
    .map(
      ({ candidate, accuracy, logLoss }) =>
        `  ${percent(accuracy).padStart(8)}  ${logLoss.toFixed(3).padStart(8)}  ${text(candidate)}\n`,
    );
  const names = rivals.slice(0, 3).map(({ candidate }) => text(candidate));
  const verdict = !differs
    ? 'All are alike for these pictures; the most usual is taken.'
    : rivals.length === 0
      ? 'The first fits clearly better than the others.'
      : `The first is the most usual of those that fit, but these pictures do not tell it from: ${names.join('; ')}.`;
  const count = best.probabilities.length;
  return `${title}, tried on ${count} pictures of known class\n  accuracy  log loss (calibrated)\n${rows.join('')}  ${verdict}\n\n`;
}

function pictureLines({ labels, pictures }: TrialOutcome): string[] {
  const width = Math.max(...labels.map(({ length }) => length));
  const step = Math.max(1, Math.floor(pictures.length / SHOWN_PICTURES));
  return pictures
    .filter((_, index) => index % step === 0)
    .slice(0, SHOWN_PICTURES)
    .map(({ prepared: { sample }, probabilities }) => {
      const top = probabilities.reduce((best, score, index) => (score > (probabilities[best] ?? 0) ? index : best), 0);
      return `  ${(labels[top] ?? '').padEnd(width)}  ${(probabilities[top] ?? 0).toFixed(4)}  ${shortName(sample.name)}\n`;
    });
}

function warnings({ pictures, scaling, scalings, labels }: TrialOutcome): string[] {
  const [first] = pictures;
  const constant = pictures.every(({ probabilities }) =>
    probabilities.every((score, label) => Math.abs(score - (first?.probabilities[label] ?? 0)) < SAME_SCORES),
  );
  const found: string[] = [];
  if (constant) found.push('it gives the same scores for every picture: look at the scaling and at the export.');
  if (scalings !== undefined && scalings.rivals.length > 0 && scaling === scalings.best.candidate) {
    found.push(`the scaling is not certain, ${scaling.text} is taken: see the training code, and give --scale.`);
  }
  const accuracy = scalings?.best.accuracy;
  if (accuracy !== undefined && accuracy < 1.5 / labels.length) {
    found.push(
      `it calls ${percent(accuracy)} of the pictures right, about as many as chance: look at the labels, their order, and whether the pictures are like those it was trained with.`,
    );
  }
  return found;
}

function lines(entries: readonly (readonly [string, string])[]): string {
  return entries.map(([key, text]) => `${key.padEnd(8)} ${text}\n`).join('');
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function grouped(value: number): string {
  return value.toLocaleString('en-US');
}
