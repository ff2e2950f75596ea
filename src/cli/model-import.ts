import type { Command } from 'commander';
import { inferenceSchema } from '../config/schema/index.js';
import { visionErrors } from '../vision/errors.js';
import { buildPackage } from '../vision/import/build-package.js';
import { importedManifest } from '../vision/import/imported-manifest.js';
import { type InspectedModel, inspectModel } from '../vision/import/inspect.js';
import { findSamples, generatedSamples, type Sample } from '../vision/import/samples.js';
import { prepareSamples } from '../vision/import/trials.js';
import { expectFree, type Target } from '../vision/import/write-package.js';
import type { Manifest } from '../vision/manifest.js';
import { type Ask, terminalAsk, unattendedAsk } from './ask.js';
import { addImportOptions, type ImportOptions, packageName } from './model-import-options.js';
import { inspectedLines, nextSteps, notesLines, outcomeLines } from './model-import-report.js';
import { settleGoodLabel, settleGraph } from './model-import-settle.js';
import { tryModel } from './model-import-trial.js';
import { guardOutput, print, reportFailure } from './open-model.js';

/** So many pictures tell scalings apart; more would only take time. */
const MAX_SAMPLES = 120;

export function registerModelImport(model: Command): void {
  const command = model
    .command('import')
    .description('make a model package of an ONNX file that was trained elsewhere')
    .argument('<file>', 'the ONNX file of a classifier: one picture in, one score a class out');
  addImportOptions(command)
    .addHelpText(
      'after',
      `
What the file does not tell is asked for; with --yes, or without a terminal, an error names the option.
With --samples in class folders, named as the labels, the scaling is found by trying.

Examples:
  jidoka model import housing.onnx --labels good,scratch,dent --samples ./validation
  jidoka model import resnet.onnx --labels classes.txt --good ok --scale imagenet --resize cover --yes
  jidoka model import forest.onnx --labels bad,good --size 32x32 --scale 0..1 --name lid --version 1.1.0`,
    )
    .action(importModel);
}

async function importModel(file: string, options: ImportOptions): Promise<void> {
  guardOutput();
  const attended = options.yes !== true && process.stdin.isTTY === true && process.stderr.isTTY === true;
  const ask = attended ? terminalAsk(process.stdin, process.stderr) : unattendedAsk;
  const target: Target = { models: options.out, name: packageName(file, options), version: options.version };
  if (options.force !== true) await expectFree(target);
  const model = await inspectModel(file);
  const described = await describe(model, target, options, ask).finally(() => model.session.release());
  const { manifest, samples } = described;
  const golden = options.golden ? samples : [];
  const folder = await buildPackage(target, model.bytes, manifest, golden, options.force === true, maxPixels());
  const copied = samples.some(({ from }) => 'file' in from);
  const kind = !options.golden ? 'none' : copied ? 'pictures' : 'generated';
  await print(nextSteps(folder, manifest, kind));
}

/** Everything that the manifest says, by the graph, the options, the answers and trying. */
async function describe(
  model: InspectedModel,
  target: Target,
  options: ImportOptions,
  ask: Ask,
): Promise<{ readonly manifest: Manifest; readonly samples: readonly Sample[] }> {
  await print(inspectedLines(model));
  const { input, scores, map, labels: named, notes } = await settleGraph(model, options, ask);
  await print(notesLines(notes));
  const found =
    options.samples === undefined ? { samples: [], notes: [] } : await findSamples(options.samples, named, MAX_SAMPLES);
  await print(notesLines(found.notes));

  const maxImagePixels = maxPixels();
  const { resize = 'stretch', kernel, fill } = options;
  const form = {
    input,
    preprocessing: { resize, kernel, fill, scale: 1, mean: [0], std: [1], order: 'rgb' as const },
  };
  const { prepared, failures } = await prepareSamples(found.samples, form, maxImagePixels);
  for (const { sample, error } of failures) reportFailure(sample.name, error);
  if (options.samples !== undefined && prepared.length === 0) {
    throw visionErrors.IMPORT_SAMPLES_UNUSABLE({ where: options.samples, got: 'no picture that can be read' });
  }
  const generated = await generatedSamples(input);
  const made = await prepareSamples(generated, form, maxImagePixels);
  const subject = {
    model,
    form,
    scores,
    labels: named.length,
    prepared,
    generated: made.prepared,
    maxImagePixels,
  };
  const trial = await tryModel(subject, named, map, options, ask);
  await print(outcomeLines(trial, input));
  const goodLabel = await settleGoodLabel(trial.labels, options.good, ask);
  const { license, source } = options;
  return {
    manifest: importedManifest({ model, target, input, scores, trial, goodLabel, license, source }),
    samples: prepared.length > 0 ? prepared.map(({ sample }) => sample) : generated,
  };
}

function maxPixels(): number {
  return inferenceSchema.parse({}).maxImagePixels;
}
