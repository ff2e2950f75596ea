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

  it('gives the id of a part back as the PLC gave it, and never another one', () => {
    expect(encodeField('partId', '4711', BUILT_IN.UInt32)).toBe(4711);
    expect(encodeField('partId', '4711', BUILT_IN.String)).toBe('4711');
    expect([encodeField('partId', '', BUILT_IN.UInt16), encodeField('partId', '', BUILT_IN.String)]).toEqual([0, '']);
    for (const id of ['65536', 'A7', '-1', '1.5']) expect(encodeField('partId', id, BUILT_IN.UInt16)).toBeUndefined();
  });

  it('gives the value of a trigger back, and false or 0 for none', () => {
    expect([true, false].map((value) => encodeField('triggerAck', value, BUILT_IN.Boolean))).toEqual([true, false]);
    expect([17, false].map((value) => encodeField('triggerAck', value, BUILT_IN.UInt32))).toEqual([17, 0]);
    expect(['x', false].map((value) => encodeField('triggerAck', value, BUILT_IN.String))).toEqual(['x', '']);
    expect(encodeField('triggerAck', -3, BUILT_IN.UInt32)).toBeUndefined();
  });

  it('lets a heartbeat count or toggle', () => {
    expect([1, 2, 3].map((beat) => encodeField('heartbeat', beat, BUILT_IN.Boolean))).toEqual([true, false, true]);
    expect([255, 256].map((beat) => encodeField('heartbeat', beat, BUILT_IN.Byte))).toEqual([255, 0]);
  });
});
