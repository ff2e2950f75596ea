import type { Command } from 'commander';
import type { Manifest, Variant } from '../vision/manifest.js';
import { findModelPackage, loadModelPackage, type ModelPackage } from '../vision/model-package.js';
import { guardOutput, print } from './open-model.js';
import { percent, table } from './table.js';

export function registerModelShow(model: Command): void {
  model
    .command('show')
    .description('print what a model package holds: input, labels, variants, figures, thresholds')
    .argument('<model>', 'folder of a model package, or of its versions (the highest is taken)')
    .option('--json', 'the manifest as JSON, with every default filled in')
    .addHelpText(
      'after',
      `
The files of the package are checked as at a start; the network itself is not run.

Examples:
  jidoka model show models/magnetic-tile
  jidoka model show models/magnetic-tile/1.0.0 --json`,
    )
    .action(show);
}

async function show(path: string, options: { readonly json?: true }): Promise<void> {
  guardOutput();
  const model = await loadModelPackage(await findModelPackage(path));
  await print(options.json === true ? `${JSON.stringify(model.manifest, null, 2)}\n` : packageText(model));
}

function packageText({ folder, manifest, golden }: ModelPackage): string {
  const { name, version, description, labels, goodLabel, license, dataSource, validation, variants } = manifest;
  const facts = [
    ['model', `${name} ${version}`],
    ['', description],
    ['folder', folder],
    ['labels', labels.map((label) => (label === goodLabel ? `${label} (good)` : label)).join(', ')],
    ['input', inputText(manifest)],
    ['output', outputText(manifest)],
    ['golden', golden.length === 0 ? 'none' : `${golden.length} pictures with the scores they must give`],
    ['license', license],
    ['data', dataSource],
    ...(validation === null ? [] : [['split', validation.split]]),
    ...(validation === null ? [] : [['command', validation.command]]),
  ];
  const rows = Object.entries(variants).map(([key, variant]) => variantRow(key, variant, manifest));
  const thresholds = Object.entries(variants).flatMap(([key, variant]) => thresholdRows(key, variant));
  return [
    ...facts.map(([key = '', text = '']) => `${key.padEnd(8)} ${text}`),
    '',
    ...table(['variant', 'accuracy', 'balanced', 'escapes', 'false rejects', 'good from', 'weights', 'time'], rows),
    ...Object.entries(variants).map(([key, { description: text }]) => `  ${key}: ${text}`),
    ...(thresholds.length === 0
      ? []
      : ['', ...table(['wanted escapes', 'variant', 'good from', 'escapes', 'false rejects'], thresholds)]),
    '',
  ].join('\n');
}

function inputText({ input, preprocessing }: Manifest): string {
  const { width, height, channels, layout, type, name } = input;
  const color = channels === 1 ? 'grey' : preprocessing.order === 'rgb' ? 'colour' : 'colour, blue first';
  return `"${name}" ${type} ${width} x ${height}, ${color}, ${layout}, ${preprocessing.resize}`;
}

function outputText({ output }: Manifest): string {
  const { name, activation, map } = output;
  const scores = `"${name}" ${activation === 'softmax' ? 'probabilities' : 'logits'}`;
  return map === null
    ? `${scores}, no class-activation map`
    : `${scores}, map "${map.name}" ${map.rows} x ${map.columns}`;
}

function variantRow(name: string, variant: Variant, { defaultVariant }: Manifest): string[] {
  const { metrics, goodThreshold, parameters, latencyRatio } = variant;
  return [
    name === defaultVariant ? `${name} (default)` : name,
    ...[metrics?.accuracy, metrics?.balancedAccuracy, metrics?.escapeRate, metrics?.falseRejectRate].map((share) =>
      percent(share ?? null),
    ),
    String(goodThreshold),
    parameters === null ? '-' : parameters.toLocaleString('en-US'),
    latencyRatio === null ? '-' : `x ${latencyRatio.toFixed(2)}`,
  ];
}

function thresholdRows(name: string, { thresholds }: Variant): string[][] {
  return thresholds.map(({ targetEscapeRate, threshold, escapeRate, falseRejectRate }) => [
    percent(targetEscapeRate),
    name,
    String(threshold),
    percent(escapeRate),
    percent(falseRejectRate),
  ]);
}
