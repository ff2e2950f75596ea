import { describe, expect, it } from 'vitest';
import { reportChanges, statusText } from '#jidoka/store/status-text.js';
import { QUIET_REPORT } from '../../simulators/store-report.js';

const HELD = { waiting: 0, givenUp: { pass: 0, fail: 0, review: 0 }, imagesLost: 0 };

describe('statusText', () => {
  it('is short where all is well', () => {
    expect(statusText(QUIET_REPORT, undefined, HELD)).toBe('Open.');
  });

  it('names everything that was given up or waits for nobody', () => {
    const accounts = [...QUIET_REPORT.accounts, { destination: 'old', configured: false, rows: 7, bytes: 70 }];
    const report = { ...QUIET_REPORT, accounts, messagesShed: 3, messagesExpired: 2 };
    const held = { ...HELD, givenUp: { pass: 4, fail: 0, review: 1 }, imagesLost: 1 };
    expect(statusText(report, undefined, held)).toBe(
      'Open. Inspections given up since the start: 5 (4 pass, 1 review, 0 fail). Images that could not be kept: 1. Messages given up because the outbox is full: 3. ' +
        'Messages given up because they waited too long: 2. ' +
        'Destination old is no longer configured; 7 messages wait for it.',
    );
  });

  it('says first what keeps it from writing, and since when', () => {
    const condition = { state: 'failing', code: 'STORE_DISK_FULL', text: 'The disk is full.', sinceMs: 0 } as const;
    expect(statusText(QUIET_REPORT, condition, { ...HELD, waiting: 4 })).toBe(
      'Since 1970-01-01T00:00:00.000Z: The disk is full. Inspections that wait in memory: 4.',
    );
  });
});

describe('reportChanges', () => {
  const linesAt = (counts: readonly number[], figure: 'messagesShed' | 'messagesExpired'): number[] =>
    counts.filter((count, index) => {
      const before = { ...QUIET_REPORT, [figure]: counts[index - 1] ?? 0 };
      return reportChanges(before, { ...QUIET_REPORT, [figure]: count }).length > 0;
    });

  it.each(['messagesShed', 'messagesExpired'] as const)('tells of %s at 1, 10, 100, not of each', (figure) => {
    expect(linesAt([0, 0, 1, 2, 9, 10, 11, 99, 250, 251], figure)).toEqual([1, 10, 250]);
  });

  it('tells of an image that could not be kept, once for each reason', () => {
    const lost = { ...QUIET_REPORT, imagesLost: 1, imageTrouble: 'the disk is full' };
    expect(reportChanges(QUIET_REPORT, lost)).toMatchObject([{ level: 'warn', fields: { imagesLost: 1 } }]);
    expect(reportChanges(lost, { ...lost, imagesLost: 2 })).toEqual([]);
  });
});
