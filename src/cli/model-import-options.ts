import { readFile } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import { type Command, Option } from 'commander';
import { manifestSchema } from '../vision/manifest.js';
import { cliErrors } from './errors.js';

const { input, preprocessing, output } = manifestSchema.shape;

export interface ImportOptions {
  readonly labels?: string;
  readonly good?: string;
  readonly name?: string;
  readonly version: string;
  readonly samples?: string;
  readonly golden: boolean;
  readonly scale?: string;
  readonly mean?: readonly number[];
  readonly std?: readonly number[];
  readonly color?: 'grey' | 'rgb' | 'bgr';
  readonly layout?: 'NHWC' | 'NCHW' | 'FLAT';
  readonly size?: { readonly width: number; readonly height: number };
  readonly resize?: 'stretch' | 'letterbox' | 'cover';
  readonly kernel: 'nearest' | 'linear' | 'cubic' | 'mitchell' | 'lanczos2' | 'lanczos3';
  readonly fill: number;
  readonly activation?: 'softmax' | 'logits';
  readonly output?: string;
  readonly map?: string;
  readonly license?: string;
  readonly source?: string;
  readonly out: string;
  readonly force?: true;
  readonly yes?: true;
}

export function addImportOptions(command: Command): Command {
  const choice = (flags: string, text: string, values: readonly string[]): Option =>
    new Option(flags, text).choices(values);
  return command
    .option('--labels <list>', 'the classes in the order of the output: a,b,c, or a text file with one a line')
    .option('--good <label>', 'the class of a good part, or none where the model only tells defects apart')
    .option('--name <name>', "name of the package (default: from the file's name)")
    .option('--version <version>', 'version of the package', '1.0.0')
    .option('--samples <folder>', 'pictures to try the model on, best in one sub-folder a class')
    .option('--no-golden', 'keep no sample pictures in the package')
    .option('--scale <range>', 'values of a pixel: 0..1, -1..1, 0..255, imagenet, caffe, or another LOW..HIGH')
    .option('--mean <numbers>', "then minus these, one or one a channel, as torchvision's Normalize", numbers)
    .option('--std <numbers>', 'then over these', numbers)
    .addOption(choice('--color <order>', 'channels of the input', ['grey', 'rgb', 'bgr']))
    .addOption(choice('--layout <layout>', 'order of the axes', input.shape.layout.options))
    .option('--size <WxH>', 'width and height of the input in pixels', sizeFrom)
    .addOption(choice('--resize <how>', 'how pictures are brought to that size', preprocessing.shape.resize.options))
    .addOption(choice('--kernel <kernel>', 'of resizing', preprocessing.shape.kernel.options).default('linear'))
    .option('--fill <level>', 'grey level of letterbox bars, 0 to 255', level, 0)
    .addOption(choice('--activation <kind>', 'what the output gives', output.shape.activation.options))
    .option('--output <name>', 'the output with the scores')
    .option('--map <name>', 'the output with the class-activation map, or none')
    .option('--license <text>', 'terms of the weights')
    .option('--source <text>', 'where the training data comes from')
    .option('--out <folder>', 'folder of model packages', 'models')
    .option('--force', 'replace a package of this version')
    .option('-y, --yes', 'ask nothing: take what is likely, or fail with the name of the option to give');
}

/**
 * The labels of `--labels`: a file with one a line where there is one of this name, else a list with commas.
 * @throws CLI_BAD_OPTION
 */
export async function labelsFrom(text: string): Promise<readonly string[]> {
  const lines = await readFile(text, 'utf8').then(
    (content) => content.replace(/^\uFEFF/, '').split(/\r?\n/),
    () => text.split(','),
  );
  const labels = lines.map((label) => label.trim()).filter((label) => label !== '');
  const problem = labelsProblem(labels);
  if (problem === undefined) return labels;
  throw cliErrors.CLI_BAD_OPTION({ where: '--labels', got: problem, expected: 'two or more labels, each once' });
}

function labelsProblem(labels: readonly string[]): string | undefined {
  const twice = labels.find((label, index) => labels.indexOf(label) !== index);
  if (twice !== undefined) return `"${twice}" twice`;
  const parsed = manifestSchema.shape.labels.safeParse(labels);
  if (parsed.success) return undefined;
  return labels.length < 2
    ? `${labels.length === 0 ? 'no label' : `"${labels[0]}" alone`}`
    : parsed.error.issues[0]?.message;
}

/**
 * The name of the package: as given, or made of the file's.
 * @throws CLI_BAD_OPTION
 */
export function packageName(file: string, { name, version }: ImportOptions): string {
  const made = basename(file, extname(file))
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]+/g, '-')
    .replaceAll(/^[^a-z0-9]+|-+$/g, '')
    .slice(0, 63);
  const chosen = name ?? made;
  if (!manifestSchema.shape.name.safeParse(chosen).success) {
    throw cliErrors.CLI_BAD_OPTION({
      where: '--name',
      got: `"${chosen}"`,
      expected: 'up to 63 small letters, digits, - and _, beginning with a letter or a digit',
    });
  }
  if (!manifestSchema.shape.version.safeParse(version).success) {
    throw cliErrors.CLI_BAD_OPTION({ where: '--version', got: `"${version}"`, expected: 'MAJOR.MINOR.PATCH' });
  }
  return chosen;
}

/** `640x480`. */
export function sizeFrom(text: string): { width: number; height: number } {
  const [, width, height] = /^(\d+)[x×](\d+)$/i.exec(text) ?? [];
  const parsed = { width: Number(width), height: Number(height) };
  const { shape } = input;
  if (shape.width.safeParse(parsed.width).success && shape.height.safeParse(parsed.height).success) return parsed;
  throw cliErrors.CLI_BAD_OPTION({ where: '--size', got: `"${text}"`, expected: 'WIDTHxHEIGHT, such as 224x224' });
}

function numbers(text: string): readonly number[] {
  const values = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (values.every(Number.isFinite)) return values;
  throw cliErrors.CLI_BAD_OPTION({ where: '--mean, --std', got: `"${text}"`, expected: 'numbers with commas between' });
}

function level(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= 255) return value;
  throw cliErrors.CLI_BAD_OPTION({ where: '--fill', got: `"${text}"`, expected: 'a whole number from 0 to 255' });
}
