import { type ErrorDetails, JidokaError, messageOf } from '../../base/errors.js';
import { cameraErrors } from '../errors.js';
import { systemCode } from '../image-file.js';

type Maker = (details: ErrorDetails) => JidokaError;

const tls =
  (hint: string): Maker =>
  (details) =>
    cameraErrors.CAMERA_HTTP_TLS({ ...details, hint });

const untrusted = tls(
  'Its certificate is signed by nobody that this gateway trusts. Put the PEM file of the authority, or of the certificate itself, into `tls: { ca: PATH }` of the camera.',
);
const outOfDate = tls(
  "Its certificate is not valid at this time: renew it, and check the camera's and the gateway's clock.",
);

const BY_CODE: ReadonlyMap<string, Maker> = new Map<string, Maker>([
  ...['ENOTFOUND', 'EAI_AGAIN', 'EAI_NODATA', 'EAI_FAIL'].map((code): [string, Maker] => [
    code,
    cameraErrors.CAMERA_HTTP_HOST_UNKNOWN,
  ]),
  ...['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ETIMEDOUT', 'EADDRNOTAVAIL'].map(
    (code): [string, Maker] => [code, cameraErrors.CAMERA_HTTP_UNREACHABLE],
  ),
  ...[
    'DEPTH_ZERO_SELF_SIGNED_CERT',
    'SELF_SIGNED_CERT_IN_CHAIN',
    'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
    'UNABLE_TO_GET_ISSUER_CERT',
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'CERT_UNTRUSTED',
    'CERT_SIGNATURE_FAILURE',
  ].map((code): [string, Maker] => [code, untrusted]),
  [
    'ERR_TLS_CERT_ALTNAME_INVALID',
    tls('Its certificate is for another name: write that name in `url`, or in `tls: { serverName: NAME }`.'),
  ],
  ['CERT_HAS_EXPIRED', outOfDate],
  ['CERT_NOT_YET_VALID', outOfDate],
  ['EPROTO', cameraErrors.CAMERA_HTTP_TLS],
]);

/** Turns what a socket, TLS or the HTTP parser threw into one of the catalogue's errors. */
export function networkError(error: unknown, where: string): JidokaError {
  if (error instanceof JidokaError) return error;
  const code = systemCode(error);
  const details = { where, got: reasonOf(messageOf(error)) || code || 'no answer', cause: error };
  const maker = BY_CODE.get(code);
  if (maker !== undefined) return maker(details);
  if (/^HPE_/.test(code)) return cameraErrors.CAMERA_HTTP_PROTOCOL(details);
  if (/^ERR_(SSL|TLS|OSSL)_|^CERT_/.test(code)) return cameraErrors.CAMERA_HTTP_TLS(details);
  return cameraErrors.CAMERA_HTTP_LOST(details);
}

/** OpenSSL's own words without the addresses around them, which differ each time and would fill the log. */
function reasonOf(message: string): string {
  return /error:[0-9A-F]+:[^:]*:[^:]*:([^:]+)/.exec(message)?.[1] ?? message;
}
