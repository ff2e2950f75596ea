import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { type JidokaError, messageOf } from '../base/errors.js';
import { configErrors } from './errors.js';
import type { SecretReference } from './schema/common.js';

const MAX_SECRET_BYTES = 65_536;
const OTHERS_MAY_READ = 0o004;

export interface SecretFile {
  readonly text: string;
  /** Permission bits as `stat` gives them. */
  readonly mode: number;
}

/** Where secrets come from; cli and app fill it in from the process. */
export interface SecretSources {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** `$CREDENTIALS_DIRECTORY`, which systemd sets for a unit with LoadCredential=. */
  readonly credentialsDirectory: string | undefined;
  readonly readFile: (path: string) => Promise<SecretFile>;
  /** Called with a plain sentence, never with a secret. */
  readonly warn?: (text: string) => void;
}

/**
 * The secret behind a reference, without a line break at its end. Throws a `config` JidokaError where there is none;
 * its text names the place and never the secret.
 */
export async function resolveSecret(reference: SecretReference, sources: SecretSources): Promise<string> {
  if ('env' in reference) {
    const value = sources.environment[reference.env];
    if (value === undefined) throw configErrors.CONFIG_SECRET_VARIABLE_MISSING({ where: reference.env });
    return checked(value, `the environment variable ${reference.env}`);
  }
  if ('file' in reference) return fromFile(reference.file, sources);
  return fromCredential(reference.credential, sources);
}

async function fromFile(path: string, sources: SecretSources): Promise<string> {
  const file = await read(path, sources, configErrors.CONFIG_SECRET_UNREADABLE);
  if ((file.mode & OTHERS_MAY_READ) !== 0) {
    sources.warn?.(
      `The secret in ${path} can be read by every user of this machine. Protect it with: chmod 600 ${path}`,
    );
  }
  return checked(file.text, path);
}

async function fromCredential(name: string, sources: SecretSources): Promise<string> {
  const where = `the credential ${name}`;
  if (/[/\\]/.test(name) || name === '..' || name === '.') {
    const expected = 'a name without a folder, as in LoadCredential=NAME:PATH';
    throw configErrors.CONFIG_SECRET_CREDENTIAL_MISSING({ where, expected });
  }
  if (sources.credentialsDirectory === undefined) {
    const got = 'systemd gave this process no credentials';
    const hint = `Run it as the unit with LoadCredential=${name}:PATH; for a try by hand, put the secret into a file ${name} and set CREDENTIALS_DIRECTORY to its folder.`;
    throw configErrors.CONFIG_SECRET_CREDENTIAL_MISSING({ where, got, hint });
  }
  const file = await read(
    join(sources.credentialsDirectory, name),
    sources,
    configErrors.CONFIG_SECRET_CREDENTIAL_MISSING,
  );
  return checked(file.text, where);
}

async function read(
  path: string,
  sources: SecretSources,
  fail: (details: { where: string; got: string; cause: unknown }) => JidokaError,
): Promise<SecretFile> {
  try {
    return await sources.readFile(path);
  } catch (error) {
    throw fail({ where: path, got: messageOf(error), cause: error });
  }
}

function checked(text: string, where: string): string {
  const secret = text.replace(/\r?\n$/, '');
  if (secret.trim() === '') throw configErrors.CONFIG_SECRET_EMPTY({ where });
  return secret;
}

/** `SecretSources.readFile` from the disk; a file that is far too large for a secret is refused. */
export async function readSecretFile(path: string): Promise<SecretFile> {
  const file = await open(path, 'r');
  try {
    const { mode } = await file.stat();
    const { bytesRead, buffer } = await file.read(Buffer.alloc(MAX_SECRET_BYTES + 1), 0, MAX_SECRET_BYTES + 1, 0);
    if (bytesRead > MAX_SECRET_BYTES) throw new Error(`the file is larger than ${MAX_SECRET_BYTES} bytes`);
    return { text: buffer.toString('utf8', 0, bytesRead), mode };
  } finally {
    await file.close();
  }
}
