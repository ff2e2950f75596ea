import { describe, expect, it } from 'vitest';
import type { Reading } from '#jidoka/domain/reading.js';
import type { Decision, VerdictPolicy } from '#jidoka/domain/verdict.js';
import { judge } from '#jidoka/pipeline/judge.js';
import { partsOfFrame } from '#jidoka/pipeline/parts-of-frame.js';
import { judgeLooks, type Look, partDecision } from '#jidoka/pipeline/regions.js';
import { frame } from '../../simulators/ports.js';

const policy: VerdictPolicy = {
  goodLabel: 'good',
  classes: new Map([['crack', { action: 'fail', threshold: 0.5 }]]),
  minimumPassConfidence: 0.6,
  sensors: [],
  requiredSensors: new Set(['oven']),
};
const calm = { atMs: 0, readings: [] };
const stale: Reading = {
  sensor: 'oven',
  value: 1,
  quality: 'good',
  status: 'Good',
  sourceTimeMs: 0,
  ageMs: 60_000,
  stale: true,
};

function look(name: string | null, good: number, inferenceMs = 1): Look {
  const scores = Float32Array.of(good, 1 - good);
  const [label, score] = good >= 0.5 ? ['good', good] : ['crack', 1 - good];
  const timing = { queueMs: 0, preprocessMs: 0, inferenceMs };
  return { name, evidence: { classification: { labels: ['good', 'crack'], scores, label, score, timing } } };
}
const broken = (name: string | null): Look => ({
  name,
  evidence: { failure: { code: 'INFERENCE_FAILED', text: 'the model gave no numbers' } },
});

describe('partDecision', () => {
  it.each<[string, Decision[], number | undefined, Decision]>([
    ['every region passes', ['pass', 'pass'], undefined, 'pass'],
    ['one is in doubt', ['pass', 'review'], undefined, 'review'],
    ['one fails, whatever the others', ['review', 'fail', 'pass'], undefined, 'fail'],
    ['enough pass', ['pass', 'fail', 'pass', 'review'], 2, 'pass'],
    ['those in doubt could make up the number', ['pass', 'fail', 'review'], 2, 'review'],
    ['those in doubt could not', ['pass', 'fail', 'fail'], 2, 'fail'],
    ['all are in doubt', ['review', 'review'], 1, 'review'],
  ])('%s', (_, decisions, needed, expected) => {
    expect(partDecision(decisions, needed)).toBe(expected);
  });
});

describe('judgeLooks', () => {
  it('judges the whole picture as judge does, and tells of no regions', () => {
    const whole = look(null, 0.9);
    const judged = judgeLooks([whole], { atMs: 0, readings: [stale] }, policy);
    expect(judged.verdict).toEqual(judge(whole.evidence, { atMs: 0, readings: [stale] }, policy));
    expect(judged).toMatchObject({ result: { label: 'good' }, timing: { inferenceMs: 1 } });
    expect(judged.regions).toBeUndefined();
  });

  it('fails a part for its surest failing region, and says where', () => {
    const judged = judgeLooks([look('a', 0.9), look('b', 0.4), look('c', 0.1), look('d', 0.55)], calm, policy);
    expect(judged.verdict.decision).toBe('fail');
    expect(judged.verdict.reasons.map(({ code, text }) => [code, text.split(':')[0]])).toEqual([
      ['CLASS_FAIL', 'b'],
      ['CLASS_FAIL', 'c'],
      ['LOW_CONFIDENCE', 'd'],
    ]);
    expect(judged.result?.score).toBeCloseTo(0.9, 5);
    expect(judged.regions?.map(({ name, decision }) => `${name} ${decision}`)).toEqual([
      'a pass',
      'b fail',
      'c fail',
      'd review',
    ]);
  });

  it('never passes a part of which a region could not be judged', () => {
    const judged = judgeLooks([look('a', 0.9), broken('b')], calm, policy);
    expect(judged.verdict).toMatchObject({ decision: 'review', reasons: [{ code: 'INFERENCE_FAILED' }] });
    expect(judged.regions?.[1]).toEqual({ name: 'b', decision: 'review', result: null });
  });

  it('passes a part with enough good regions without a reason, by the least sure of them', () => {
    const judged = judgeLooks([look('a', 0.95), look('b', 0.1), look('c', 0.7)], calm, policy, 2);
    expect(judged.verdict).toEqual({ decision: 'pass', reasons: [] });
    expect(judged.result?.score).toBeCloseTo(0.7, 5);
    expect(judged.regions?.map(({ decision }) => decision)).toEqual(['pass', 'fail', 'pass']);
  });

  it('asks the sensors once for the part, not for each region', () => {
    const judged = judgeLooks([look('a', 0.9), look('b', 0.9)], { atMs: 0, readings: [stale] }, policy);
    expect(judged.verdict.decision).toBe('review');
    expect(judged.verdict.reasons.map(({ code }) => code)).toEqual(['SENSOR_STALE']);
    expect(judged.regions?.map(({ decision }) => decision)).toEqual(['pass', 'pass']);
  });

  it('takes as long as its slowest region', () => {
    expect(judgeLooks([look('a', 0.9, 3), look('b', 0.9, 8)], calm, policy).timing?.inferenceMs).toBe(8);
    expect(judgeLooks([broken('a')], calm, policy).timing).toBeUndefined();
  });
});

describe('partsOfFrame', () => {
  const view = { rotate: 0 } as const;
  const regions = ['left', 'right'].map((name) => ({ name, view }));
  const paired = { part: { id: 'first', openedAtMs: 5, openedTickMs: 0, externalId: 'pallet' }, frame: frame(0) };

  it('is one part where the regions make up one', () => {
    expect(partsOfFrame(paired, { kind: 'regions', regions, partEach: false }, () => 'no')).toEqual([paired]);
    expect(partsOfFrame(paired, { kind: 'whole', view }, () => 'no')).toEqual([paired]);
  });

  it('is a part a region, of which the last one is done with the file', () => {
    const parts = partsOfFrame(paired, { kind: 'regions', regions, partEach: true }, () => 'second');
    expect(parts.map(({ part, region, more }) => [part.id, part.externalId, region?.name, more])).toEqual([
      ['first', 'pallet', 'left', true],
      ['second', 'pallet', 'right', false],
    ]);
  });
});
