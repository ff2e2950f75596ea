import * as library from 'node-opcua-client';
import { DataType, DataValue, StatusCode, StatusCodes, Variant, VariantArrayType } from 'node-opcua-client';
import { describe, expect, it } from 'vitest';
import { tagValueOf } from '#jidoka/opcua/values.js';

function taken(dataType: DataType, value: unknown, more: object = {}) {
  const variant = new Variant({ dataType, arrayType: VariantArrayType.Scalar, value });
  return tagValueOf(library, 'ns=1;s=tag', new DataValue({ value: variant, ...more }));
}

describe('OPC UA values', () => {
  it.each([
    ['a Double', DataType.Double, 21.5, 21.5],
    ['a Boolean', DataType.Boolean, true, true],
    ['a String', DataType.String, 'A4', 'A4'],
    ['an Int16', DataType.Int16, -7, -7],
    ['an Int64', DataType.Int64, [0, 5], 5],
    ['a negative Int64', DataType.Int64, [0xffffffff, 0xfffffffe], -2],
    ['the largest exact UInt64', DataType.UInt64, [0x1fffff, 0xffffffff], Number.MAX_SAFE_INTEGER],
    ['a DateTime', DataType.DateTime, new Date(0), '1970-01-01T00:00:00.000Z'],
    ['a LocalizedText', DataType.LocalizedText, { text: 'zu' }, 'zu'],
  ])('takes %s', (_name, type, raw, value) => {
    expect(taken(type, raw)).toMatchObject({ value, quality: 'good', status: 'Good', fault: null });
  });

  it.each([
    ['NaN', DataType.Double, Number.NaN, /NaN/],
    ['infinity', DataType.Float, Number.POSITIVE_INFINITY, /Infinity/],
    ['an Int64 that is not exact as a number', DataType.Int64, [0x200000, 0], /9007199254740992/],
    ['a ByteString', DataType.ByteString, Buffer.from('x'), /ByteString/],
    ['an endless string', DataType.String, 'x'.repeat(5000), /5000 characters/],
  ])('calls %s bad and says so', (_name, type, raw, text) => {
    const { value, quality, fault } = taken(type, raw);
    expect({ value, quality }).toEqual({ value: null, quality: 'bad' });
    expect(fault?.code).toBe('OPCUA_VALUE_UNSUPPORTED');
    expect(fault?.message).toMatch(text);
  });

  it('calls an array bad and tells what to do', () => {
    const value = new Variant({ dataType: DataType.Double, arrayType: VariantArrayType.Array, value: [1, 2] });
    const taken = tagValueOf(library, 'ns=1;s=tag', new DataValue({ value }));
    expect(taken).toMatchObject({ value: null, quality: 'bad' });
    expect(taken.fault?.message).toMatch(/an array of Double.*one element of the array/);
  });

  it.each([
    ['Good', 'good'],
    ['UncertainLastUsableValue', 'uncertain'],
    ['BadSensorFailure', 'bad'],
  ] as const)('reads the quality of %s', (status, quality) => {
    expect(taken(DataType.Double, 1, { statusCode: StatusCodes[status] })).toMatchObject({ value: 1, quality, status });
  });

  it('keeps the information bits out of the name and tells an overflow', () => {
    const statusCode = StatusCode.makeStatusCode(StatusCodes.Good, 'Overflow | InfoTypeDataValue');
    expect(taken(DataType.Double, 1, { statusCode })).toMatchObject({
      quality: 'good',
      status: 'Good',
      overflow: true,
    });
  });

  it("takes the source's time, else the server's", () => {
    const sourceTimestamp = new Date(1000);
    const serverTimestamp = new Date(2000);
    expect(taken(DataType.Double, 1, { sourceTimestamp, serverTimestamp }).sourceTimeMs).toBe(1000);
    expect(taken(DataType.Double, 1, { serverTimestamp }).sourceTimeMs).toBe(2000);
    expect(taken(DataType.Double, 1).sourceTimeMs).toBeNull();
  });
});
