import { describe, expect, it } from 'vitest';
import type { Decision } from '#jidoka/domain/verdict.js';
import { type HeldRecord, type HoldLimits, RecordHold } from '#jidoka/store/record-hold.js';
import { anInspection } from '../../contract/inspections.js';

const LIMITS: HoldLimits = { records: 4, bytes: 1_000_000, handedOn: 2, images: 2, imageBytes: 100 };

function record(index: number, decision: Decision = 'pass', imageBytes?: number): HeldRecord {
  const jpeg = imageBytes === undefined ? undefined : new Uint8Array(imageBytes);
  return { inspection: anInspection(index, { decision }), jpeg };
}

const emptied = (hold: RecordHold<HeldRecord>): HeldRecord[] => {
  const records: HeldRecord[] = [];
  for (let next = hold.handOn(); next !== undefined; next = hold.handOn()) {
    records.push(next);
    hold.settled(next);
  }
  return records;
};

describe('RecordHold', () => {
  it('hands on in the order of arrival, whatever the verdict, a limited number at a time', () => {
    const hold = new RecordHold(LIMITS);
    const records = [record(0), record(1, 'fail'), record(2, 'review'), record(3)];
    for (const one of records) expect(hold.add(one)).toEqual([]);
    expect([hold.handOn(), hold.handOn(), hold.handOn()]).toEqual([records[0], records[1], undefined]);
    hold.settled(records[0] as HeldRecord);
    expect([hold.handOn(), hold.handOn()]).toEqual([records[2], undefined]);
    expect(hold.handOn(Number.POSITIVE_INFINITY)).toBe(records[3]);
    expect(hold.size).toBe(3);
  });

  it('gives up the newest pass first, then reviews, then the newcomer', () => {
    const hold = new RecordHold(LIMITS);
    const [pass0, review1, pass2, fail3] = [record(0), record(1, 'review'), record(2), record(3, 'fail')];
    for (const one of [pass0, review1, pass2, fail3]) hold.add(one);
    const [pass4, review5, review6, fail7, fail8] = [
      record(4),
      record(5, 'review'),
      record(6, 'review'),
      record(7, 'fail'),
      record(8, 'fail'),
    ];
    expect(hold.add(pass4)).toEqual([pass4]);
    expect(hold.add(review5)).toEqual([pass2]);
    expect(hold.add(fail7)).toEqual([pass0]);
    expect(hold.add(review6)).toEqual([review6]);
    expect(hold.add(fail8)).toEqual([review5]);
    expect(hold.givenUp).toEqual({ pass: 3, review: 2, fail: 0 });
    expect(emptied(hold)).toEqual([review1, fail3, fail7, fail8]);
  });

  it('never gives up what was handed on: it may be committed already', () => {
    const hold = new RecordHold(LIMITS);
    const passes = [0, 1, 2, 3].map((index) => record(index));
    for (const one of passes) hold.add(one);
    hold.handOn();
    hold.handOn();
    const given = [4, 5, 6].map((index) => hold.add(record(index, 'fail')));
    expect(given[0]).toEqual([passes[3]]);
    expect(given[1]).toEqual([passes[2]]);
    expect(given[2]?.[0]?.inspection.verdict.decision).toBe('fail');
    expect(hold.size).toBe(4);
  });

  it('is bounded in bytes too', () => {
    const hold = new RecordHold({ ...LIMITS, records: 1000, bytes: 20_000 });
    const refused = Array.from({ length: 100 }, (_, index) => hold.add(record(index)).length);
    expect(hold.size).toBeGreaterThan(2);
    expect(hold.size).toBeLessThan(20);
    expect(refused.reduce((sum, count) => sum + count, 0)).toBe(100 - hold.size);
    emptied(hold);
    expect(hold.add(record(200))).toEqual([]);
  });

  it('takes a record without its image where the images are too many or too large', () => {
    const hold = new RecordHold(LIMITS);
    const records = [record(0, 'fail', 60), record(1, 'fail', 60), record(2, 'fail', 40), record(3, 'fail', 0)];
    for (const one of records) expect(hold.add(one)).toEqual([]);
    expect(records.map(({ jpeg }) => jpeg?.byteLength)).toEqual([60, undefined, 40, undefined]);
    expect(hold.imagesGivenUp).toBe(2);
    emptied(hold);
    expect(hold.imageBytes).toBe(0);
    const later = record(4, 'fail', 100);
    hold.add(later);
    expect(later.jpeg?.byteLength).toBe(100);
  });

  it('drops all images that wait, and counts them', () => {
    const hold = new RecordHold(LIMITS);
    const records = [record(0, 'pass', 10), record(1, 'fail', 10)];
    for (const one of records) hold.add(one);
    hold.giveUpImages();
    expect(records.map(({ jpeg }) => jpeg)).toEqual([undefined, undefined]);
    expect(hold.imagesGivenUp).toBe(2);
    expect(hold.imageBytes).toBe(0);
    expect(hold.size).toBe(2);
  });

  it('stays within its limits, whatever comes, and accounts for every record', () => {
    const hold = new RecordHold({ ...LIMITS, records: 50, handedOn: 10 });
    const decisions: Decision[] = ['pass', 'fail', 'review', 'pass', 'pass'];
    let [settled, given] = [0, 0];
    const withThread: HeldRecord[] = [];
    for (let index = 0; index < 2000; index += 1) {
      given += hold.add(record(index, decisions[(index * 7) % 5], index % 3 === 0 ? 30 : undefined)).length;
      if (index % 4 === 0) {
        const next = hold.handOn();
        if (next !== undefined) withThread.push(next);
      }
      if (index % 11 === 0) {
        const done = withThread.shift();
        if (done !== undefined) {
          hold.settled(done);
          settled += 1;
        }
      }
      expect(hold.size).toBeLessThanOrEqual(50);
      expect(hold.imageBytes).toBeLessThanOrEqual(100);
    }
    const { pass, review, fail } = hold.givenUp;
    expect(pass + review + fail).toBe(given);
    expect(hold.clear()).toHaveLength(2000 - settled - given);
    expect(hold.size).toBe(0);
  });
});
