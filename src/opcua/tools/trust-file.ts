import { readFile } from 'node:fs/promises';
import { messageOf } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import { opcuaErrors } from '../errors.js';
import { loadLibrary } from '../library.js';
import { type CertificateFacts, readCertificates } from '../security/certificate.js';

/** What a file holds that can be trusted. */
export type TrustFile =
  | { readonly kind: 'certificate'; readonly certificate: CertificateFacts }
  | { readonly kind: 'revocation-list'; readonly bytes: Buffer; readonly revoked: number };

/** Reads a certificate or a revocation list in PEM or DER. Throws `OPCUA_TRUST_FILE_UNUSABLE`. */
export async function readTrustFile(file: string, logger: Logger): Promise<TrustFile> {
  const { client } = await loadLibrary(logger);
  try {
    const bytes = await readFile(file);
    if (!isRevocationList(file, bytes)) {
      const [certificate] = readCertificates(bytes);
      if (certificate !== undefined) return { kind: 'certificate', certificate };
      throw new Error('there is no certificate in it');
    }
    const { crypto_utils: crypto } = client;
    const der = bytes.includes('-----BEGIN') ? crypto.convertPEMtoDER(bytes.toString('latin1')) : bytes;
    const list = crypto.exploreCertificateRevocationList(der);
    return { kind: 'revocation-list', bytes, revoked: list.tbsCertList.revokedCertificates.length };
  } catch (error) {
    throw opcuaErrors.OPCUA_TRUST_FILE_UNUSABLE({ where: file, got: messageOf(error), cause: error });
  }
}

function isRevocationList(file: string, bytes: Buffer): boolean {
  if (bytes.includes('-----BEGIN X509 CRL-----')) return true;
  return /\.crl$/i.test(file) && !bytes.includes('-----BEGIN CERTIFICATE-----');
}
