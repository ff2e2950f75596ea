import type { Command } from 'commander';
import type { Classification } from '../domain/model.js';
import { classifyFiles, findPictures } from '../vision/image-files.js';
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

interface ClassifyOptions {
  readonly json?: true;
  readonly provider: string;
  readonly variant?: string;
}

export function registerClassify(program: Command): void {
  program
    .command('classify')
    .description('let a model judge picture files')
    .argument('<model>', 'folder of a model package, or of its versions (the highest is taken)')
    .argument('<path...>', 'pictures, or folders of pictures with their sub-folders')
    .option('--json', 'one JSON object a line: {"file","label","score","scores"}')
    .addOption(providerOption())
    .addOption(variantOption())
    .addHelpText(
      'after',
      `
The whole picture is judged, without the region and the rotation of a station.
Exit code 1 when a file could not be judged; each is named on standard error.

Examples:
  jidoka classify models/rendered-tile part.png
  jidoka classify models/magnetic-tile/1.0.0 ./photographs
  jidoka classify models/magnetic-tile ./photographs --json > results.ndjson
  jidoka classify models/magnetic-tile part.jpg --provider cuda --variant fp32`,
    )
    .action(classify);
}

async function classify(modelPath: string, paths: readonly string[], options: ClassifyOptions): Promise<void> {
  const opened = await openModel(modelPath, options.provider, options.variant);
  try {
    const failed = await classifyPaths(opened, paths, options.json === true);
    if (failed > 0) process.exitCode = 1;
  } finally {
    await opened.classifier.stop();
  }
}

async function classifyPaths(
  { classifier, info, filesAtOnce }: OpenedModel,
  paths: readonly string[],
  json: boolean,
): Promise<number> {
  const labelWidth = Math.max(...info.labels.map(({ length }) => length));
  let judged = 0;
  let failed = 0;
  if (!json) await print(modelLines(info));
  for (const path of paths) {
    const found = await findPictures(path).catch((error: unknown) => reportFailure(path, error));
    if (found === undefined) {
      failed += 1;
      continue;
    }
    reportOthers(found.others);
    for await (const result of classifyFiles(classifier, found.pictures, filesAtOnce)) {
      if ('error' in result) {
        failed += 1;
        reportFailure(result.file, result.error);
        continue;
      }
      judged += 1;
      const { file, classification } = result;
      const line = json ? jsonLine(file, classification) : tableLine(file, classification, labelWidth);
      // Whoever reads has seen enough, as `head` does: no more work, and no error.
      if (!(await print(line))) return failed;
    }
  }
  if (judged + failed === 0) {
    process.stderr.write(`no pictures in ${paths.join(', ')}\n`);
    return 1;
  }
  if (!json) await print(`\n${judged} judged, ${failed} failed\n`);
  return failed;
}

function jsonLine(file: string, { labels, scores, label, score }: Classification): string {
  const byLabel = Object.fromEntries(labels.map((name, index) => [name, digits(scores[index] ?? 0)]));
  return `${JSON.stringify({ file, label, score: digits(score), scores: byLabel })}\n`;
}

function tableLine(file: string, { label, score }: Classification, labelWidth: number): string {
  return `${label.padEnd(labelWidth)}  ${score.toFixed(4)}  ${file}\n`;
}

function digits(score: number): number {
  return Number(score.toFixed(6));
}
