import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { hostname as machineName } from 'node:os';
import { join } from 'node:path';
import type { OPCUACertificateManager } from 'node-opcua-certificate-manager';
import type { ServerSettings } from './protocol.js';

const VALID_DAYS = 3650;

type Owner = Pick<ServerSettings, 'gateway' | 'hostname' | 'pkiFolder'>;

/** By which clients know this server, whatever its address. */
export function applicationUri({ gateway }: Pick<Owner, 'gateway'>): string {
  return `urn:${machineName()}:jidoka:${gateway}`;
}

export function ownCertificateFile({ pkiFolder }: Pick<Owner, 'pkiFolder'>): string {
  return join(pkiFolder, 'own', 'certs', 'certificate.pem');
}

/**
 * Makes the self-signed certificate of the server where there is none, or one that is of another name or has expired;
 * the key stays. The library would make one too, but without the address that clients use, and by asking for the
 * network's interfaces, which a hardened service may not.
 */
export async function ensureOwnCertificate(manager: OPCUACertificateManager, owner: Owner): Promise<void> {
  await manager.initialize();
  const file = ownCertificateFile(owner);
  if (await fits(file, owner)) return;
  const names = [...new Set([owner.hostname, machineName()])];
  await manager.createSelfSignedCertificate({
    applicationUri: applicationUri(owner),
    dns: names.filter((name) => isIP(name) === 0),
    ip: names.filter((name) => isIP(name) !== 0),
    outputFile: file,
    subject: `/CN=jidoka ${owner.gateway}`,
    startDate: new Date(),
    validity: VALID_DAYS,
  });
}

/** A certificate from files. The library would make a self-signed one where there is no such file. @throws Error */
export async function checkGivenCertificate({ cert, key }: NonNullable<ServerSettings['certificate']>): Promise<void> {
  const certificate = new X509Certificate(await readFile(cert));
  if (!certificate.checkPrivateKey(createPrivateKey(await readFile(key)))) {
    throw new Error('the key is not that of the certificate');
  }
}

async function fits(file: string, owner: Owner): Promise<boolean> {
  const pem = await readFile(file).catch(() => undefined);
  if (pem === undefined) return false;
  const certificate = new X509Certificate(pem);
  const { hostname } = owner;
  const named = isIP(hostname) === 0 ? certificate.checkHost(hostname) : certificate.checkIP(hostname);
  const ours = certificate.subjectAltName?.includes(applicationUri(owner)) === true;
  return named !== undefined && ours && Date.parse(certificate.validTo) > Date.now();
}
