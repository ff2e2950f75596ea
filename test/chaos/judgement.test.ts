import { describe, expect, it } from 'vitest';
import { type Committed, judge } from './judgement.js';

const row = (station: string, seq: number): Committed => ({ id: `${station}${seq}`, station, seq, verdict: 'pass' });
const payload = (of: Committed, change: object = {}): string => JSON.stringify({ ...of, ...change });

describe('the judgement of a chaos run', () => {
  const [a1, a2, a3, b1] = [row('a', 1), row('a', 2), row('a', 3), row('b', 1)];
  const ledger = [a1, b1, a2, a3];
  const clean = { parts: 4, duplicates: 0, lost: [], gaps: [], contradictions: [], outOfOrder: [] };

  it('lets a complete run pass, with duplicates that are the same', () => {
    expect(
      judge(
        ledger,
        [a1, b1, a2, a3].map((entry) => payload(entry)),
      ),
    ).toEqual(clean);
    const repeated = [a1, a2, a1, b1, a2, a3, a3].map((entry) => payload(entry));
    expect(judge(ledger, repeated)).toEqual({ ...clean, duplicates: 3 });
  });

  it('finds what is lost', () => {
    const result = judge(
      ledger,
      [a1, b1, a3].map((entry) => payload(entry)),
    );
    expect(result).toMatchObject({ lost: ['a 2'], gaps: ['consumer: a 2'], outOfOrder: [] });
  });

  it('finds a gap in the ledger itself', () => {
    expect(judge([a1, a3], [payload(a1), payload(a3)]).gaps).toEqual(['ledger: a 2', 'consumer: a 2']);
  });

  it('finds a sequence in the wrong order', () => {
    const result = judge(
      ledger,
      [a2, a1, b1, a3].map((entry) => payload(entry)),
    );
    expect(result.outOfOrder).toEqual(['a 1 after 2']);
  });

  it('finds duplicates that differ, and messages that contradict the ledger or are not in it', () => {
    const lines = [payload(a1), payload(a1, { score: 1 }), payload(a2, { verdict: 'fail' }), payload(row('c', 1))];
    expect(judge(ledger, lines).contradictions).toEqual([
      'a1 differs from its first message',
      'a2 of a, 2, is not in the ledger so',
      'c1 of c, 1, is not in the ledger so',
    ]);
  });
});
