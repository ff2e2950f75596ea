import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import type { Classifier } from '../../ports/classifier.js';
import { imageFormat } from '../image-format.js';
import { sharp } from '../image-library.js';
import type { Manifest } from '../manifest.js';
import { type Sample, spread } from './samples.js';
import { sampleBytes } from './trials.js';

type Golden = NonNullable<Manifest['golden']>;

/** Providers and processors round differently; a model that is another one differs by more. */
const TOLERANCE = 0.02;
const MAX_GOLDEN = 6;
/** What the loader of model packages accepts. */
const MAX_INPUT_BYTES = 67_108_864;
const MAX_FILE_BYTES = 33_554_432;
const DIGITS = 6;
/** Formats that a package may hold; others are kept as PNG with the same pixels. */
const KEPT = new Map([
  ['jpeg', '.jpg'],
  ['png', '.png'],
  ['bmp', '.bmp'],
]);

/**
 * Up to six of the samples, of as many classes as there are.
 * @param inputBytes of one picture as the model takes it: a worker is given all golden pictures at once
 */
export function chooseGolden(samples: readonly Sample[], inputBytes: number): readonly Sample[] {
  if (samples.length === 0) return [];
  const most = Math.min(MAX_GOLDEN, Math.floor(MAX_INPUT_BYTES / inputBytes));
  const byLabel = new Map<string | undefined, Sample[]>();
  for (const sample of samples) byLabel.set(sample.label, [...(byLabel.get(sample.label) ?? []), sample]);
  const perLabel = Math.max(1, Math.ceil(MAX_GOLDEN / byLabel.size));
  const chosen = [...byLabel.values()].map((group) => spread(group, perLabel));
  // One of each class comes before the second of any.
  const inTurn = Array.from({ length: perLabel }, (_, turn) => chosen.flatMap((group) => group[turn] ?? []));
  return inTurn.flat().slice(0, most);
}

/**
 * Copies pictures into `golden/` of a package and lets the agent's own classifier score them. A file that is larger than
 * the loader accepts is left out.
 * @param variant the variant that the classifier runs
 */
export async function writeGolden(
  folder: string,
  chosen: readonly Sample[],
  classifier: Classifier,
  variant: string,
): Promise<Golden | null> {
  await mkdir(join(folder, 'golden'));
  const samples: Golden['samples'] = [];
  for (const [index, sample] of chosen.entries()) {
    const { data, extension } = await kept(await sampleBytes(sample));
    if (data.byteLength > MAX_FILE_BYTES) continue;
    const file = `golden/${index + 1}-${fileName(sample)}${extension}`;
    await writeFile(join(folder, file), data);
    const { classification } = await classifier.classify({ kind: 'encoded', data }, { rotate: 0 });
    const scores = [...classification.scores].map((score) => Math.min(1, Math.max(0, Number(score.toFixed(DIGITS)))));
    samples.push({ file, sha256: createHash('sha256').update(data).digest('hex'), scores: { [variant]: scores } });
  }
  return samples.length === 0 ? null : { tolerance: TOLERANCE, samples };
}

async function kept(data: Uint8Array): Promise<{ data: Uint8Array; extension: string }> {
  const extension = KEPT.get(imageFormat(data).format ?? '');
  if (extension !== undefined) return { data, extension };
  return { data: new Uint8Array(await sharp(data).png().toBuffer()), extension: '.png' };
}

/** A name that every file system keeps, told apart by the number before it. */
function fileName({ name, label }: Sample): string {
  const stem = basename(name, extname(name));
  return [label, stem]
    .filter((part) => part !== undefined)
    .join('-')
    .replaceAll(/[^\w.-]+/g, '_')
    .slice(0, 60);
}
