import { rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import type { OPCUACertificateManager } from 'node-opcua-certificate-manager';
import { isoUtc } from '../../base/clock.js';
import { JidokaError } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import { opcuaErrors } from '../errors.js';
import { noteExpiry } from './expiry-notes.js';
import { checkValidity, type KeyPair, type KeyPairFiles, readKeyPair } from './key-pair.js';
import { TrustStore } from './trust-store.js';

/** The gateway's own certificate. The URI the gateway gives as its name is the one in it: servers compare the two. */
export interface OwnCertificate extends KeyPair {
  readonly applicationUri: string;
}

export interface OwnCertificateOptions {
  /** Initialized: it holds the key of the PKI folder. */
  readonly manager: OPCUACertificateManager;
  readonly pkiFolder: string;
  /** Names the self-signed certificate when it is made. */
  readonly applicationName: string;
  /** Files to take instead of the certificate in the PKI folder. */
  readonly files: KeyPairFiles | undefined;
  readonly nowMs: number;
  readonly logger: Logger;
}

/** Ten years, as servers that are trusted once and never looked at again want it. */
const VALIDITY_DAYS = 3650;

export function ownCertificateFiles(pkiFolder: string): KeyPairFiles {
  return {
    cert: join(pkiFolder, 'own', 'certs', 'client_certificate.pem'),
    key: join(pkiFolder, 'own', 'private', 'private_key.pem'),
  };
}

/**
 * The configured certificate, or the self-signed one of the PKI folder. The latter is made where it is missing,
 * damaged or expired. Files are read anew at each call, so that renewed ones are taken at the next connection.
 */
export async function ownCertificate(options: OwnCertificateOptions): Promise<OwnCertificate> {
  const { files, pkiFolder, nowMs, logger } = options;
  if (files === undefined) return inTurn(() => selfSigned(options));
  const pair = await readKeyPair(files);
  const remedy = `Have it renewed by whoever issued it and put the new files in place; they are taken at the next attempt.`;
  checkValidity(pair, nowMs, remedy);
  const { applicationUri } = pair.certificate;
  if (applicationUri === null) {
    throw opcuaErrors.OPCUA_OWN_CERT_UNUSABLE({
      where: files.cert,
      got: 'a certificate without an application URI',
      expected: `a subject alternative name such as URI:${newUri(options)}`,
    });
  }
  noteExpiry(pair.certificate, `The gateway's certificate ${files.cert}`, remedy, nowMs, logger);
  await new TrustStore(pkiFolder).handOver();
  return { ...pair, applicationUri };
}

/** Makes a new self-signed certificate in the PKI folder, in place of the one there. */
export async function renewOwnCertificate(options: OwnCertificateOptions): Promise<OwnCertificate> {
  return inTurn(async () => {
    await make(options);
    return usable(options.pkiFolder);
  });
}

async function selfSigned(options: OwnCertificateOptions): Promise<OwnCertificate> {
  const { pkiFolder, nowMs, logger } = options;
  const files = ownCertificateFiles(pkiFolder);
  const old = await usable(pkiFolder).catch((error: unknown) => {
    if (error instanceof JidokaError) return error;
    throw error;
  });
  const expired = !(old instanceof JidokaError) && nowMs >= old.certificate.notAfterMs;
  if (!(old instanceof JidokaError) && !expired) {
    const remedy = `Make a new one at a time that suits the line, with jidoka opcua certificate --renew --state ${dirname(pkiFolder)}, and let the servers trust it; once expired it is made anew by itself, and no server knows it then.`;
    noteExpiry(old.certificate, `The gateway's certificate ${files.cert}`, remedy, nowMs, logger);
    return old;
  }
  await make(options);
  const made = await usable(pkiFolder);
  const why = expired ? ` The one before expired on ${isoUtc(old.certificate.notAfterMs)}.` : '';
  const text = `A certificate of the gateway was made: ${files.cert}, fingerprint ${made.certificate.sha1}.${why} Every server with message security must be told to trust it.`;
  // A first one is no news: a server that must trust it refuses it, and that is told with what to do.
  logger[expired ? 'warn' : 'info']({ fingerprint: made.certificate.sha1 }, text);
  return made;
}

async function usable(pkiFolder: string): Promise<OwnCertificate> {
  const files = ownCertificateFiles(pkiFolder);
  const pair = await readKeyPair(files);
  const { applicationUri } = pair.certificate;
  if (applicationUri !== null) return { ...pair, applicationUri };
  throw opcuaErrors.OPCUA_OWN_CERT_UNUSABLE({ where: files.cert, got: 'a certificate without an application URI' });
}

async function make(options: OwnCertificateOptions): Promise<void> {
  const { manager, pkiFolder, applicationName, nowMs } = options;
  const { cert } = ownCertificateFiles(pkiFolder);
  const draft = `${cert}.new`;
  await rm(draft, { force: true });
  await manager.createSelfSignedCertificate({
    applicationUri: newUri(options),
    dns: [hostname()],
    outputFile: draft,
    subject: `/CN=${applicationName.replaceAll('/', ' ').slice(0, 64)}/O=jidoka`,
    // A server whose clock is somewhat behind must not find it in the future.
    startDate: new Date(nowMs - 86_400_000),
    validity: VALIDITY_DAYS,
  });
  await rename(draft, cert);
  await new TrustStore(pkiFolder).handOver();
}

function newUri({ applicationName }: OwnCertificateOptions): string {
  return `urn:${hostname()}:${applicationName.replaceAll(/[^A-Za-z0-9._-]+/g, ':')}`;
}

let busy: Promise<unknown> = Promise.resolve();

/** Two connections that start together must not both make one. */
function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const result = busy.then(work);
  busy = result.catch(() => undefined);
  return result;
}
