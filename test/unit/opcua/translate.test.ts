import { describe, expect, it } from 'vitest';
import { opcuaErrors } from '#jidoka/opcua/errors.js';
import { translateConnectError } from '#jidoka/opcua/translate.js';

// The texts are what node-opcua 2.182.2 throws.
const CASES: readonly (readonly [string, string, boolean])[] = [
  ['The connection cannot be established.\nErr = (connect ECONNREFUSED 127.0.0.1:1)', 'OPCUA_SERVER_ABSENT', false],
  [
    'The connection may have been rejected by server,\n Err = (getaddrinfo ENOTFOUND plc)',
    'OPCUA_SERVER_ABSENT',
    false,
  ],
  ['Err = (Timeout(A) in waiting for data on socket(timeout was = 3000 ms))', 'OPCUA_SERVER_SILENT', false],
  ['Cannot find an Endpoint matching  security mode: 3 policy: x', 'OPCUA_POLICY_NOT_OFFERED', true],
  ['rejected by server: BadCertificateUntrusted (0x801a0000)', 'OPCUA_CLIENT_CERT_REFUSED', true],
  ['rejected by server: BadCertificateTimeInvalid', 'OPCUA_CLIENT_CERT_REFUSED', true],
  ['BadSecurityChecksFailed (0x80130000)', 'OPCUA_CLIENT_CERT_REFUSED', true],
  ['BadUserAccessDenied (0x801f0000)', 'OPCUA_LOGIN_REFUSED', true],
  ['Cannot find ANONYMOUS user token policy in end point description', 'OPCUA_LOGIN_KIND_NOT_OFFERED', true],
  ['BadTooManySessions (0x80560000)', 'OPCUA_TOO_MANY_SESSIONS', true],
  ['something nobody has seen', 'OPCUA_CONNECT_FAILED', false],
];

const OPEN = { secured: false, pkiFolder: '/state/pki' };
const SECURED = { secured: true, pkiFolder: '/state/pki', ownCertificate: '/state/pki/own.pem' };

describe('connection errors', () => {
  it.each(CASES)('%s', (text, code, patient) => {
    const translated = translateConnectError(new Error(text), 'opc.tcp://plc:4840', OPEN);
    expect(translated).toMatchObject({ error: { code, where: 'opc.tcp://plc:4840' }, patient });
    expect(translated.error.message).not.toContain('\n');
  });

  it('tells which file the server is to trust, and what shows its fingerprint', () => {
    const { error } = translateConnectError(new Error('BadCertificateUntrusted (0x801a0000)'), 'x', SECURED);
    expect(error.hint).toMatch(
      /trust the gateway's, \/state\/pki\/own\.pem \(jidoka opcua certificate --state \/state /,
    );
  });

  it.each([
    ['anonymous', 'BadIdentityTokenRejected', 'OPCUA_LOGIN_KIND_NOT_OFFERED'],
    ['username', 'BadIdentityTokenRejected', 'OPCUA_LOGIN_REFUSED'],
    ['username', 'BadCertificateUriInvalid', 'OPCUA_CLIENT_CERT_REFUSED'],
    ['certificate', 'BadIdentityTokenInvalid', 'OPCUA_USER_CERT_REFUSED'],
    ['certificate', 'BadCertificateUntrusted', 'OPCUA_USER_CERT_REFUSED'],
    ['certificate', 'BadCertificateUriInvalid', 'OPCUA_CLIENT_CERT_REFUSED'],
  ] as const)('knows whose fault it is when the session of %s is refused with %s', (login, text, code) => {
    const about = { ...SECURED, step: 'session', login } as const;
    expect(translateConnectError(new Error(text), 'x', about)).toMatchObject({ error: { code }, patient: true });
  });

  it('leaves its own errors as they are, and is patient with those that somebody must put right', () => {
    const untrusted = opcuaErrors.OPCUA_CERT_UNTRUSTED();
    expect(translateConnectError(untrusted, 'x', SECURED)).toEqual({ error: untrusted, patient: true });
    const silent = opcuaErrors.OPCUA_SERVER_SILENT();
    expect(translateConnectError(silent, 'x', SECURED)).toEqual({ error: silent, patient: false });
  });

  it('takes a dropped secure channel for a server that does not trust the gateway', () => {
    const error = new Error('The connection may have been rejected by server,\n Err = (socket has been closed)');
    expect(translateConnectError(error, 'x', SECURED).error.code).toBe('OPCUA_CLIENT_CERT_REFUSED');
    expect(translateConnectError(error, 'x', OPEN).error.code).toBe('OPCUA_CONNECT_FAILED');
  });
});
