import { describe, expect, it } from 'vitest';
import { parseManifest } from '#jidoka/vision/manifest-problems.js';
import { tinyManifest, tinyModel } from '../../simulators/onnx.js';

const good = tinyManifest(tinyModel());

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
    expect(problems).toContain('input.layout: "HWC", write one of "NHWC", "NCHW"');
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
    ['a temperature without logits', changed('output', { temperature: 2 }), 'output.temperature: only for'],
    ['sizes out of bounds', changed('input', { width: 0 }), 'input.width: 0, write a number of at least 1'],
    ['a hash in capitals', { ...good, sha256: 'A'.repeat(64) }, 'write a SHA-256 in lower-case hex'],
  ])('refuses %s', (_, manifest, expected) => {
    expect(problemsOf(manifest)).toContain(expected);
  });

  it('refuses text that is not JSON, and JSON that is not an object', () => {
    expect(problemsOf('{"name":')).toContain('text that is not JSON');
    expect(problemsOf('null')).toContain('(the whole file): null, write a value of type object');
  });
});
