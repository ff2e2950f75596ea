import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isoUtc } from '../../base/clock.js';
import { messageOf } from '../../base/errors.js';
import { opcuaErrors } from '../errors.js';
import { type CertificateFacts, readCertificates } from './certificate.js';

export interface KeyPairFiles {
  readonly cert: string;
  readonly key: string;
}

/** A certificate with its private key, checked against each other. */
export interface KeyPair extends KeyPairFiles {
  readonly certificate: CertificateFacts;
  /** The certificate and those of its issuers, as far as the file has them. */
  readonly chain: readonly Buffer[];
  readonly privateKey: KeyObject;
}

const SMALLEST_KEY_BITS = 2048;

/** Reads both files. Throws `OPCUA_OWN_CERT_UNUSABLE` with the file and what is wrong with it. */
export async function readKeyPair({ cert, key }: KeyPairFiles): Promise<KeyPair> {
  const [certificate, ...issuers] = await part(cert, 'a certificate in PEM or DER', readCertificates);
  if (certificate === undefined) throw unusable(cert, 'there is no certificate in it');
  const privateKey = await part(key, 'a private key in PEM or DER, without a pass phrase', readKey);
  const { publicKey } = new X509Certificate(certificate.der);
  const bits = publicKey.asymmetricKeyDetails?.modulusLength ?? 0;
  if (publicKey.asymmetricKeyType !== 'rsa' || bits < SMALLEST_KEY_BITS) {
    const kind = `${publicKey.asymmetricKeyType ?? 'unknown'} ${bits || ''}`.trim();
    throw unusable(cert, `a key of the kind ${kind}`, `RSA with ${SMALLEST_KEY_BITS} bits or more`);
  }
  if (!new X509Certificate(certificate.der).checkPrivateKey(privateKey)) {
    throw unusable(cert, `a certificate that does not belong to the private key in ${key}`);
  }
  return { cert, key, certificate, chain: [certificate, ...issuers].map(({ der }) => der), privateKey };
}

/** Throws `OPCUA_OWN_CERT_EXPIRED` outside the validity; `remedy` says how to come by a new one. */
export function checkValidity({ cert, certificate }: KeyPair, nowMs: number, remedy: string): void {
  const { notBeforeMs, notAfterMs } = certificate;
  if (nowMs >= notBeforeMs && nowMs < notAfterMs) return;
  throw opcuaErrors.OPCUA_OWN_CERT_EXPIRED({
    where: cert,
    got: `valid from ${isoUtc(notBeforeMs)} to ${isoUtc(notAfterMs)}, and the gateway's clock says ${isoUtc(nowMs)}`,
    hint: remedy,
  });
}

async function part<T>(file: string, expected: string, parse: (bytes: Buffer) => T): Promise<T> {
  try {
    return parse(await readFile(file));
  } catch (error) {
    throw unusable(file, messageOf(error), expected, error);
  }
}

function readKey(bytes: Buffer): KeyObject {
  if (bytes.includes('-----BEGIN')) return createPrivateKey(bytes);
  try {
    return createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' });
  } catch {
    return createPrivateKey({ key: bytes, format: 'der', type: 'pkcs1' });
  }
}

function unusable(where: string, got: string, expected?: string, cause?: unknown): Error {
  return opcuaErrors.OPCUA_OWN_CERT_UNUSABLE({ where, got, ...(expected !== undefined && { expected }), cause });
}
