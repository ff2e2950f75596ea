import { accessSync, closeSync, constants, mkdirSync, openSync } from 'node:fs';
import { resolve } from 'node:path';
import { messageOf } from '../base/errors.js';
import { storeErrors } from './errors.js';

/** Folders and files are the agent's and its group's: pictures of parts are nobody else's business. */
export const FOLDER_MODE = 0o750;
export const FILE_MODE = 0o640;

/**
 * Creates the storage folder where it is missing.
 *
 * @returns its absolute path
 * @throws STORE_DIRECTORY_UNUSABLE
 */
export function prepareFolder(directory: string): string {
  const path = resolve(directory);
  try {
    mkdirSync(path, { recursive: true, mode: FOLDER_MODE });
  } catch (error) {
    throw unusable(path, error);
  }
  checkAccess(path, constants.R_OK | constants.W_OK | constants.X_OK);
  return path;
}

/**
 * Creates the file empty where it is missing. SQLite would make it readable to all; its WAL follows the file's mode.
 *
 * A file that is there is never opened: closing any handle of it would drop the locks that SQLite holds on it in this
 * process (POSIX advisory locks belong to the process, not to the handle).
 */
export function createPrivateFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', FILE_MODE));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unusable(path, error);
  }
  checkAccess(path, constants.R_OK | constants.W_OK);
}

function checkAccess(path: string, mode: number): void {
  try {
    accessSync(path, mode);
  } catch (error) {
    throw unusable(path, error);
  }
}

function unusable(path: string, cause: unknown): Error {
  return storeErrors.STORE_DIRECTORY_UNUSABLE({ where: path, got: messageOf(cause), cause });
}
