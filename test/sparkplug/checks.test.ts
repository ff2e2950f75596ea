import { describe, expect, it } from 'vitest';
import { assertions } from './assertions.js';
import { checks, whyNotApplicable } from './checks/index.js';
import { faults } from './faults/index.js';
import { faultless } from './scripted-node.js';

const good = faultless();

describe('the list of assertions', () => {
  it('has 162 core ones, 41 conditional ones and 23 for hosts', () => {
    const count = (kind: string) => assertions.filter((assertion) => assertion.kind === kind).length;
    expect([count('core'), count('conditional'), count('host')]).toEqual([162, 41, 23]);
    expect(new Set(assertions.map(({ id }) => id)).size).toBe(226);
  });

  it('has a check or a reason for each, and no check beside', () => {
    const neither = assertions.filter((assertion) => !checks[assertion.id] === !whyNotApplicable(assertion));
    expect(neither.map(({ id }) => id)).toEqual([]);
    const ids = new Set(assertions.map(({ id }) => id));
    expect(Object.keys(checks).filter((id) => !ids.has(id))).toEqual([]);
  });

  it('excuses no core assertion', () => {
    expect(assertions.filter((assertion) => assertion.kind !== 'conditional' && whyNotApplicable(assertion))).toEqual(
      [],
    );
  });
});

describe('the checks', () => {
  it('find nothing wrong with an edge node that does everything right', () => {
    const problems = Object.entries(checks).flatMap(([id, check]) => check(good).map((text) => `${id}: ${text}`));
    expect(problems).toEqual([]);
  });

  it.each(faults)('find: $name', ({ breaks, commit }) => {
    const copy = structuredClone(good);
    commit(copy);
    expect(breaks.filter((id) => checks[id]?.(copy).length === 0)).toEqual([]);
  });

  it('can each fail', () => {
    const tried = new Set(faults.flatMap(({ breaks }) => breaks));
    expect(Object.keys(checks).filter((id) => !tried.has(id))).toEqual([]);
    expect([...tried].filter((id) => checks[id] === undefined)).toEqual([]);
  });

  it('have seen nothing in an empty recording and say so', () => {
    const silent = Object.entries(checks).filter(([, check]) => check([]).length === 0);
    expect(silent.map(([id]) => id)).toEqual([]);
  });
});
