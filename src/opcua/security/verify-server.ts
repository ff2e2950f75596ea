import { dirname } from 'node:path';
import type { OPCUACertificateManager } from 'node-opcua-certificate-manager';
import { isoUtc } from '../../base/clock.js';
import { type JidokaError, messageOf } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import { opcuaErrors } from '../errors.js';
import { type CertificateFacts, certificateFacts, splitChain } from './certificate.js';
import type { Endpoint } from './endpoints.js';
import { noteExpiry } from './expiry-notes.js';
import { hostOf, namesHost } from './server-names.js';
import { TrustStore } from './trust-store.js';

export interface ServerToVerify {
  /** As it stands in the configuration. */
  readonly url: string;
  readonly endpoint: Endpoint;
  /** Initialized; knows the trusted certificates, authorities and revocation lists. */
  readonly manager: OPCUACertificateManager;
  readonly pkiFolder: string;
  readonly checkHostName: boolean;
  readonly nowMs: number;
  readonly logger: Logger;
}

/** What a certificate that is trusted itself does not need: it stands for one server, whoever issued it. */
const NO_MATTER_IF_TRUSTED = /^Bad(CertificateChainIncomplete|Certificate(Issuer)?RevocationUnknown)$/;

/**
 * Judges the certificate of a server before anything secret is said to it. Throws an error of its own for each thing
 * that can be wrong; a certificate that is merely not trusted yet is kept for whoever decides.
 */
export async function verifyServer(server: ServerToVerify): Promise<void> {
  const { endpoint, manager, pkiFolder, nowMs, logger, url } = server;
  const chain = certificateChain(server);
  const [certificate] = chain;
  checkTime(server, certificate);
  const store = new TrustStore(pkiFolder);
  const status: string = await manager.verifyCertificate(endpoint.certificate, {
    acceptCertificateWithValidIssuerChain: true,
  });
  const trusted = await store.isTrusted(certificate);
  if (status !== 'Good' && !(trusted && NO_MATTER_IF_TRUSTED.test(status))) {
    if (!trusted) await store.reject(certificate);
    throw refusal(status, server, certificate);
  }
  checkNames(server, certificate);
  const remedy = 'Renew it in the server and trust the new one before then.';
  noteExpiry(certificate, `The certificate of the OPC UA server at ${url}`, remedy, nowMs, logger);
}

function certificateChain({ endpoint, url }: ServerToVerify): readonly [CertificateFacts, ...CertificateFacts[]] {
  try {
    const [first, ...others] = splitChain(endpoint.certificate).map(certificateFacts);
    if (first !== undefined) return [first, ...others];
    throw new Error('there is none');
  } catch (error) {
    throw opcuaErrors.OPCUA_CERT_INVALID({ where: url, got: messageOf(error), cause: error });
  }
}

function checkTime({ url, nowMs }: ServerToVerify, certificate: CertificateFacts): void {
  const { notBeforeMs, notAfterMs } = certificate;
  const clock = `the gateway's clock says ${isoUtc(nowMs)}`;
  if (nowMs >= notAfterMs) {
    throw opcuaErrors.OPCUA_CERT_EXPIRED({ where: url, got: `expired on ${isoUtc(notAfterMs)}, and ${clock}` });
  }
  if (nowMs < notBeforeMs) {
    const got = `valid from ${isoUtc(notBeforeMs)} on, and ${clock}`;
    throw opcuaErrors.OPCUA_CERT_NOT_YET_VALID({ where: url, got });
  }
}

function checkNames({ url, endpoint, checkHostName }: ServerToVerify, certificate: CertificateFacts): void {
  if (certificate.applicationUri !== endpoint.applicationUri) {
    throw opcuaErrors.OPCUA_CERT_URI_MISMATCH({
      where: url,
      got: `${certificate.applicationUri ?? 'no URI'} in the certificate`,
      expected: `${endpoint.applicationUri}, as the server calls itself`,
    });
  }
  const host = hostOf(url);
  if (!checkHostName || namesHost(certificate, host)) return;
  const names = [...certificate.dnsNames, ...certificate.ipAddresses];
  throw opcuaErrors.OPCUA_CERT_HOST_MISMATCH({
    where: url,
    got: names.length === 0 ? 'a certificate without host names' : `a certificate for ${names.join(', ')}`,
    expected: host,
  });
}

function refusal(status: string, server: ServerToVerify, certificate: CertificateFacts): JidokaError {
  const { url: where, pkiFolder } = server;
  const { subject, issuer, sha1 } = certificate;
  const state = dirname(pkiFolder);
  const trust = `jidoka opcua trust --state ${state}`;
  switch (status) {
    case 'BadCertificateUntrusted':
      return opcuaErrors.OPCUA_CERT_UNTRUSTED({
        where,
        got: `${subject}, fingerprint ${sha1}`,
        hint: `Compare the fingerprint with the one the server shows, then trust it: ${trust} ${sha1}`,
      });
    case 'BadCertificateChainIncomplete':
      return opcuaErrors.OPCUA_CERT_ISSUER_UNKNOWN({
        where,
        got: `${subject}, fingerprint ${sha1}, issued by ${issuer}`,
        hint: `Trust the authority with its certificate and its revocation list (${trust} FILE), or this server alone: ${trust} ${sha1}`,
      });
    case 'BadCertificateRevoked':
    case 'BadCertificateIssuerRevoked':
      return opcuaErrors.OPCUA_CERT_REVOKED({ where, got: `${subject}, fingerprint ${sha1}, issued by ${issuer}` });
    case 'BadCertificateRevocationUnknown':
    case 'BadCertificateIssuerRevocationUnknown':
      return opcuaErrors.OPCUA_CERT_REVOCATION_UNKNOWN({
        where,
        got: `${subject}, issued by ${issuer}, of which there is no revocation list`,
        hint: `Add the authority's revocation list (${trust} FILE.crl), or trust this server alone: ${trust} ${sha1}`,
      });
    default:
      return opcuaErrors.OPCUA_CERT_INVALID({ where, got: `${status} for ${subject}, fingerprint ${sha1}` });
  }
}
