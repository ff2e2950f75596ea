import { describe, expect, it } from 'vitest';
import { connectError } from '#jidoka/mqtt/network-errors.js';
import { connackError, disconnectError, pubackError } from '#jidoka/mqtt/reasons.js';

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
    const error = disconnectError(0x8b, where, 'maintenance until noon');
    expect(error).toMatchObject({
      code: 'MQTT_CONNECTION_LOST',
      got: 'server shutting down (0x8b), "maintenance until noon"',
    });
    expect(disconnectError(0xfe, where).got).toBe('a reason unknown here (0xfe)');
  });
});
