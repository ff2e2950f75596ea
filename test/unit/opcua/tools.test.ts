import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { opcuaConnectionSchema } from '#jidoka/config/schema/connections.js';
import { sensorSchema } from '#jidoka/config/schema/station.js';
import { type Endpoint, endpointFor, recommended } from '#jidoka/opcua/security/endpoints.js';
import { hostOf } from '#jidoka/opcua/security/server-names.js';
import { isFingerprint } from '#jidoka/opcua/security/trust-store.js';
import { connectionText, sensorsText } from '#jidoka/opcua/tools/config-text.js';
import { printable } from '#jidoka/opcua/tools/printable.js';
import { matching, type Tag } from '#jidoka/opcua/tools/tags.js';

const endpoint = (mode: Endpoint['mode'], policy: string, more: Partial<Endpoint> = {}): Endpoint => ({
  url: 'opc.tcp://plc:4840',
  mode,
  policy,
  supported: true,
  logins: ['anonymous'],
  plainPassword: false,
  applicationUri: 'urn:plc',
  applicationName: 'plc',
  certificate: Buffer.alloc(0),
  ...more,
});

const tag = (path: string, more: Partial<Tag> = {}): Tag => ({
  nodeId: `ns=2;s=${path}`,
  name: path.split('/').at(-1) ?? '',
  path,
  dataType: 'Double',
  value: 1,
  status: 'Good',
  problem: null,
  unit: null,
  range: null,
  writable: false,
  ...more,
});

describe('what is recommended', () => {
  it('is the strongest that is supported, encrypted before signed before none', () => {
    const weak = endpoint('none', 'None');
    const signed = endpoint('sign', 'Aes256_Sha256_RsaPss');
    const encrypted = endpoint('signAndEncrypt', 'Basic256Sha256');
    const broken = endpoint('signAndEncrypt', 'Basic128Rsa15', { supported: false });
    expect(recommended([weak, signed, encrypted, broken])).toBe(encrypted);
    expect(recommended([weak, signed])).toBe(signed);
    expect(recommended([broken])).toBeUndefined();
  });

  it('is listed where something else was configured', () => {
    const config = opcuaConnectionSchema.parse({ endpoint: 'opc.tcp://plc' });
    expect(() => endpointFor([endpoint('sign', 'Basic256Sha256')], config)).toThrow(
      /Got: none with None\. Expected: one of sign with Basic256Sha256\./,
    );
  });
});

describe('configuration to be pasted', () => {
  it.each([
    ['opc.tcp://Press-7.plant.local:4840', 'press-7'],
    ['opc.tcp://10.0.0.7:4840', 'plc'],
    ['opc.tcp://[fe80::1]:4840/x', 'plc'],
  ])('names the server at %s %s', (url, name) => {
    const text = connectionText(url, endpoint('signAndEncrypt', 'Basic256Sha256', { logins: ['certificate'] }));
    const { opcua } = parse(text) as { opcua: Record<string, unknown> };
    expect(Object.keys(opcua)).toEqual([name]);
    expect(opcuaConnectionSchema.parse(opcua[name])).toMatchObject({
      endpoint: url,
      userCertificate: { cert: 'user.pem' },
    });
  });

  it('gives every sensor a name of its own that the configuration accepts, whatever the tags are called', () => {
    const tags = [
      tag('Line1/Temperature', { unit: '°C', range: { low: 0, high: 400 } }),
      tag('Line2/Temperature'),
      tag('Line2/Temperature', { nodeId: 'i=7' }),
      tag('Ofen Süd/Öl-Druck (bar)'),
      tag('温度'),
      tag(`x${'y'.repeat(200)}`),
      tag('"DB 1"."Wert"', { nodeId: 'ns=3;s="DB 1"."Wert"' }),
      tag('lost', { status: 'BadSensorFailure', value: null, problem: 'BadSensorFailure' }),
      tag('list', { dataType: 'Double[3]', value: null, problem: 'an array of Double' }),
    ];
    const { sensors } = parse(sensorsText(tags, 'press')) as { sensors: unknown[] };
    const parsed = sensors.map((entry) => sensorSchema.parse(entry));
    expect(parsed.map(({ nodeId }) => nodeId)).toEqual(tags.slice(0, 8).map(({ nodeId }) => nodeId));
    expect(new Set(parsed.map(({ name }) => name)).size).toBe(8);
    expect(parsed[0]).toMatchObject({ name: 'temperature', connection: 'press', unit: '°C', min: 0, max: 400 });
    expect(parsed[1]).toMatchObject({ name: 'line2-temperature' });
    expect(sensorsText([], undefined)).toBe('');
  });
});

describe('small things', () => {
  it('finds tags by words in path and NodeId, in any order and case', () => {
    const nodes = ['Line1/Oven/Temp', 'Line2/Temp'].map((path) => ({
      nodeId: `ns=2;s=${path}`,
      name: 'Temp',
      path: path.split('/'),
      properties: {},
    }));
    expect(matching(nodes, 'TEMP line1')).toHaveLength(1);
    expect(matching(nodes, 'ns=2;')).toHaveLength(2);
    expect(matching(nodes, undefined)).toHaveLength(2);
  });

  it('lets no server write to the terminal', () => {
    expect(printable('a\u001b[2Jb\u202ec\n')).toBe('a?[2Jb?c?');
  });

  it.each([
    ['opc.tcp://PLC1:4840/UA', 'plc1'],
    ['opc.tcp://[::1]:4840', '::1'],
  ])('the host of %s is %s', (url, host) => expect(hostOf(url)).toBe(host));

  it('knows a fingerprint', () => {
    expect(['6B:EA:C6:C2', '6beac6 c2', 'beef', 'press-1'].map(isFingerprint)).toEqual([true, true, false, false]);
  });
});
