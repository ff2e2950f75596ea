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
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw storeErrors.STORE_DIRECTORY_UNUSABLE({ where: path, got: messageOf(error), cause: error });
  }
  return path;
}

/** Creates the file empty where it is missing. SQLite would make it readable to all; its WAL follows the file's mode. */
export function createPrivateFile(path: string): void {
  try {
    closeSync(openSync(path, 'a', FILE_MODE));
  } catch (error) {
    throw storeErrors.STORE_DIRECTORY_UNUSABLE({ where: path, got: messageOf(error), cause: error });
  }
}
