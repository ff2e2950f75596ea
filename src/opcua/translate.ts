import { dirname } from 'node:path';
import { JidokaError, messageOf } from '../base/errors.js';
import { opcuaErrors } from './errors.js';

export interface Translated {
  readonly error: JidokaError;
  /** Trying again soon is useless until somebody changes something, or does harm, as it locks an account. */
  readonly patient: boolean;
}

/** What was under way when it failed. */
export interface Attempt {
  readonly where: string;
  /** Asking for the endpoints, opening the channel, or opening the session in it. */
  readonly step: 'discovery' | 'channel' | 'session';
  /** Messages are signed or encrypted. */
  readonly secured: boolean;
  readonly pkiFolder: string;
  readonly login: 'anonymous' | 'username' | 'certificate';
  /** Files of the gateway's certificate and of the user's. */
  readonly ownCertificate: string;
  readonly userCertificate?: string;
}

/** Of a later step: what goes wrong then is translated by its text alone. */
export type ConnectSecurity = Pick<Attempt, 'secured' | 'pkiFolder'> & Partial<Attempt>;

type Code = Exclude<keyof typeof opcuaErrors, 'definitions'>;

const PATIENT: ReadonlySet<string> = new Set<Code>([
  'OPCUA_POLICY_NOT_OFFERED',
  'OPCUA_CERT_UNTRUSTED',
  'OPCUA_CERT_EXPIRED',
  'OPCUA_CERT_NOT_YET_VALID',
  'OPCUA_CERT_HOST_MISMATCH',
  'OPCUA_CERT_URI_MISMATCH',
  'OPCUA_CERT_ISSUER_UNKNOWN',
  'OPCUA_CERT_REVOKED',
  'OPCUA_CERT_REVOCATION_UNKNOWN',
  'OPCUA_CERT_INVALID',
  'OPCUA_OWN_CERT_UNUSABLE',
  'OPCUA_OWN_CERT_EXPIRED',
  'OPCUA_CLIENT_CERT_REFUSED',
  'OPCUA_USER_CERT_REFUSED',
  'OPCUA_LOGIN_REFUSED',
  'OPCUA_LOGIN_KIND_NOT_OFFERED',
  'OPCUA_TOO_MANY_SESSIONS',
]);

/**
 * node-opcua tells what happened only in the text of its errors; the first pattern that fits decides. The gateway
 * judges certificates itself, so a certificate that is spoken of here is one that the server refused.
 */
const PATTERNS: readonly (readonly [RegExp, Code | 'certificate' | 'login'])[] = [
  [/ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EHOSTDOWN/, 'OPCUA_SERVER_ABSENT'],
  [
    /Cannot find an Endpoint matching|cannot find endpoint for|End point must exist|BadSecurityPolicyRejected|BadSecurityModeRejected/i,
    'OPCUA_POLICY_NOT_OFFERED',
  ],
  [
    /BadCertificate(Uri|HostName)Invalid|BadSecurityChecksFailed|BadApplicationSignatureInvalid/,
    'OPCUA_CLIENT_CERT_REFUSED',
  ],
  [/BadCertificate/, 'certificate'],
  [/BadUserAccessDenied|BadIdentityTokenRejected|BadUserSignatureInvalid|BadIdentityTokenInvalid/, 'login'],
  [/user token policy/i, 'OPCUA_LOGIN_KIND_NOT_OFFERED'],
  [/BadTooManySessions|BadMaxConnectionsReached/, 'OPCUA_TOO_MANY_SESSIONS'],
  [/time(d )?out|ETIMEDOUT|BadTimeout|BadRequestTimeout/i, 'OPCUA_SERVER_SILENT'],
];

/** How a server that does not trust the gateway's certificate ends it: mostly without a word. */
const DROPPED =
  /rejected by server|disconnected by third party|ECONNRESET|EPIPE|socket has been (closed|disconnected)|connection (has been )?(closed|aborted)/i;

/** What the library threw while a connection was set up, as an error an operator understands. */
export function translateConnectError(error: unknown, where: string, about: ConnectSecurity): Translated {
  if (error instanceof JidokaError) return { error, patient: PATIENT.has(error.code) };
  const got = oneLine(messageOf(error));
  const code = codeOf(got, about);
  const hint = hintFor(code, about);
  const translated = opcuaErrors[code]({ where, got, cause: error, ...(hint !== undefined && { hint }) });
  return { error: translated, patient: PATIENT.has(code) };
}

function codeOf(got: string, { secured, step, login }: ConnectSecurity): Code {
  const code = PATTERNS.find(([pattern]) => pattern.test(got))?.[1];
  if (code === 'login') return refusedLogin(login);
  // A user's certificate is looked at when the session is opened, the gateway's with the channel.
  if (code === 'certificate') {
    return step === 'session' && login === 'certificate' ? 'OPCUA_USER_CERT_REFUSED' : 'OPCUA_CLIENT_CERT_REFUSED';
  }
  if (code !== undefined) return code;
  return secured && step !== 'discovery' && DROPPED.test(got) ? 'OPCUA_CLIENT_CERT_REFUSED' : 'OPCUA_CONNECT_FAILED';
}

function refusedLogin(login: Attempt['login'] | undefined): Code {
  if (login === 'certificate') return 'OPCUA_USER_CERT_REFUSED';
  return login === 'anonymous' ? 'OPCUA_LOGIN_KIND_NOT_OFFERED' : 'OPCUA_LOGIN_REFUSED';
}

function hintFor(code: Code, { pkiFolder, ownCertificate, userCertificate }: ConnectSecurity): string | undefined {
  if (code === 'OPCUA_CLIENT_CERT_REFUSED' && ownCertificate !== undefined) {
    const show = `jidoka opcua certificate --state ${dirname(pkiFolder)}`;
    return `Look in the server's list of rejected certificates and trust the gateway's, ${ownCertificate} (${show} shows its fingerprint); if it is trusted already, compare its validity with the server's clock.`;
  }
  if (code === 'OPCUA_USER_CERT_REFUSED' && userCertificate !== undefined) {
    return `Make ${userCertificate} known to the server as a user's certificate; servers keep those apart from the certificates of applications.`;
  }
  return undefined;
}

/** Why a tag cannot be monitored, from the status its creation was answered with. */
export function tagFault(nodeId: string, status: string): JidokaError {
  const details = { where: nodeId, got: status };
  if (/BadNodeIdUnknown|BadNodeIdInvalid/.test(status)) return opcuaErrors.OPCUA_NODE_UNKNOWN(details);
  return opcuaErrors.OPCUA_NODE_REFUSED(details);
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim().slice(0, 400);
}
