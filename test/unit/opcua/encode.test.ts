import { describe, expect, it } from 'vitest';
import { BUILT_IN, encodeField } from '#jidoka/opcua/encode.js';

describe('encoding a verdict', () => {
  it('writes flags to a Boolean or an integer', () => {
    expect(encodeField('ok', true, BUILT_IN.Boolean)).toBe(true);
    expect(encodeField('nok', false, BUILT_IN.Boolean)).toBe(false);
    expect(encodeField('ok', true, BUILT_IN.Int16)).toBe(1);
    expect(encodeField('ok', true, BUILT_IN.String)).toBeUndefined();
  });

  it.each([
    ['SByte', 127, 128],
    ['Byte', 255, 256],
    ['Int16', 32_767, 32_768],
    ['UInt16', 65_535, 65_536],
    ['Int32', 2_147_483_647, 2_147_483_648],
    ['UInt32', 4_294_967_295, 4_294_967_296],
    ['Float', 16_777_215, 16_777_216],
  ] as const)('lets a counter in %s wrap to 0', (type, last, next) => {
    expect(encodeField('counter', last, BUILT_IN[type])).toBe(last);
    expect(encodeField('counter', next, BUILT_IN[type])).toBe(0);
  });

  it('splits 64-bit integers into two words', () => {
    expect(encodeField('counter', 4_294_967_298, BUILT_IN.UInt64)).toEqual([1, 2]);
  });

  it('refuses what the type cannot hold', () => {
    expect(encodeField('score', 0.93, BUILT_IN.Int16)).toBeUndefined();
    expect(encodeField('label', 'crack', BUILT_IN.Int16)).toBeUndefined();
    expect(encodeField('code', 1, BUILT_IN.Boolean)).toBeUndefined();
    expect(encodeField('counter', 1, BUILT_IN.String)).toBeUndefined();
  });
});
