import { existsSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isoUtc } from '../base/clock.js';
import { replaceFileSync } from './replace-file.js';

/** A second suspicion within this time is believed without another check. */
const BELIEVED_MS = 24 * 3600 * 1000;

const suspectPath = (directory: string): string => join(directory, 'jidoka.sqlite.suspect');
const clearedPath = (directory: string): string => join(directory, 'jidoka.sqlite.cleared');

export interface Suspicion {
  readonly reason: string;
  /** The database was found sound after an earlier suspicion, and again it was not usable. */
  readonly repeated: boolean;
}

/**
 * Remembers over the restart that the database was found damaged, so that the next start checks it in full. Where the
 * disk does not take even this, the next start finds the damage as this one did.
 */
export function markSuspect(directory: string, reason: string, atMs: number): void {
  if (existsSync(suspectPath(directory))) return;
  try {
    replaceFileSync(suspectPath(directory), `${isoUtc(atMs)} ${reason}\n`);
  } catch {
    // Nothing else can be done about it here, and the error that led here is told anyway.
  }
}

/** Why the database is to be checked in full; undefined where there is no suspicion. */
export function suspicion(directory: string, nowMs: number): Suspicion | undefined {
  const path = suspectPath(directory);
  if (!existsSync(path)) return undefined;
  const cleared = statSync(clearedPath(directory), { throwIfNoEntry: false })?.mtimeMs;
  return {
    reason: readFileSync(path, 'utf8').trim(),
    repeated: cleared !== undefined && Math.abs(nowMs - cleared) < BELIEVED_MS,
  };
}

/** The full check has found nothing: remembered, so that a damage that no check finds does not go round for ever. */
export function clearSuspicion(directory: string): void {
  renameSync(suspectPath(directory), clearedPath(directory));
}

/** The database is a new one. */
export function forgetSuspicion(directory: string): void {
  for (const path of [suspectPath(directory), clearedPath(directory)]) rmSync(path, { force: true });
}
