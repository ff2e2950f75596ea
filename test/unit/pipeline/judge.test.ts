import { describe, expect, it } from 'vitest';
import type { Classification } from '#jidoka/domain/model.js';
import type { Reading, Snapshot } from '#jidoka/domain/reading.js';
import type { ClassRule, VerdictPolicy } from '#jidoka/domain/verdict.js';
import { judge } from '#jidoka/pipeline/judge.js';

const LABELS = ['free', 'blowhole', 'crack'];

function scores(...values: number[]): { classification: Classification } {
  const top = values.indexOf(Math.max(...values));
  return {
    classification: {
      labels: LABELS,
      scores: Float32Array.from(values),
      label: LABELS[top] ?? '',
      score: values[top] ?? 0,
      timing: { queueMs: 0, preprocessMs: 0, inferenceMs: 0 },
    },
  };
}

function policy(changes: Partial<VerdictPolicy> & { rules?: Record<string, ClassRule> } = {}): VerdictPolicy {
  return {
    goodLabel: 'free',
    classes: new Map(
      Object.entries({
        blowhole: { action: 'fail', threshold: 0.5 },
        crack: { action: 'fail', threshold: 0.5 },
        ...changes.rules,
      } satisfies Record<string, ClassRule>),
    ),
    minimumPassConfidence: 0.8,
    sensors: [{ sensor: 'temperature', min: 20, max: 60 }],
    requiredSensors: new Set(['temperature']),
    ...changes,
  };
}

function snapshot(changes: Partial<Reading> = {}): Snapshot {
  const reading: Reading = {
    sensor: 'temperature',
    value: 40,
    unit: '°C',
    quality: 'good',
    status: 'Good',
    sourceTimeMs: 900,
    ageMs: 100,
    stale: false,
    ...changes,
  };
  return { atMs: 1000, readings: [reading] };
}

const codes = (verdict: ReturnType<typeof judge>): string[] => verdict.reasons.map(({ code }) => code);

describe('judge', () => {
  it('passes a part that nothing speaks against', () => {
    expect(judge(scores(0.9, 0.05, 0.05), snapshot(), policy())).toEqual({ decision: 'pass', reasons: [] });
  });

  it('fails a part from the threshold of a defect class on, and names class, score and threshold', () => {
    const verdict = judge(scores(0.4, 0.5, 0.1), snapshot(), policy());
    expect(verdict.decision).toBe('fail');
    expect(verdict.reasons[0]).toEqual({
      code: 'CLASS_FAIL',
      text: 'blowhole with score 0.500 (fail from 0.5)',
    });
  });

  it('sends a part to review when no class is sure', () => {
    const verdict = judge(scores(0.45, 0.3, 0.25), snapshot(), policy());
    expect(verdict.decision).toBe('review');
    expect(verdict.reasons[0]?.text).toBe('free with score 0.450, a pass needs 0.8');
  });

  it('sends a part to review for a class whose rule says so', () => {
    const rules = { crack: { action: 'review', threshold: 0.3 } } as const;
    expect(codes(judge(scores(0.65, 0, 0.35), snapshot(), policy({ rules })))).toEqual(['CLASS_REVIEW']);
  });

  it('counts the score of an ignored class as acceptable', () => {
    const rules = { crack: { action: 'ignore', threshold: 0.5 } } as const;
    expect(judge(scores(0.1, 0.05, 0.85), snapshot(), policy({ rules })).decision).toBe('pass');
  });

  it('puts the strongest class first', () => {
    const rules = { blowhole: { action: 'fail', threshold: 0.2 }, crack: { action: 'fail', threshold: 0.2 } } as const;
    const verdict = judge(scores(0.2, 0.3, 0.5), snapshot(), policy({ rules }));
    expect(verdict.reasons.map(({ text }) => text.split(' ')[0])).toEqual(['crack', 'blowhole']);
  });

  it('never passes automatically where the model has no good class', () => {
    const verdict = judge(scores(0.4, 0.3, 0.3), snapshot(), policy({ goodLabel: null }));
    expect(verdict).toMatchObject({ decision: 'review', reasons: [{ code: 'LOW_CONFIDENCE' }] });
  });

  it.each([
    ['below its window', { value: 19.9 }, 'SENSOR_OUT_OF_WINDOW', 'temperature is 19.9 °C, below 20'],
    ['above its window', { value: 60.1 }, 'SENSOR_OUT_OF_WINDOW', 'temperature is 60.1 °C, above 60'],
    [
      'stale',
      { stale: true, ageMs: 12_340 },
      'SENSOR_STALE',
      'temperature is stale: the last value is 12.3 s old (Good)',
    ],
    [
      'of bad quality',
      { quality: 'bad', status: 'BadSensorFailure' },
      'SENSOR_BAD',
      'temperature has bad quality (BadSensorFailure)',
    ],
    ['no number', { value: 'hot' }, 'SENSOR_BAD', 'temperature has a window but its value is no number ("hot")'],
  ] as const)('sends a good part to review when a sensor is %s', (_, changes, code, text) => {
    const verdict = judge(scores(0.95, 0.03, 0.02), snapshot(changes), policy());
    expect(verdict).toEqual({ decision: 'review', reasons: [{ code, text }] });
  });

  it('accepts the limits of a window themselves', () => {
    expect(judge(scores(0.95, 0.03, 0.02), snapshot({ value: 20 }), policy()).decision).toBe('pass');
    expect(judge(scores(0.95, 0.03, 0.02), snapshot({ value: 60 }), policy()).decision).toBe('pass');
  });

  it('lets a bad reading be where the sensor is not required, and does not judge its value', () => {
    const relaxed = policy({ requiredSensors: new Set() });
    expect(judge(scores(0.95, 0.03, 0.02), snapshot({ quality: 'bad', value: 999 }), relaxed).decision).toBe('pass');
  });

  it('keeps a fail a fail, with the sensor as a further reason', () => {
    const verdict = judge(scores(0.1, 0.9, 0), snapshot({ value: 99 }), policy());
    expect(verdict.decision).toBe('fail');
    expect(codes(verdict)).toEqual(['CLASS_FAIL', 'SENSOR_OUT_OF_WINDOW']);
  });

  it('reviews a part that could not be classified', () => {
    const failure = { code: 'IMAGE_UNREADABLE', text: 'the file is cut short' } as const;
    expect(judge({ failure }, snapshot(), policy())).toEqual({ decision: 'review', reasons: [failure] });
  });
});
