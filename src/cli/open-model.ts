import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { Option } from 'commander';
import { messageOf } from '../base/errors.js';
import { silentLogger } from '../base/logger.js';
import { inferenceSchema } from '../config/schema/index.js';
import type { ClassifierInfo } from '../ports/classifier.js';
import { OnnxClassifier } from '../vision/classifier.js';
import { findModelPackage, loadModelPackage, type ModelPackage } from '../vision/model-package.js';

const MAX_WORKERS = 4;

export interface OpenedModel {
  readonly model: ModelPackage;
  readonly classifier: OnnxClassifier;
  readonly info: ClassifierInfo;
  /** Files to have under way at once, so that no worker waits. */
  readonly filesAtOnce: number;
  readonly maxImagePixels: number;
}

/** `--provider`, with the names that the configuration knows. */
export function providerOption(): Option {
  return new Option('--provider <name>', 'execution provider; where it cannot be loaded the CPU is taken')
    .choices(inferenceSchema.shape.providers.unwrap().element.options)
    .default('cpu');
}

/** `--variant`, checked when the package is read. */
export function variantOption(): Option {
  return new Option('--variant <name>', "form of the model, such as int8 (default: the package's default)");
}

/** Loads the package that a path names and starts it; fallbacks are told on standard error. */
export async function openModel(path: string, provider: string, variant?: string): Promise<OpenedModel> {
  guardOutput();
  const model = await loadModelPackage(await findModelPackage(path), variant);
  const workers = Math.min(MAX_WORKERS, Math.max(1, Math.floor(availableParallelism() / 2)));
  const logger = { ...silentLogger, warn: (_: object, message: string) => void process.stderr.write(`${message}\n`) };
  const { maxImagePixels } = inferenceSchema.parse({});
  const classifier = new OnnxClassifier({ model, providers: [provider], workers, maxImagePixels, logger });
  return { model, classifier, info: await classifier.start(), filesAtOnce: 2 * workers + 2, maxImagePixels };
}

/** What a reader of results should know of the model, for the head of a table. */
export function modelLines({ model, variant, provider, license, dataSource }: ClassifierInfo): string {
  return [
    `model    ${model.name} ${model.version} (${variant}) on ${provider}`,
    `license  ${license}`,
    `data     ${dataSource}`,
    '',
    '',
  ].join('\n');
}

/** Writes to standard output and waits for a reader that is slow; false once the reader has gone. */
export async function print(text: string): Promise<boolean> {
  const { stdout } = process;
  if (!stdout.writable) return false;
  if (!stdout.write(text)) await once(stdout, 'drain').catch(() => undefined);
  return stdout.writable;
}

/** Every command that prints calls it first. */
export function guardOutput(): void {
  process.stdout.on('error', outputFailed);
}

/** A reader that has gone, as `head` does, is no error; a full disk is. */
function outputFailed(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') return;
  process.stderr.write(`the output could not be written: ${error.message}\n`);
  process.exitCode = 1;
}

export function reportFailure(file: string, error: unknown): void {
  process.stderr.write(`${file}: ${messageOf(error)}\n`);
}

export function reportOthers(count: number): void {
  if (count === 0) return;
  process.stderr.write(
    `${count} ${count === 1 ? 'file that is not a picture was' : 'files that are not pictures were'} left alone\n`,
  );
}
