import { isoUtc } from '../../base/clock.js';
import type { Logger } from '../../base/logger.js';
import type { CertificateFacts } from './certificate.js';

const DAY_MS = 86_400_000;
const NOTEWORTHY_DAYS = 60;

const noted = new Map<string, number>();
const MOST_NOTED = 200;

/** Warns that a certificate is about to expire, once a day and certificate however often the connection is made. */
export function noteExpiry(
  { notAfterMs, sha256 }: CertificateFacts,
  what: string,
  remedy: string,
  nowMs: number,
  logger: Logger,
): void {
  const days = Math.floor((notAfterMs - nowMs) / DAY_MS);
  if (days >= NOTEWORTHY_DAYS || nowMs - (noted.get(sha256) ?? Number.NEGATIVE_INFINITY) < DAY_MS) return;
  if (noted.size >= MOST_NOTED) noted.clear();
  noted.set(sha256, nowMs);
  const text = `${what} expires in ${days} ${days === 1 ? 'day' : 'days'}, on ${isoUtc(notAfterMs)}. ${remedy}`;
  logger.warn({ notAfter: isoUtc(notAfterMs) }, text);
}
