import type { Command } from 'commander';
import type { Classification } from '../domain/model.js';
import { classifyFiles, type FileResult, findPictures } from '../vision/image-files.js';
import { cliErrors } from './errors.js';
import { HeatMapFolder } from './heat-map-folder.js';
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
  readonly heatmap?: string;
  readonly class?: string;
}

export function registerClassify(program: Command): void {
  program
    .command('classify')
    .description('let a model judge picture files')
    .argument('<model>', 'folder of a model package, or of its versions (the highest is taken)')
    .argument('<path...>', 'pictures, or folders of pictures with their sub-folders')
    .option('--json', 'one JSON object a line: {"file","label","score","scores"}, with --heatmap also "heatmap"')
    .option('--heatmap <folder>', 'draw where the model sees evidence for the class, one PNG a picture')
    .option('--class <label>', 'with --heatmap: evidence for this class instead of the one that was found')
    .addOption(providerOption())
    .addOption(variantOption())
    .addHelpText(
      'after',
      `
The whole picture is judged, without the region and the rotation of a station.
Exit code 1 when a file could not be judged; each is named on standard error.
A heat map goes from blue over red to yellow, the strongest evidence for any class in this picture; where there is none
the picture stays as it is.

Examples:
  jidoka classify models/rendered-tile part.png
  jidoka classify models/magnetic-tile/1.0.0 ./photographs
  jidoka classify models/magnetic-tile ./photographs --json > results.ndjson
  jidoka classify models/magnetic-tile part.jpg --provider cuda --variant fp32
  jidoka classify models/magnetic-tile ./photographs --heatmap overlays --class crack`,
    )
    .action(classify);
}

async function classify(modelPath: string, paths: readonly string[], options: ClassifyOptions): Promise<void> {
  if (options.class !== undefined && options.heatmap === undefined) {
    throw cliErrors.CLI_BAD_OPTION({ where: '--class', got: 'no --heatmap', expected: '--heatmap FOLDER with it' });
  }
  const opened = await openModel(modelPath, options.provider, options.variant);
  try {
    const { model, maxImagePixels } = opened;
    const { heatmap: folder, class: label } = options;
    const heatMaps =
      folder === undefined ? undefined : await HeatMapFolder.open(model, { folder, label, maxImagePixels });
    const failed = await classifyPaths(opened, paths, options.json === true, heatMaps);
    if (failed > 0) process.exitCode = 1;
  } finally {
    await opened.classifier.stop();
  }
}

async function classifyPaths(
  { classifier, info, filesAtOnce }: OpenedModel,
  paths: readonly string[],
  json: boolean,
  heatMaps: HeatMapFolder | undefined,
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
    const results = classifyFiles(classifier, found.pictures, filesAtOnce, { map: heatMaps !== undefined });
    for await (const result of results) {
      const drawn = await withHeatMap(result, path, heatMaps);
      if ('error' in drawn) {
        failed += 1;
        reportFailure(drawn.file, drawn.error);
        continue;
      }
      judged += 1;
      const line = json ? jsonLine(drawn) : tableLine(drawn, labelWidth);
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

type Judged = { readonly file: string; readonly classification: Classification; readonly heatmap?: string };

/** Adds the overlay of a picture that was judged; one that cannot be drawn or written is a failure like another. */
async function withHeatMap(
  result: FileResult,
  path: string,
  heatMaps: HeatMapFolder | undefined,
): Promise<Judged | { readonly file: string; readonly error: unknown }> {
  if ('error' in result || heatMaps === undefined) return result;
  const { file, classification } = result;
  try {
    return { file, classification, heatmap: await heatMaps.write(file, path, result) };
  } catch (error) {
    return { file, error };
  }
}

function jsonLine({ file, classification: { labels, scores, label, score }, heatmap }: Judged): string {
  const byLabel = Object.fromEntries(labels.map((name, index) => [name, digits(scores[index] ?? 0)]));
  const line = { file, label, score: digits(score), scores: byLabel, ...(heatmap !== undefined && { heatmap }) };
  return `${JSON.stringify(line)}\n`;
}

function tableLine({ file, classification: { label, score }, heatmap }: Judged, labelWidth: number): string {
  const overlay = heatmap === undefined ? '' : `  → ${heatmap}`;
  return `${label.padEnd(labelWidth)}  ${score.toFixed(4)}  ${file}${overlay}\n`;
}

function digits(score: number): number {
  return Number(score.toFixed(6));
}
