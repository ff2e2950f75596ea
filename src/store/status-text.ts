import { isoUtc } from '../base/clock.js';
import type { Decision } from '../domain/verdict.js';
import type { Account } from './destination-table.js';
import type { Condition } from './disk-condition.js';
import type { Report } from './protocol.js';

export interface LogLine {
  readonly level: 'info' | 'warn';
  readonly fields: object;
  readonly text: string;
}

export const LEFT_ACCOUNT =
  'Messages wait for a destination that is no longer configured. Configure it again, or drop it: jidoka db drop-destination.';

/** Destinations that are no longer configured. */
export function leftAccounts({ accounts }: Report): Account[] {
  return accounts.filter(({ configured }) => !configured);
}

/** What the main thread knows of records and images that are not with the store. */
export interface Held {
  /** Inspections in memory that are not committed yet. */
  readonly waiting: number;
  readonly givenUp: Readonly<Record<Decision, number>>;
  readonly imagesLost: number;
}

/** The state of an open store in plain sentences. */
export function statusText(report: Report, condition: Condition | undefined, held: Held): string {
  return [
    condition === undefined ? 'Open.' : `Since ${isoUtc(condition.sinceMs)}: ${condition.text}`,
    ...(condition?.state === 'failing' ? [`Inspections that wait in memory: ${held.waiting}.`] : []),
    ...givenUpText(held),
    ...imageText(held.imagesLost, report),
    ...shedText(report),
    ...leftText(report),
  ].join(' ');
}

/** What is worth a line in the log between two reports; the condition of the disk has a log of its own. */
export function reportChanges(before: Report, now: Report): LogLine[] {
  const lines: LogLine[] = [];
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

function givenUpText({ givenUp: { pass, fail, review } }: Held): string[] {
  const total = pass + fail + review;
  if (total === 0) return [];
  return [`Inspections given up since the start: ${total} (${pass} pass, ${review} review, ${fail} fail).`];
}

function imageText(imagesLost: number, { imageTrouble }: Report): string[] {
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
