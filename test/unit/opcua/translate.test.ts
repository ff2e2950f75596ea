import { describe, expect, it } from 'vitest';
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
  [
    'server Certificate verification failed with err BadCertificateUntrusted (0x801a0000)',
    'OPCUA_CERT_UNTRUSTED',
    true,
  ],
  ['server Certificate verification failed with err BadCertificateTimeInvalid', 'OPCUA_CERT_INVALID', true],
  ['BadUserAccessDenied (0x801f0000)', 'OPCUA_LOGIN_REFUSED', true],
  ['Cannot find ANONYMOUS user token policy in end point description', 'OPCUA_LOGIN_KIND_NOT_OFFERED', true],
  ['BadTooManySessions (0x80560000)', 'OPCUA_TOO_MANY_SESSIONS', true],
  ['something nobody has seen', 'OPCUA_CONNECT_FAILED', false],
];

const OPEN = { secured: false, pkiFolder: '/pki' };
const SECURED = { secured: true, pkiFolder: '/pki' };

describe('connection errors', () => {
  it.each(CASES)('%s', (text, code, patient) => {
    const translated = translateConnectError(new Error(text), 'opc.tcp://plc:4840', OPEN);
    expect(translated).toMatchObject({ error: { code, where: 'opc.tcp://plc:4840' }, patient });
    expect(translated.error.message).not.toContain('\n');
  });

  it('tells in which folders the certificates lie', () => {
    const { error } = translateConnectError(new Error('BadCertificateUntrusted (0x801a0000)'), 'x', SECURED);
    expect(error.hint).toMatch(/from \/pki\/rejected to \/pki\/trusted\/certs/);
  });

  it('takes a dropped secure channel for a server that does not trust the gateway', () => {
    const error = new Error('The connection may have been rejected by server,\n Err = (socket has been closed)');
    expect(translateConnectError(error, 'x', SECURED).error.code).toBe('OPCUA_CLIENT_CERT_REFUSED');
    expect(translateConnectError(error, 'x', OPEN).error.code).toBe('OPCUA_CONNECT_FAILED');
  });
});
