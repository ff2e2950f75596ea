import { describe, expect, it } from 'vitest';
import { Handles } from '#jidoka/opcua-server/handles.js';
import { METHOD_ERRORS, type Result } from '#jidoka/opcua-server/protocol.js';
import { page, type ResultFilter, ResultRing } from '#jidoka/opcua-server/result-ring.js';

const ALL: ResultFilter = {
  state: 0,
  measId: '',
  partId: '',
  externalRecipe: '',
  internalRecipe: '',
  externalConfiguration: '',
  internalConfiguration: '',
  product: '',
  jobId: '',
};

function result(id: string, more: Partial<Result> = {}, judged = true): Result {
  return {
    inspection: {
      id,
      station: 'surface',
      capturedAtMs: 0,
      decidedAtMs: 1,
      verdict: { decision: 'pass', reasons: [] },
      model: { name: 'm', version: '1', sha256: 'ab' },
      result: judged ? { label: 'good', score: 1, scores: {} } : null,
      snapshot: { atMs: 0, readings: [] },
      timing: { waitMs: 0, totalMs: 1 },
    },
    jobId: 'job',
    recipe: { name: 'cover', model: { name: 'm', version: '1', sha256: 'ab' } },
    ...more,
  };
}

describe('the kept results', () => {
  it('are the newest, and each once', () => {
    const ring = new ResultRing(2, 'gw');
    expect(['a', 'b', 'b', 'c'].map((id) => ring.add(result(id)))).toEqual([true, true, false, true]);
    expect(ring.find('a')).toBeUndefined();
    expect(ring.matching(ALL).map(({ inspection }) => inspection.id)).toEqual(['c', 'b']);
  });

  it.each<[Partial<ResultFilter>, string[]]>([
    [{}, ['d', 'c', 'b', 'a']],
    [{ state: 4 }, ['d']],
    [{ state: 1 }, ['c', 'b', 'a']],
    [{ partId: 'p1' }, ['b', 'a']],
    [{ partId: 'p1', measId: 'm1' }, ['a']],
    [{ externalRecipe: 'base' }, ['c']],
    [{ internalRecipe: 'base' }, ['c']],
    [{ internalConfiguration: 'gw' }, ['d', 'c', 'b', 'a']],
    [{ internalConfiguration: 'other' }, []],
    [{ externalConfiguration: 'gw' }, []],
    [{ product: 'x' }, []],
    [{ jobId: 'job-c' }, ['c']],
  ])('are found by %j', (filter, ids) => {
    const ring = new ResultRing(10, 'gw');
    const base = { name: 'base', model: { name: 'm', version: '1', sha256: 'ab' } };
    ring.add(result('a', { measId: 'm1', partId: 'p1' }));
    ring.add(result('b', { partId: 'p1' }));
    ring.add(result('c', { recipe: base, jobId: 'job-c' }));
    ring.add(result('d', {}, false));
    expect(ring.matching({ ...ALL, ...filter }).map(({ inspection }) => inspection.id)).toEqual(ids);
  });

  it.each([
    [0, 0, [1, 2, 3], true],
    [0, 2, [1, 2], false],
    [2, 2, [3], true],
    [5, 0, [], true],
  ] as const)('are given from %d on, at most %d', (start, most, items, complete) => {
    expect(page([1, 2, 3], start, most)).toEqual({ items, complete });
  });
});

describe('handles', () => {
  it('are released once, and never more of them known than a bounded number', () => {
    const handles = new Handles();
    const first = handles.give();
    const second = handles.give();
    expect(handles.release(second)).toBe(METHOD_ERRORS.OK);
    expect(handles.release(second)).toBe(METHOD_ERRORS.HANDLE_UNKNOWN);
    for (let count = 0; count < 2000; count += 1) handles.give();
    expect(handles.release(first)).toBe(METHOD_ERRORS.HANDLE_UNKNOWN);
  });
});
