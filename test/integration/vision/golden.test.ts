import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { InferenceSession } from 'onnxruntime-node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Logger, silentLogger } from '#jidoka/base/logger.js';
import { OnnxClassifier } from '#jidoka/vision/classifier.js';
import { goldenSet } from '#jidoka/vision/golden-pictures.js';
import { loadModelPackage, type ModelPackage } from '#jidoka/vision/model-package.js';
import { ModelSession } from '#jidoka/vision/session.js';
import { changeManifest, goldenPicture, tinyModel, writeTinyPackage } from '../../simulators/onnx.js';

let folder: string;
let threads: Worker[];
const noteThread = (thread: Worker): void => void threads.push(thread);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'jidoka-golden-'));
  threads = [];
  process.on('worker', noteThread);
});
afterEach(async () => {
  process.off('worker', noteThread);
  await rm(folder, { recursive: true, force: true });
});

/** The score of `good` at a mean grey level: softmax of (10 x - 5, 5 - 10 x). */
const goodAt = (level: number): number => 1 / (1 + Math.exp(10 - (20 * level) / 255));

/** A package with two golden samples; the scores of the second are off by `error`. */
async function packageWithGolden(error = 0, tolerance = 0.001): Promise<ModelPackage> {
  const path = await writeTinyPackage(folder);
  const scores = (good: number) => ({ fp32: [good, 1 - good] });
  const samples = [
    await goldenPicture(path, 'bright', 153, scores(goodAt(153))),
    await goldenPicture(path, 'dim', 120, scores(goodAt(120) + error)),
  ];
  await changeManifest(path, (manifest) => ({ ...manifest, golden: { tolerance, samples } }));
  return loadModelPackage(path);
}

function classifierOf(model: ModelPackage, logger: Logger = silentLogger, workers = 1): OnnxClassifier {
  return new OnnxClassifier({ model, providers: ['cpu'], workers, maxImagePixels: 1_000_000, logger });
}

async function noThreadLeft(): Promise<void> {
  await Promise.all(threads.filter(({ threadId }) => threadId !== -1).map((thread) => once(thread, 'exit')));
}

describe('golden samples', () => {
  it('are run when the model is loaded, and the model is used where they agree', async () => {
    const told: [object, string][] = [];
    const logger: Logger = { ...silentLogger, info: (fields, text) => void told.push([fields, text]) };
    const classifier = classifierOf(await packageWithGolden(), logger, 2);
    const { provider, workers } = await classifier.start();
    expect({ provider, workers }).toEqual({ provider: 'cpu', workers: 2 });
    expect(told).toEqual([
      [{ model: 'tiny 1.0.0', variant: 'fp32', samples: 2, provider: 'cpu' }, 'The golden samples give their scores.'],
    ]);
    await classifier.stop();
  });

  it('keep a model from running whose scores differ on the CPU, and leave no thread behind', async () => {
    const model = await packageWithGolden(0.01);
    await expect(classifierOf(model).start()).rejects.toMatchObject({
      code: 'MODEL_GOLDEN_MISMATCH',
      consequence: 'config',
      where: `${model.modelFile}, golden sample ${join(model.folder, 'golden', 'dim.png')}`,
      got: `${goodAt(120).toFixed(5)} for "good"`,
      expected: `${(goodAt(120) + 0.01).toFixed(5)} within 0.001`,
    });
    await noThreadLeft();
    expect(threads).toHaveLength(1);
  });

  it('may differ by as much as the package allows', async () => {
    const classifier = classifierOf(await packageWithGolden(0.01, 0.02));
    expect((await classifier.start()).provider).toBe('cpu');
    await classifier.stop();
  });

  it('are said to be missing where the package has none', async () => {
    const told: string[] = [];
    const logger: Logger = { ...silentLogger, info: (_, text) => void told.push(text) };
    const classifier = classifierOf(await loadModelPackage(await writeTinyPackage(folder)), logger);
    await classifier.start();
    expect(told).toEqual(['The model package has no golden samples: its scores are not checked on this machine.']);
    await classifier.stop();
  });

  it('must be pictures, and the ones that were read with the package', async () => {
    const model = await packageWithGolden();
    const [first] = model.golden;
    if (first === undefined) throw new Error('no sample');
    await writeFile(first.path, 'changed meanwhile');
    await expect(classifierOf(model).start()).rejects.toMatchObject({ code: 'MODEL_HASH_MISMATCH' });
    await rm(first.path);
    await expect(classifierOf(model).start()).rejects.toMatchObject({ code: 'MODEL_GOLDEN_UNREADABLE' });
    const text = Buffer.from('no picture at all');
    const sha256 = createHash('sha256').update(text).digest('hex');
    await writeFile(first.path, text);
    const broken = { ...model, golden: [{ ...first, sha256 }] };
    await expect(classifierOf(broken).start()).rejects.toMatchObject({
      code: 'MODEL_GOLDEN_UNREADABLE',
      consequence: 'config',
      where: first.path,
      got: expect.stringContaining('IMAGE_FORMAT_UNSUPPORTED'),
    });
    expect(threads).toEqual([]);
  });

  it('rule out a provider that computes other scores, with the reason', async () => {
    const model = await packageWithGolden();
    const golden = await goldenSet(model, 1_000_000);
    if (golden === undefined) throw new Error('no golden samples');
    const { manifest, variant, modelFile } = model;
    const setup = { manifest, variant, modelFile, golden, providers: ['cuda', 'cpu'], intraOpThreads: 1 };
    // A driver with a fault, which no machine has at hand: the same graph with other weights.
    const faulty = tinyModel({ weights: [9, -9] });
    const create = (bytes: Uint8Array, provider: string) =>
      InferenceSession.create(provider === 'cuda' ? faulty : bytes, { executionProviders: ['cpu'] });
    const session = await ModelSession.open(await readFile(modelFile), setup, create);
    expect(session.choice).toEqual({
      provider: 'cpu',
      fallbacks: [{ provider: 'cuda', reason: expect.stringMatching(/^golden sample .*png: got 0\.\d+ for "good"/) }],
    });
    await session.release();
  });
});
