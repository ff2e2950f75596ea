import { JidokaError, messageOf } from '../base/errors.js';
import { opcuaErrors } from './errors.js';

export interface Translated {
  readonly error: JidokaError;
  /** Trying again soon is useless until somebody changes something, or does harm, as it locks an account. */
  readonly patient: boolean;
}

/** The security a connection was attempted with. */
export interface ConnectSecurity {
  /** Messages are signed or encrypted. */
  readonly secured: boolean;
  readonly pkiFolder: string;
}

type Code = Exclude<keyof typeof opcuaErrors, 'definitions'>;

/** node-opcua tells what happened only in the text of its errors; the first pattern that fits decides. */
const PATTERNS: readonly (readonly [RegExp, Code, boolean])[] = [
  [/ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN/, 'OPCUA_SERVER_ABSENT', false],
  [
    /Cannot find an Endpoint matching|cannot find endpoint for|BadSecurityPolicyRejected|BadSecurityModeRejected/i,
    'OPCUA_POLICY_NOT_OFFERED',
    true,
  ],
  [/BadCertificateUntrusted/, 'OPCUA_CERT_UNTRUSTED', true],
  [/BadCertificate|certificate verification failed/i, 'OPCUA_CERT_INVALID', true],
  [/BadSecurityChecksFailed|BadApplicationSignatureInvalid/, 'OPCUA_CLIENT_CERT_REFUSED', true],
  [/BadUserAccessDenied|BadIdentityTokenRejected|BadUserSignatureInvalid/, 'OPCUA_LOGIN_REFUSED', true],
  [/user token policy|BadIdentityTokenInvalid/i, 'OPCUA_LOGIN_KIND_NOT_OFFERED', true],
  [/BadTooManySessions|BadMaxConnectionsReached/, 'OPCUA_TOO_MANY_SESSIONS', true],
  [/time(d )?out|ETIMEDOUT|BadTimeout|BadRequestTimeout/i, 'OPCUA_SERVER_SILENT', false],
];

/** What the library threw while a connection was set up, as an error an operator understands. */
export function translateConnectError(error: unknown, where: string, security: ConnectSecurity): Translated {
  if (error instanceof JidokaError) return { error, patient: false };
  const got = oneLine(messageOf(error));
  const { secured, pkiFolder } = security;
  for (const [pattern, code, patient] of PATTERNS) {
    if (!pattern.test(got)) continue;
    const hint = code === 'OPCUA_CERT_UNTRUSTED' ? { hint: trustHint(pkiFolder) } : {};
    return { error: opcuaErrors[code]({ where, got, cause: error, ...hint }), patient };
  }
  // A server that does not trust us says no more than this.
  if (secured && /rejected by server|disconnected by third party|ECONNRESET|socket has been closed/i.test(got)) {
    const hint = `Look in the server's list of rejected certificates and trust ${pkiFolder}/own/certs/client_certificate.pem.`;
    return { error: opcuaErrors.OPCUA_CLIENT_CERT_REFUSED({ where, got, cause: error, hint }), patient: true };
  }
  return { error: opcuaErrors.OPCUA_CONNECT_FAILED({ where, got, cause: error }), patient: false };
}

/** Why a tag cannot be monitored, from the status its creation was answered with. */
export function tagFault(nodeId: string, status: string): JidokaError {
  const details = { where: nodeId, got: status };
  if (/BadNodeIdUnknown|BadNodeIdInvalid/.test(status)) return opcuaErrors.OPCUA_NODE_UNKNOWN(details);
  return opcuaErrors.OPCUA_NODE_REFUSED(details);
}

function trustHint(pkiFolder: string): string {
  return `Compare its fingerprint with the server's, then move it from ${pkiFolder}/rejected to ${pkiFolder}/trusted/certs.`;
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, 400);
}
