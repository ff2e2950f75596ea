import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Logger, silentLogger } from '#jidoka/base/logger.js';
import type { Image } from '#jidoka/domain/frame.js';
import { OnnxClassifier, type OnnxClassifierOptions } from '#jidoka/vision/classifier.js';
import { loadModelPackage } from '#jidoka/vision/model-package.js';
import { classifierContract } from '../../contract/classifier.js';
import { type TinyModel, tinyVariant, writeTinyPackage } from '../../simulators/onnx.js';

type ManifestChange = Parameters<typeof writeTinyPackage>[2];

let folder: string;
let threads: Worker[];
const noteThread = (thread: Worker): void => void threads.push(thread);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'jidoka-classifier-'));
  threads = [];
  process.on('worker', noteThread);
});
afterEach(async () => {
  process.off('worker', noteThread);
  await rm(folder, { recursive: true, force: true });
});

async function classifierOf(
  options: TinyModel,
  more: Partial<OnnxClassifierOptions> = {},
  change?: ManifestChange,
): Promise<OnnxClassifier> {
  const model = await loadModelPackage(await writeTinyPackage(folder, options, change));
  const standard = { model, providers: ['cpu'], workers: 1, maxImagePixels: 1_000_000, logger: silentLogger };
  return new OnnxClassifier({ ...standard, ...more });
}

function flat(level: number): Image {
  return { kind: 'raw', format: 'grey8', width: 16, height: 16, data: new Uint8Array(256).fill(level) };
}

async function goodScore(classifier: OnnxClassifier, level: number): Promise<number> {
  const { classification } = await classifier.classify(flat(level), { rotate: 0 });
  return classification.scores[0] ?? Number.NaN;
}

function collectingLogger(lines: string[]): Logger {
  const add = (_: object, message: string): void => void lines.push(message);
  return { ...silentLogger, warn: add, error: add };
}

for (const workers of [1, 3]) {
  classifierContract(`OnnxClassifier with ${workers === 1 ? 'one worker' : `${workers} workers`}`, async () => {
    const home = await mkdtemp(join(tmpdir(), 'jidoka-contract-'));
    const model = await loadModelPackage(await writeTinyPackage(home, { map: 'good' }));
    return {
      classifier: new OnnxClassifier({
        model,
        providers: ['cpu'],
        workers,
        maxImagePixels: 1_000_000,
        logger: silentLogger,
      }),
      dispose: () => rm(home, { recursive: true, force: true }),
    };
  });
}

describe('the model and its manifest', () => {
  // Softmax of (10 x - 5, 5 - 10 x) at x = 153 / 255 = 0.6: 1 / (1 + e^-2).
  const at153 = 1 / (1 + Math.exp(-2));

  it.each([
    ['uint8 NHWC with a softmax', {}, undefined],
    ['uint8 NCHW of three channels', { layout: 'NCHW', channels: 3 }, undefined],
    ['logits', { output: 'logits' }, undefined],
    ['an open batch', { batch: 'batch' }, undefined],
    ['one flat row', { layout: 'FLAT', channels: 3 }, undefined],
    ['one flat row of float32', { layout: 'FLAT', type: 'float32', divisor: 1 }, { scale: 1 / 255 }],
    [
      'float32 NCHW scaled before the graph',
      { layout: 'NCHW', channels: 3, type: 'float32', divisor: 1 },
      { scale: 1 / 255 },
    ],
    [
      'float32 NHWC with mean and deviation',
      { type: 'float32', weights: [1, -1], divisor: 1, biases: [-5, 5] },
      { mean: [0], std: [25.5] },
    ],
  ] as const)('computes the score by hand: %s', async (_, options, preprocessing) => {
    const classifier = await classifierOf(options, {}, (manifest) => ({
      ...manifest,
      preprocessing: { ...(manifest['preprocessing'] as object), ...preprocessing },
    }));
    await classifier.start();
    expect(await goodScore(classifier, 153)).toBeCloseTo(at153, 5);
    await classifier.stop();
  });

  it('divides logits by the temperature', async () => {
    const classifier = await classifierOf({ output: 'logits' }, {}, (manifest) => ({
      ...manifest,
      variants: { fp32: { ...(manifest['variants'] as { fp32: object }).fp32, temperature: 2 } },
    }));
    await classifier.start();
    expect(await goodScore(classifier, 153)).toBeCloseTo(1 / (1 + Math.exp(-1)), 5);
    await classifier.stop();
  });

  it('refuses a graph of another input shape and leaves no thread behind', async () => {
    const classifier = await classifierOf({ width: 16 }, { workers: 2 }, (manifest) => ({
      ...manifest,
      input: { ...(manifest['input'] as object), width: 8 },
    }));
    await expect(classifier.start()).rejects.toMatchObject({
      code: 'MODEL_GRAPH_MISMATCH',
      consequence: 'config',
      got: '"image" of shape [1, 8, 16, 1] in the graph',
      expected: '[1, 8, 8, 1] by the manifest',
    });
    await Promise.all(threads.filter(({ threadId }) => threadId !== -1).map((thread) => once(thread, 'exit')));
    expect(threads).toHaveLength(1);
  });

  it('refuses an ONNX file that changed after the package was read', async () => {
    const model = await loadModelPackage(await writeTinyPackage(folder));
    await writeFile(model.modelFile, 'something else');
    const classifier = new OnnxClassifier({
      model,
      providers: ['cpu'],
      workers: 1,
      maxImagePixels: 1_000_000,
      logger: silentLogger,
    });
    await expect(classifier.start()).rejects.toMatchObject({ code: 'MODEL_HASH_MISMATCH' });
  });

  it('refuses a file that is no ONNX model, with the reason of each provider', async () => {
    const bytes = Buffer.from('this is not a model');
    const path = await writeTinyPackage(folder, {}, (manifest) => ({
      ...manifest,
      variants: { fp32: tinyVariant(bytes) },
    }));
    await writeFile(join(path, 'model.onnx'), bytes);
    const classifier = new OnnxClassifier({
      model: await loadModelPackage(path),
      providers: ['cpu'],
      workers: 1,
      maxImagePixels: 1_000_000,
      logger: silentLogger,
    });
    await expect(classifier.start()).rejects.toMatchObject({
      code: 'MODEL_UNLOADABLE',
      got: expect.stringMatching(/^cpu: .*protobuf/i),
    });
  });

  it.each([
    ['NaN', 'nan', 'NaN'],
    ['scores that do not sum to 1', 'unnormalised', /^scores that sum to/],
  ] as const)('rejects the part, not the model, for %s', async (_, output, got) => {
    const classifier = await classifierOf({ output, biases: [-2, 5] });
    await classifier.start();
    const expected = { code: 'INFERENCE_ERROR', consequence: 'degraded' };
    await expect(goodScore(classifier, 200)).rejects.toMatchObject({ ...expected, got: expect.stringMatching(got) });
    await expect(goodScore(classifier, 100)).rejects.toMatchObject(expected);
    expect(await classifier.alive(10_000)).toBe(true);
    await classifier.stop();
  });
});

describe('the class-activation map', () => {
  it('is an even grid over the input, the evidence for each label in every cell', async () => {
    const classifier = await classifierOf({ width: 4, height: 2, map: 'good' });
    await classifier.start();
    const data = Uint8Array.of(0, 0, 255, 0, 0, 0, 0, 51);
    const image: Image = { kind: 'raw', format: 'grey8', width: 4, height: 2, data };
    const { map } = await classifier.classify(image, { rotate: 0 }, { map: true });
    expect(map).toMatchObject({ rows: 2, columns: 4, labels: ['good', 'defect1'] });
    const values = map?.values ?? new Float32Array();
    expect([...values].map((value) => Math.round(value))).toEqual([0, 0, 0, 0, 10, -10, 0, 0, 0, 0, 0, 0, 0, 0, 2, -2]);
    await classifier.stop();
  });

  it('is absent where the model has none', async () => {
    const classifier = await classifierOf({});
    await classifier.start();
    const result = await classifier.classify(flat(255), { rotate: 0 }, { map: true });
    expect(result.classification.label).toBe('good');
    expect(result).not.toHaveProperty('map');
    await classifier.stop();
  });

  it.each([
    ['whose values are no numbers', { map: 'nan' }, {}, 'the value for "good" is NaN'],
    [
      'of another size than stated',
      { map: 'open' },
      { rows: 4 },
      '128 values, expected 64 (rows, columns, one a label)',
    ],
  ] as const)(
    'does not lose the verdict when it is one %s, and is told of once',
    async (_, options, change, reason) => {
      const told: object[] = [];
      const logger: Logger = { ...silentLogger, warn: (fields) => void told.push(fields) };
      const classifier = await classifierOf(options, { logger }, (manifest) => ({
        ...manifest,
        output: { name: 'scores', activation: 'softmax', map: { name: 'map', rows: 8, columns: 8, ...change } },
      }));
      await classifier.start();
      for (const level of [255, 0]) {
        const result = await classifier.classify(flat(level), { rotate: 0 }, { map: true });
        expect(result.classification.label).toBe(level === 255 ? 'good' : 'defect1');
        expect(result).not.toHaveProperty('map');
      }
      expect(told).toEqual([{ model: 'tiny 1.0.0', reason }]);
      await classifier.stop();
    },
  );
});

describe('threads', { timeout: 120_000 }, () => {
  it('reports not alive while a run is longer than the time given, and alive after it', async () => {
    const classifier = await classifierOf({ matrixProducts: 20 });
    await classifier.start();
    const running = goodScore(classifier, 255);
    await expect.poll(() => classifier.alive(50), { interval: 10, timeout: 60_000 }).toBe(false);
    expect(await running).toBeGreaterThan(0.99);
    expect(await classifier.alive(10_000)).toBe(true);
    await classifier.stop();
  });

  it('starts a thread anew that ended by itself', async () => {
    const lines: string[] = [];
    const classifier = await classifierOf({}, { workers: 2, logger: collectingLogger(lines) });
    await classifier.start();
    expect(threads).toHaveLength(2);
    // An idle thread can be ended from outside without harm.
    await threads[0]?.terminate();
    const scores = await Promise.all(Array.from({ length: 10 }, () => goodScore(classifier, 255)));
    expect(scores.every((score) => score > 0.99)).toBe(true);
    await expect.poll(() => classifier.alive(10_000)).toBe(true);
    expect(threads).toHaveLength(3);
    expect(lines).toEqual(['A thread that runs the model has ended by itself; it is started anew.']);
    await classifier.stop();
  });

  it('reports a thread that does not end, tells its caller, and never ends it by force', async () => {
    const lines: string[] = [];
    const classifier = await classifierOf(
      { matrixProducts: 20 },
      { stopTimeoutMs: 1, logger: collectingLogger(lines) },
    );
    await classifier.start();
    const hanging = goodScore(classifier, 255);
    hanging.catch(() => undefined);
    // The run has begun once the thread no longer answers.
    await expect.poll(() => classifier.alive(50), { interval: 10, timeout: 60_000 }).toBe(false);
    await classifier.stop();
    await expect(hanging).rejects.toMatchObject({ code: 'INFERENCE_STOPPED', got: 'a run that did not end' });
    expect(lines).toEqual([expect.stringContaining('does not end within 1 ms')]);
    const [thread] = threads;
    if (thread !== undefined && thread.threadId !== -1) expect((await once(thread, 'exit'))[0]).toBe(0);
  });
});
