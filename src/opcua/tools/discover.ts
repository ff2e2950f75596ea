import { isoUtc } from '../../base/clock.js';
import type { Logger } from '../../base/logger.js';
import { opcuaErrors } from '../errors.js';
import { loadLibrary } from '../library.js';
import { type CertificateFacts, certificateFacts, splitChain } from '../security/certificate.js';
import { type Endpoint, LOGIN_NAMES, readEndpoints, recommended } from '../security/endpoints.js';
import { hostOf, namesHost } from '../security/server-names.js';
import { translateConnectError } from '../translate.js';
import { connectionText } from './config-text.js';
import { printable } from './printable.js';
import { REQUEST_TIMEOUT_MS } from './visit.js';

/** What a server tells everybody. */
export interface Discovery {
  readonly url: string;
  readonly endpoints: readonly Endpoint[];
  readonly recommended: Endpoint | undefined;
  /** Of the recommended endpoint, else of the first that has one. */
  readonly certificate: CertificateFacts | undefined;
}

/** Asks a server for its endpoints. Throws JidokaErrors. */
export async function discover(url: string, logger: Logger): Promise<Discovery> {
  const { client } = await loadLibrary(logger);
  const endpoints = await readEndpoints(client, url, REQUEST_TIMEOUT_MS).catch((error: unknown) => {
    throw translateConnectError(error, url, { secured: false, pkiFolder: '', step: 'discovery' }).error;
  });
  const best = recommended(endpoints);
  const bytes = [best, ...endpoints].find((endpoint) => (endpoint?.certificate.length ?? 0) > 0)?.certificate;
  return { url, endpoints, recommended: best, certificate: bytes === undefined ? undefined : serverFacts(bytes, url) };
}

/** The server's own certificate of a chain. Throws `OPCUA_CERT_INVALID`. */
export function serverFacts(bytes: Buffer, url: string): CertificateFacts {
  try {
    return certificateFacts(splitChain(bytes)[0] ?? bytes);
  } catch (error) {
    throw opcuaErrors.OPCUA_CERT_INVALID({ where: url, got: 'bytes that are no certificate', cause: error });
  }
}

/** `key  text` lines about a certificate, then what is wrong with it for this host, if one is given. */
export function certificateLines(certificate: CertificateFacts, nowMs: number, url?: string): readonly string[] {
  const { subject, issuer, selfSigned, applicationUri, dnsNames, ipAddresses, notBeforeMs, notAfterMs } = certificate;
  const lines = [
    ['subject', subject],
    ['issuer', selfSigned ? 'itself (self-signed)' : issuer],
    ['application', applicationUri ?? 'none'],
    ['hosts', [...dnsNames, ...ipAddresses].join(', ') || 'none'],
    ['valid', `${isoUtc(notBeforeMs)} to ${isoUtc(notAfterMs)}`],
    ['SHA-1', certificate.sha1],
    ['SHA-256', certificate.sha256],
  ].map(([key = '', text = '']) => `${key.padEnd(12)} ${printable(text)}`);
  return [...lines, ...certificateNotes(certificate, nowMs, url).map((note) => `${'note'.padEnd(12)} ${note}`)];
}

function certificateNotes(certificate: CertificateFacts, nowMs: number, url: string | undefined): readonly string[] {
  const notes: string[] = [];
  if (nowMs >= certificate.notAfterMs) notes.push('It has expired and is refused.');
  if (nowMs < certificate.notBeforeMs) notes.push('It is not valid yet and is refused: set the clocks.');
  if (url !== undefined && !namesHost(certificate, hostOf(url))) {
    notes.push(`It does not name ${hostOf(url)}: use one of its names, or set checkHostName: false.`);
  }
  return notes;
}

/** What an engineer reads of it, with the configuration to begin with. */
export function discoveryText(discovery: Discovery, nowMs: number): string {
  const { url, endpoints, certificate } = discovery;
  const best = discovery.recommended;
  const [first] = endpoints;
  const lines = [
    `${printable(first?.applicationName ?? '')} (${printable(first?.applicationUri ?? '')}) at ${url}`,
    '',
  ];
  const rows = endpoints.map((endpoint) => [
    endpoint.mode ?? '?',
    printable(endpoint.policy),
    endpoint.logins.map((login) => LOGIN_NAMES[login]).join(', ') || '?',
    endpoint === best ? '<- recommended' : endpoint.supported ? '' : '(broken or unknown; not supported)',
  ]);
  const widths = [0, 1, 2].map((column) => Math.max(8, ...rows.map((row) => row[column]?.length ?? 0)));
  for (const row of [['mode', 'policy', 'logins', ''], ...rows]) {
    lines.push(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
  }
  lines.push('', ...endpointNotes(discovery));
  if (certificate !== undefined) lines.push(...certificateLines(certificate, nowMs, url), '');
  if (best !== undefined) lines.push(`# For the configuration:`, connectionText(url, best).trimEnd());
  return `${lines.join('\n')}\n`;
}

function endpointNotes({ url, endpoints, recommended: best }: Discovery): readonly string[] {
  const notes: string[] = [];
  const elsewhere = endpoints.find((endpoint) => safeHost(endpoint.url) !== hostOf(url));
  if (elsewhere !== undefined) {
    notes.push(`The server calls itself ${printable(elsewhere.url)}; jidoka goes to the address it was given.`);
  }
  if (best === undefined) notes.push('Nothing it offers is supported by jidoka: enable a newer policy in the server.');
  else if (best.mode === 'none')
    notes.push('It offers no security: everybody on the network can read and write along.');
  if (endpoints.some(({ plainPassword, supported }) => plainPassword && supported)) {
    notes.push('Without signAndEncrypt it takes passwords in plain text on some of these endpoints.');
  }
  return notes.length === 0 ? [] : [...notes, ''];
}

function safeHost(url: string): string {
  try {
    return hostOf(url);
  } catch {
    return '';
  }
}
