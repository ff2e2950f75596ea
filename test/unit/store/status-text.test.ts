import { describe, expect, it } from 'vitest';
import type { Report } from '#jidoka/store/protocol.js';
import { reportChanges, statusText } from '#jidoka/store/status-text.js';

const QUIET: Report = {
  trouble: undefined,
  lastCommitMs: 3,
  lowSpace: undefined,
  outboxRows: 0,
  outboxBytes: 0,
  accounts: [{ destination: 'mqtt', configured: true, rows: 0, bytes: 0 }],
  imageBytes: 0,
  imagesEvicted: 0,
  imagesLost: 0,
  imageTrouble: undefined,
  imagesWaiting: 0,
  commits: 0,
  records: 0,
  duplicates: 0,
  messagesShed: 0,
  messagesExpired: 0,
  inspectionsDeleted: 0,
  imagesExpired: 0,
  databaseBytes: 0,
  databaseFreeBytes: 0,
};

const HELD = { waiting: 0, givenUp: { pass: 0, fail: 0, review: 0 }, imagesLost: 0 };

describe('statusText', () => {
  it('is short where all is well', () => {
    expect(statusText(QUIET, undefined, HELD)).toBe('Open.');
  });

  it('names everything that was given up or waits for nobody', () => {
    const accounts = [...QUIET.accounts, { destination: 'old', configured: false, rows: 7, bytes: 70 }];
    const report = { ...QUIET, accounts, messagesShed: 3, messagesExpired: 2 };
    const held = { ...HELD, givenUp: { pass: 4, fail: 0, review: 1 }, imagesLost: 1 };
    expect(statusText(report, undefined, held)).toBe(
      'Open. Inspections given up since the start: 5 (4 pass, 1 review, 0 fail). Images that could not be kept: 1. Messages given up because the outbox is full: 3. ' +
        'Messages given up because they waited too long: 2. ' +
        'Destination old is no longer configured; 7 messages wait for it.',
    );
  });

  it('says first what keeps it from writing, and since when', () => {
    const condition = { state: 'failing', code: 'STORE_DISK_FULL', text: 'The disk is full.', sinceMs: 0 } as const;
    expect(statusText(QUIET, condition, { ...HELD, waiting: 4 })).toBe(
      'Since 1970-01-01T00:00:00.000Z: The disk is full. Inspections that wait in memory: 4.',
    );
  });
});

describe('reportChanges', () => {
  const linesAt = (counts: readonly number[], figure: 'messagesShed' | 'messagesExpired'): number[] =>
    counts.filter((count, index) => {
      const before = { ...QUIET, [figure]: counts[index - 1] ?? 0 };
      return reportChanges(before, { ...QUIET, [figure]: count }).length > 0;
    });

  it.each(['messagesShed', 'messagesExpired'] as const)('tells of %s at 1, 10, 100, not of each', (figure) => {
    expect(linesAt([0, 0, 1, 2, 9, 10, 11, 99, 250, 251], figure)).toEqual([1, 10, 250]);
  });

  it('tells of an image that could not be kept, once for each reason', () => {
    const lost = { ...QUIET, imagesLost: 1, imageTrouble: 'the disk is full' };
    expect(reportChanges(QUIET, lost)).toMatchObject([{ level: 'warn', fields: { imagesLost: 1 } }]);
    expect(reportChanges(lost, { ...lost, imagesLost: 2 })).toEqual([]);
  });
});
