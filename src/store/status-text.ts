import type { Account } from './destination-table.js';
import type { Report } from './protocol.js';

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly fields: object;
  readonly text: string;
}

export const LEFT_ACCOUNT =
  'Messages wait for a destination that is no longer configured. Configure it again, or drop it with the command jidoka db.';

/** Destinations that are no longer configured. */
export function leftAccounts({ accounts }: Report): Account[] {
  return accounts.filter(({ configured }) => !configured);
}

/** The state of an open store in plain sentences. */
export function statusText(report: Report, pendingRecords: number): string {
  const { trouble } = report;
  if (trouble !== undefined) return `Inspections that wait in memory: ${pendingRecords}. ${trouble}`;
  return ['Open.', ...imageText(report), ...shedText(report), ...leftText(report)].join(' ');
}

/** What is worth a line in the log between two reports. */
export function reportChanges(before: Report, now: Report): LogLine[] {
  const lines: LogLine[] = [];
  if (now.trouble !== undefined && now.trouble !== before.trouble) {
    lines.push({ level: 'error', fields: {}, text: now.trouble });
  }
  if (now.trouble === undefined && before.trouble !== undefined) {
    lines.push({ level: 'info', fields: {}, text: 'The database is written again.' });
  }
  if (now.imageTrouble !== undefined && now.imageTrouble !== before.imageTrouble) {
    const { imagesLost, imageTrouble } = now;
    lines.push({ level: 'warn', fields: { imagesLost }, text: `An image could not be kept: ${imageTrouble}.` });
  }
  if (reachedNext(before.messagesShed, now.messagesShed)) {
    const { messagesShed, outboxBytes } = now;
    const text = 'The outbox is full: the oldest messages are given up, passes first.';
    lines.push({ level: 'warn', fields: { messagesShed, outboxBytes }, text });
  }
  if (reachedNext(before.messagesExpired, now.messagesExpired)) {
    const { messagesExpired } = now;
    lines.push({ level: 'warn', fields: { messagesExpired }, text: 'Messages waited too long and are given up.' });
  }
  return lines;
}

/** True at 1, 10, 100, …: enough to be noticed, not a line a part. */
function reachedNext(before: number, now: number): boolean {
  return now > 0 && String(now).length > (before === 0 ? 0 : String(before).length);
}

function imageText({ imagesLost, imageTrouble }: Report): string[] {
  if (imagesLost === 0) return [];
  const reason = imageTrouble === undefined ? '' : `, the last because ${imageTrouble}`;
  return [`Images that could not be kept: ${imagesLost}${reason}.`];
}

function shedText({ messagesShed, messagesExpired }: Report): string[] {
  return [
    ...(messagesShed === 0 ? [] : [`Messages given up because the outbox is full: ${messagesShed}.`]),
    ...(messagesExpired === 0 ? [] : [`Messages given up because they waited too long: ${messagesExpired}.`]),
  ];
}

function leftText(report: Report): string[] {
  return leftAccounts(report).map(
    ({ destination, rows }) => `Destination ${destination} is no longer configured; ${rows} messages wait for it.`,
  );
}
