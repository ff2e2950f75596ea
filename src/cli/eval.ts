import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SingleBar } from 'cli-progress';
import type { Command } from 'commander';
import { messageOf } from '../base/errors.js';
import { visionErrors } from '../vision/errors.js';
import { type Evaluation, evaluate, type JudgedPicture } from '../vision/evaluation.js';
import { classifyFiles, findPictures, foldersAmong } from '../vision/image-files.js';
import {
  modelLines,
  type OpenedModel,
  openModel,
  print,
  providerOption,
  reportFailure,
  reportOthers,
  variantOption,
} from './open-model.js';
import { percent, table } from './table.js';

interface EvalOptions {
  readonly json?: true;
  readonly provider: string;
  readonly variant?: string;
}

interface KnownPicture {
  readonly file: string;
  readonly actual: string;
}

export function registerEval(program: Command): void {
  program
    .command('eval')
    .description('measure a model on pictures whose class is known')
    .argument('<model>', 'folder of a model package, or of its versions (the highest is taken)')
    .argument('<folder>', "folder with one sub-folder a class, named as the model's labels")
    .option('--json', 'one JSON object with all figures')
    .addOption(providerOption())
    .addOption(variantOption())
    .addHelpText(
      'after',
      `
Escape rate: of the defective parts, the share that the model's threshold would pass.
False reject rate: of the good parts, the share that it would not pass.
Exit code 1 when a file could not be judged; each is named on standard error and counted as failed.

Examples:
  jidoka eval models/magnetic-tile ./validation
  jidoka eval models/magnetic-tile/1.0.0 ./validation --json`,
    )
    .action(evalModel);
}

async function evalModel(modelPath: string, folder: string, options: EvalOptions): Promise<void> {
  const opened = await openModel(modelPath, options.provider, options.variant);
  try {
    const known = await knownPictures(folder, opened.info.labels);
    const { judged, failed } = await judge(opened, known);
    const { labels, goodLabel, goodThreshold } = opened.info;
    const evaluation = evaluate(judged, { labels, goodLabel, goodThreshold });
    if (options.json === true) await print(`${JSON.stringify({ ...evaluation, failed })}\n`);
    else await print(`${modelLines(opened.info)}${report(evaluation, opened.info.goodThreshold, failed)}`);
    if (failed > 0) process.exitCode = 1;
  } finally {
    await opened.classifier.stop();
  }
}

/** @throws EVALUATION_FOLDER_UNUSABLE for class folders that the model does not know, or when there is no picture */
async function knownPictures(folder: string, labels: readonly string[]): Promise<KnownPicture[]> {
  const unusable = (got: string, cause?: unknown) =>
    visionErrors.EVALUATION_FOLDER_UNUSABLE({
      where: folder,
      got,
      expected: `folders named ${labels.join(', ')}`,
      cause,
    });
  const entries = await readdir(folder).catch((cause: unknown) => {
    throw unusable(messageOf(cause), cause);
  });
  const { folders: classes, others: otherFiles } = await foldersAmong(folder, entries);
  const unknown = classes.filter((name) => !labels.includes(name));
  if (unknown.length > 0) throw unusable(`${unknown.length === 1 ? 'folder' : 'folders'} ${unknown.join(', ')}`);
  const known: KnownPicture[] = [];
  let others = otherFiles;
  for (const actual of classes) {
    const found = await findPictures(join(folder, actual));
    others += found.others;
    for (const file of found.pictures) known.push({ file, actual });
  }
  reportOthers(others);
  if (known.length === 0) throw unusable('no pictures');
  return known;
}

async function judge(
  { classifier, info, filesAtOnce }: OpenedModel,
  known: readonly KnownPicture[],
): Promise<{ judged: JudgedPicture[]; failed: number }> {
  const good = info.goodLabel === null ? -1 : info.labels.indexOf(info.goodLabel);
  const bar = new SingleBar({ stream: process.stderr, format: '{bar} {value}/{total}  {eta_formatted} left' });
  const showsProgress = process.stderr.isTTY === true;
  if (showsProgress) bar.start(known.length, 0);
  const judged: JudgedPicture[] = [];
  const failures: { readonly file: string; readonly error: unknown }[] = [];
  let position = 0;
  const files = known.map(({ file }) => file);
  for await (const result of classifyFiles(classifier, files, filesAtOnce)) {
    const actual = known[position]?.actual ?? '';
    position += 1;
    if ('error' in result) failures.push(result);
    else {
      const { label, scores } = result.classification;
      judged.push({ actual, predicted: label, goodScore: scores[good] ?? null });
    }
    if (showsProgress) bar.update(position);
  }
  bar.stop();
  for (const { file, error } of failures) reportFailure(file, error);
  return { judged, failed: failures.length };
}

function report(evaluation: Evaluation, goodThreshold: number, failed: number): string {
  const { n, accuracy, balancedAccuracy, escapeRate, falseRejectRate, perClass, confusion } = evaluation;
  const labels = Object.keys(perClass);
  const figures = labels.map((label) => {
    const { precision, recall, f1, support } = perClass[label] ?? {
      precision: null,
      recall: null,
      f1: null,
      support: 0,
    };
    return [label, percent(precision), percent(recall), percent(f1), String(support)];
  });
  const counts = labels.map((label) => [label, ...labels.map((other) => String(confusion[label]?.[other] ?? 0))]);
  return [
    `pictures           ${n}${failed > 0 ? ` (${failed} more could not be judged)` : ''}`,
    `accuracy           ${percent(accuracy)}`,
    `balanced accuracy  ${percent(balancedAccuracy)}`,
    `escape rate        ${percent(escapeRate)}   (good score of ${goodThreshold} or more on a defective part)`,
    `false reject rate  ${percent(falseRejectRate)}   (good score below ${goodThreshold} on a good part)`,
    '',
    ...table(['class', 'precision', 'recall', 'F1', 'pictures'], figures),
    '',
    'what they are, row by row, and what they were called:',
    ...table(['', ...labels], counts),
    '',
  ].join('\n');
}
