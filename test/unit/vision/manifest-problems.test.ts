import { describe, expect, it } from 'vitest';
import { parseManifest } from '#jidoka/vision/manifest-problems.js';
import { tinyManifest, tinyModel, tinyVariant } from '../../simulators/onnx.js';

const model = tinyModel();
const good = tinyManifest(model);
const FIGURES = {
  images: 1,
  accuracy: 1,
  balancedAccuracy: 1,
  escapeRate: null,
  falseRejectRate: null,
  calibrationError: null,
};

const withVariants = (variants: Record<string, unknown>): Record<string, unknown> => ({ ...good, variants });

function problemsOf(manifest: unknown): string {
  try {
    parseManifest(typeof manifest === 'string' ? manifest : JSON.stringify(manifest), '/models/tiny/model.json');
  } catch (error) {
    expect(error).toMatchObject({ code: 'MODEL_MANIFEST_INVALID', where: '/models/tiny/model.json' });
    return String((error as { got: string }).got);
  }
  return 'none';
}

function changed(field: string, change: Record<string, unknown>): Record<string, unknown> {
  return { ...good, [field]: { ...(good[field] as object), ...change } };
}

describe('parseManifest', () => {
  it('accepts a manifest without problems', () => {
    expect(problemsOf(good)).toBe('none');
  });

  it('names every problem with its path, what stands there and what to write', () => {
    const { license: _, ...withoutLicense } = good;
    const problems = problemsOf({
      ...withoutLicense,
      input: { ...(good['input'] as object), width: '64', layout: 'HWC', channels: 2 },
      labels: ['good', 5],
      surprise: true,
    });
    expect(problems).toMatch(/^6 problems: /);
    expect(problems).toContain('license: is missing, write a value of type string');
    expect(problems).toContain('input.width: "64", write a value of type number');
    expect(problems).toContain('input.layout: "HWC", write one of "NHWC", "NCHW", "FLAT"');
    expect(problems).toContain('input.channels: 2, write one of 1 or one of 3');
    expect(problems).toContain('labels[1]: 5, write a value of type string');
    expect(problems).toContain('"surprise" is not known, leave it out');
  });

  it.each([
    ['labels that stand there twice', { ...good, labels: ['good', 'good'] }, 'labels: "good" stands there twice'],
    ['a good label that is not a label', { ...good, goodLabel: 'ok' }, 'goodLabel: "ok" is not among the labels'],
    ['a wrong number of means', changed('preprocessing', { mean: [1, 2, 3] }), 'preprocessing.mean: 3 values, write 1'],
    ['a standard deviation of 0', changed('preprocessing', { std: [0] }), 'preprocessing.std: 0 divides by zero'],
    ['scaling of uint8 input', changed('preprocessing', { scale: 0.5 }), 'are for float32 input'],
    ['sizes out of bounds', changed('input', { width: 0 }), 'input.width: 0, write a number of at least 1'],
  ])('refuses %s', (_, manifest, expected) => {
    expect(problemsOf(manifest)).toContain(expected);
  });

  it.each([
    ['a temperature without logits', { temperature: 2 }, 'variants.fp32.temperature: only for the activation "logits"'],
    ['a hash in capitals', { sha256: 'A'.repeat(64) }, 'variants.fp32.sha256: "AAAA'],
    ['no such file name', { file: 'model.bin' }, 'variants.fp32.file: "model.bin", write a file name ending in .onnx'],
    ['a threshold above 1', { goodThreshold: 1.5 }, 'variants.fp32.goodThreshold: 1.5, write a number of at most 1'],
    ['no description', { description: undefined }, 'variants.fp32.description: is missing'],
    ['figures of an unknown split', { metrics: FIGURES }, 'variants.fp32.metrics: figures of an unknown split'],
  ])('refuses a variant with %s', (_, change, expected) => {
    expect(problemsOf(withVariants({ fp32: tinyVariant(model, change) }))).toContain(expected);
  });

  it('refuses variants that contradict each other or the default', () => {
    const other = tinyVariant(model, { sha256: 'b'.repeat(64) });
    const problems = problemsOf({ ...withVariants({ fp32: tinyVariant(model), int8: other }), defaultVariant: 'fp16' });
    expect(problems).toMatch(/^2 problems/);
    expect(problems).toContain('defaultVariant: "fp16" is not among the variants, write one of "fp32", "int8"');
    expect(problems).toContain('variants.int8.sha256: another variant gives "model.onnx" another hash');
    expect(problemsOf({ ...good, defaultVariant: 'constructor' })).toContain('"constructor" is not among the variants');
    expect(problemsOf(withVariants({}))).toContain('"fp32" is not among the variants, describe it under variants');
  });

  it('refuses names of variants that are none', () => {
    const problems = problemsOf(withVariants({ fp32: tinyVariant(model), 'In T8': tinyVariant(model) }));
    expect(problems).toBe('1 problem: variants.In T8: is no name, write text of the form /^[a-z0-9][a-z0-9_-]{0,31}$/');
    const polluting = JSON.stringify(good).replace('"variants":{', '"variants":{"__proto__":{"fp16":{}},');
    expect(Object.keys(parseManifest(polluting, 'model.json').variants)).toEqual(['fp32']);
  });

  it('refuses figures at a threshold where no class is the good one', () => {
    const thresholds = [{ targetEscapeRate: 0.1, threshold: 0.5, escapeRate: 0.1, falseRejectRate: 0.1 }];
    const variant = tinyVariant(model, { metrics: { ...FIGURES, escapeRate: 0.1 }, thresholds });
    const validation = { split: 'none', command: 'none' };
    const problems = problemsOf({ ...withVariants({ fp32: variant }), goodLabel: null, validation });
    expect(problems).toMatch(/^2 problems/);
    expect(problems).toContain('variants.fp32.thresholds: only where there is a goodLabel');
    expect(problems).toContain('variants.fp32.metrics.escapeRate: only where there is a goodLabel, write null');
  });

  it.each([
    ['the name of the scores', { name: 'scores', rows: 4, columns: 4 }, 'output.map.name: "scores" is the output with'],
    ['more rows than the input', { name: 'map', rows: 9, columns: 8 }, 'output.map.rows: 9, write at most the input'],
    ['more columns than the input', { name: 'map', rows: 8, columns: 9 }, 'output.map.columns: 9, write at most'],
    ['no rows', { name: 'map', rows: 0, columns: 8 }, 'output.map.rows: 0, write a number of at least 1'],
  ])('refuses a map with %s', (_, map, expected) => {
    expect(problemsOf(changed('output', { map }))).toContain(expected);
  });

  it('refuses a map that would be too much to hand around with every part', () => {
    const labels = Array.from({ length: 1000 }, (_, index) => (index === 0 ? 'good' : `defect ${index}`));
    const output = { name: 'scores', activation: 'softmax', map: { name: 'map', rows: 1024, columns: 1024 } };
    const input = { ...(good['input'] as object), width: 4096, height: 4096 };
    expect(problemsOf({ ...good, labels, output, input })).toContain('output.map: 1048576000 values with one a label');
  });

  it.each([
    [
      'no scores for a variant',
      { scores: {} },
      'golden.samples[0].scores: lacks "fp32", write scores for every variant',
    ],
    [
      'scores for no variant',
      { scores: { fp32: [1, 0], fp8: [1, 0] } },
      'golden.samples[0].scores: "fp8" is no variant',
    ],
    ['scores for too many labels', { scores: { fp32: [1, 0, 0] } }, 'scores.fp32: 3 scores, write 2 (one a label)'],
    ['scores that do not sum to 1', { scores: { fp32: [0.6, 0.6] } }, 'scores.fp32: the scores sum to 1.2000, write'],
    [
      'a score above 1',
      { scores: { fp32: [1.5, 0] } },
      'golden.samples[0].scores.fp32[0]: 1.5, write a number of at most 1',
    ],
    ['a file elsewhere', { file: 'golden/../../etc/x.png' }, 'write a picture in the folder golden/'],
    ['a file that is no picture', { file: 'golden/model.onnx' }, 'write a picture in the folder golden/'],
  ])('refuses a golden sample with %s', (_, change, expected) => {
    const samples = [{ file: 'golden/a.png', sha256: 'a'.repeat(64), scores: { fp32: [1, 0] }, ...change }];
    expect(problemsOf({ ...good, golden: { tolerance: 0.01, samples } })).toContain(expected);
  });

  it('refuses golden pictures that are named twice or too much to hand to a worker', () => {
    const sample = { file: 'golden/a.png', sha256: 'a'.repeat(64), scores: { fp32: [1, 0] } };
    const golden = { tolerance: 0.01, samples: [sample, sample, { ...sample, file: 'golden/b.png' }] };
    expect(problemsOf({ ...good, golden })).toBe(
      '1 problem: golden.samples: "golden/a.png" stands there twice, write each picture once',
    );
    const input = { ...(good['input'] as object), width: 4096, height: 4096, channels: 3 };
    expect(problemsOf({ ...good, input, golden })).toContain('golden.samples: 150994944 bytes of model input');
  });

  it('tells contradictions beside faults of the schema, in the same section too', () => {
    const { license: _, ...withoutLicense } = good;
    const samples = [
      { file: 'golden/a.png', sha256: 'no hash', scores: { fp32: [1, 0] } },
      { file: 'golden/b.png', sha256: 'b'.repeat(64), scores: { fp32: [1] } },
    ];
    const problems = problemsOf({
      ...withoutLicense,
      labels: ['good', 'good'],
      defaultVariant: 'none',
      variants: { fp32: tinyVariant(model, { temperature: 3 }), broken: 5 },
      golden: { tolerance: 7, samples },
    });
    for (const part of [
      'license: is missing',
      'labels: "good" stands there twice',
      'defaultVariant: "none" is not among the variants',
      'variants.fp32.temperature: only for',
      'variants.broken: 5, write a value of type object',
      'golden.tolerance: 7, write a number of at most 0.5',
      'golden.samples[0].sha256: "no hash"',
      'golden.samples[1].scores.fp32: 1 scores, write 2',
      'golden.samples[1].scores: lacks "broken"',
    ]) {
      expect(problems).toContain(part);
    }
  });

  it('shows as many problems as a person reads', () => {
    const variants = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`v${index}`, 5]));
    const problems = problemsOf(withVariants({ fp32: tinyVariant(model), ...variants }));
    expect(problems).toMatch(/^500 problems: .*; 450 more, correct the first ones$/);
    expect(problems.length).toBeLessThan(5000);
  });

  it('refuses text that is not JSON, and JSON that is not an object', () => {
    expect(problemsOf('{"name":')).toContain('text that is not JSON');
    expect(problemsOf('null')).toContain('(the whole file): null, write a value of type object');
  });
});
