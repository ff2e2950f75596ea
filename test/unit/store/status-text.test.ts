import { describe, expect, it } from 'vitest';
import type { Report } from '#jidoka/store/protocol.js';
import { reportChanges, statusText } from '#jidoka/store/status-text.js';

const QUIET: Report = {
  trouble: undefined,
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

describe('statusText', () => {
  it('is short where all is well', () => {
    expect(statusText(QUIET, 0)).toBe('Open.');
  });

  it('names everything that was given up or waits for nobody', () => {
    const accounts = [...QUIET.accounts, { destination: 'old', configured: false, rows: 7, bytes: 70 }];
    const report = { ...QUIET, accounts, messagesShed: 3, messagesExpired: 2, imagesLost: 1 };
    expect(statusText(report, 0)).toBe(
      'Open. Images that could not be kept: 1. Messages given up because the outbox is full: 3. ' +
        'Messages given up because they waited too long: 2. ' +
        'Destination old is no longer configured; 7 messages wait for it.',
    );
  });

  it('says first what keeps it from writing', () => {
    expect(statusText({ ...QUIET, trouble: 'The disk is full.', messagesShed: 3 }, 4)).toBe(
      'Inspections that wait in memory: 4. The disk is full.',
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

  it('tells of trouble, and that it is over', () => {
    const bad = { ...QUIET, trouble: 'The disk is full.' };
    expect(reportChanges(QUIET, bad)).toEqual([{ level: 'error', fields: {}, text: 'The disk is full.' }]);
    expect(reportChanges(bad, bad)).toEqual([]);
    expect(reportChanges(bad, QUIET)).toMatchObject([{ level: 'info' }]);
  });
});
