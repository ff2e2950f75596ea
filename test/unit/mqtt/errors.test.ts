import { describe, expect, it } from 'vitest';
import { connectError } from '#jidoka/mqtt/network-errors.js';
import { connackError, disconnectError, disconnectReasons, pubackError } from '#jidoka/mqtt/reasons.js';

const where = 'mqtt://broker:1883';

function coded(code: string, message = code): Error {
  return Object.assign(new Error(message), { code });
}

describe('network errors', () => {
  it.each([
    ['ECONNREFUSED', 'MQTT_UNREACHABLE'],
    ['EHOSTUNREACH', 'MQTT_UNREACHABLE'],
    ['ENOTFOUND', 'MQTT_HOST_UNKNOWN'],
    ['EAI_AGAIN', 'MQTT_HOST_UNKNOWN'],
    ['ECONNRESET', 'MQTT_HUNG_UP'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'MQTT_TLS_UNTRUSTED'],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'MQTT_TLS_UNTRUSTED'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'MQTT_TLS_NAME'],
    ['CERT_HAS_EXPIRED', 'MQTT_TLS_EXPIRED'],
    ['CERT_NOT_YET_VALID', 'MQTT_TLS_EXPIRED'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'MQTT_TLS_FAILED'],
    ['CERT_REVOKED', 'MQTT_TLS_FAILED'],
    ['EPROTO', 'MQTT_TLS_FAILED'],
  ])('%s becomes %s', (code, expected) => {
    const error = connectError(coded(code), where);
    expect(error.code).toBe(expected);
    expect(error.consequence).toBe('transient');
    expect(error.message).toContain(where);
  });

  it('keeps the words of what it does not know', () => {
    expect(connectError(new Error('Unexpected server response: 404'), where)).toMatchObject({
      code: 'MQTT_HUNG_UP',
      got: 'Unexpected server response: 404',
    });
    expect(connectError('odd', where).got).toBe('odd');
    expect(connectError(coded('ECONNREFUSED', ''), where).got).toBe('ECONNREFUSED');
  });
});

describe('reason codes', () => {
  it.each([
    [0x86, 'MQTT_LOGIN_REFUSED'],
    [4, 'MQTT_LOGIN_REFUSED'],
    [5, 'MQTT_NOT_AUTHORIZED'],
    [0x87, 'MQTT_NOT_AUTHORIZED'],
    [0x8a, 'MQTT_NOT_AUTHORIZED'],
    [1, 'MQTT_PROTOCOL_REFUSED'],
    [0x84, 'MQTT_PROTOCOL_REFUSED'],
    [2, 'MQTT_CLIENT_ID_REFUSED'],
    [0x89, 'MQTT_BROKER_REFUSED'],
  ])('CONNACK 0x%s is %s', (code, expected) => {
    expect(connackError(code, where)).toMatchObject({ code: expected, consequence: 'transient' });
  });

  it.each([
    [0x87, 'MQTT_TOPIC_REFUSED'],
    [0x90, 'MQTT_TOPIC_REFUSED'],
    [0x95, 'MQTT_MESSAGE_TOO_LARGE'],
    [0x97, 'MQTT_QUOTA'],
    [0x99, 'MQTT_MESSAGE_REFUSED'],
    [0x83, 'MQTT_MESSAGE_REFUSED'],
  ])('PUBACK 0x%s is %s, and the message is kept', (code, expected) => {
    expect(pubackError(code, where)).toMatchObject({ code: expected, consequence: 'degraded' });
  });

  it('says who took the connection over, and passes on what the broker says', () => {
    expect(disconnectError(0x8e, where).code).toBe('MQTT_TAKEN_OVER');
    const error = disconnectError(0x8b, where, { reasonString: 'maintenance until noon' });
    expect(error).toMatchObject({
      code: 'MQTT_CONNECTION_LOST',
      got: 'server shutting down (0x8b), "maintenance until noon"',
    });
    expect(disconnectError(0xfe, where).got).toBe('a reason unknown here (0xfe)');
  });

  it('know every reason that MQTT 5 allows a server in a DISCONNECT, each with what to do', () => {
    // MQTT 5, table 3-10, without the reasons of a client alone (0x04, 0x94 is both).
    const allowed = [
      0x00, 0x80, 0x81, 0x82, 0x83, 0x87, 0x89, 0x8b, 0x8d, 0x8e, 0x8f, 0x90, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99,
      0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f, 0xa0, 0xa1, 0xa2,
    ];
    const known = new Map(disconnectReasons().map((reason) => [reason.code, reason]));
    expect(allowed.filter((code) => !known.has(code))).toEqual([]);
    for (const { name, error } of known.values()) {
      expect(name).not.toContain('unknown');
      expect(error.consequence).toBe('transient');
      expect(error.hint).toMatch(/^[A-Z].{20,}\.$/);
    }
  });

  it('show what the broker says without obeying it', () => {
    const said = { reasonString: `x\u001b[2J\n${'y'.repeat(500)}`, serverReference: 'evil:1883' };
    const { got } = disconnectError(0x9c, where, said);
    expect(got).toMatch(/^use another server \(0x9c\), "x\\u001b\[2J\\ny+", it names "evil:1883"$/);
    expect(got?.length).toBeLessThan(300);
  });
});
