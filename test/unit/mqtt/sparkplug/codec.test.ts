import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { commandValue, decodeCommand, encodePayload, MAX_COMMAND_BYTES } from '#jidoka/mqtt/sparkplug/codec.js';
import { DataType, type Metric } from '#jidoka/mqtt/sparkplug/payload.js';
import { commandPayload, readPayload } from '../../../simulators/sparkplug-host.js';

const AT = Date.UTC(2026, 10, 23, 9, 41, 7, 250);

function raw(bytes: Uint8Array): string {
  return execFileSync('protoc', ['--decode_raw'], { input: bytes, encoding: 'utf8' });
}

function sent(metrics: readonly Metric[], form: 'birth' | 'data' = 'birth') {
  const bytes = encodePayload({ timestampMs: AT, seq: 7, metrics }, form);
  return readPayload('spBv1.0/g/NBIRTH/n', bytes, { qos: 0, retain: false }, new Map());
}

describe('a payload', () => {
  it('has the field numbers of the specification, as protoc reads them', () => {
    const metric: Metric = {
      name: 'Sensor/oven',
      alias: 3,
      type: DataType.Double,
      value: 71.5,
      timestampMs: AT,
      historical: true,
      properties: [{ key: 'Quality', type: DataType.Int32, value: 500 }],
    };
    expect(raw(encodePayload({ timestampMs: AT, seq: 255, metrics: [metric] }, 'birth'))).toBe(
      `1: ${AT}
2 {
  1: "Sensor/oven"
  2: 3
  3: ${AT}
  4: 10
  5: 1
  9 {
    1: "Quality"
    2 {
      1: 3
      3: 500
    }
  }
  13: 0x4051e00000000000
}
3: 255
`,
    );
  });

  it('names data by the alias alone and leaves the data type out', () => {
    const metrics: Metric[] = [
      { name: 'a', alias: 9, type: DataType.String, value: 'x', timestampMs: AT },
      { name: 'bare', type: DataType.Boolean, value: false, timestampMs: AT },
    ];
    expect(raw(encodePayload({ timestampMs: AT, seq: 0, metrics }, 'data'))).toBe(
      `1: ${AT}\n2 {\n  2: 9\n  3: ${AT}\n  15: "x"\n}\n2 {\n  1: "bare"\n  3: ${AT}\n  14: 0\n}\n3: 0\n`,
    );
  });

  it('has a null without a value, and no seq where there is none', () => {
    const metrics: Metric[] = [{ name: 'n', type: DataType.Int64, value: null, timestampMs: AT }];
    expect(raw(encodePayload({ timestampMs: AT, metrics }, 'birth'))).toBe(
      `1: ${AT}\n2 {\n  1: "n"\n  3: ${AT}\n  4: 4\n  7: 1\n}\n`,
    );
  });

  it.each([
    [DataType.Int8, -1, '10: 4294967295'],
    [DataType.Int32, -2_147_483_648, '10: 2147483648'],
    [DataType.UInt16, 65_535, '10: 65535'],
    [DataType.UInt32, 4_294_967_295, '11: 4294967295'],
    [DataType.Int64, -1, '11: 18446744073709551615'],
    [DataType.Int64, 9_007_199_254_740_993n, '11: 9007199254740993'],
    [DataType.UInt64, 2n ** 64n - 1n, '11: 18446744073709551615'],
    [DataType.DateTime, AT, `11: ${AT}`],
    [DataType.Float, 0.5, '12: 0x3f000000'],
    [DataType.Boolean, true, '14: 1'],
    [DataType.UUID, 'u', '15: "u"'],
  ] as const)('writes data type %i with %s as field %s', (type, value, field) => {
    const bytes = encodePayload({ timestampMs: AT, metrics: [{ name: 'v', type, value, timestampMs: AT }] }, 'birth');
    expect(raw(bytes)).toContain(`  ${field}\n`);
  });

  it('holds a template as definition without reference, and as instance with it', () => {
    const members: Metric[] = [{ name: 'Seq', type: DataType.Int64, value: 4, timestampMs: AT }];
    const message = sent([
      { name: 'T', type: DataType.Template, value: { version: '1', members }, timestampMs: AT },
      {
        name: 'I',
        alias: 1,
        type: DataType.Template,
        value: { version: '1', definedBy: 'T', members },
        timestampMs: AT,
      },
    ]);
    expect(message.metrics.map(({ value }) => value)).toMatchObject([
      { version: '1', ref: undefined, isDefinition: true, members: [{ name: 'Seq', value: 4, datatype: 4 }] },
      { version: '1', ref: 'T', isDefinition: false, members: [{ name: 'Seq', value: 4 }] },
    ]);
  });

  it('refuses a fraction where a whole number belongs', () => {
    const metrics: Metric[] = [{ name: 'n', type: DataType.Int64, value: 1.5, timestampMs: AT }];
    expect(() => encodePayload({ timestampMs: AT, metrics }, 'birth')).toThrow(RangeError);
  });
});

describe('a command', () => {
  it('is read without a data type', () => {
    const decoded = decodeCommand(
      commandPayload([
        { name: 'Node Control/Rebirth', value: true },
        { alias: 12, value: 0.75 },
        { name: 'Control/Mode', value: 'pause' },
      ]),
    );
    expect(decoded).toEqual({
      ok: true,
      metrics: [
        { name: 'Node Control/Rebirth', value: true },
        { alias: 12n, value: 0.75 },
        { name: 'Control/Mode', value: 'pause' },
      ],
    });
  });

  it('may hold a UInt32 in either field, and negative numbers in two complements', () => {
    const bytes = (...content: number[]) => Buffer.from([0x12, content.length, ...content]);
    const read = (payload: Buffer, ours: DataType) => {
      const decoded = decodeCommand(payload);
      if (!decoded.ok || decoded.metrics[0] === undefined) throw new Error('not decoded');
      return commandValue(decoded.metrics[0], ours);
    };
    expect(read(bytes(0x20, 7, 0x50, 0xff, 0xff, 0xff, 0xff, 0x0f), DataType.UInt32)).toBe(4_294_967_295);
    expect(read(bytes(0x20, 7, 0x58, 0xff, 0xff, 0xff, 0xff, 0x0f), DataType.UInt32)).toBe(4_294_967_295);
    expect(read(bytes(0x20, 3, 0x50, 0xff, 0xff, 0xff, 0xff, 0x0f), DataType.Double)).toBe(-1);
    expect(read(bytes(0x58, ...Array(9).fill(0xff), 0x01), DataType.Int64)).toBe(-1);
    expect(read(bytes(0x70, 1), DataType.Double)).toBeUndefined();
    expect(read(bytes(0x38, 1), DataType.Double)).toBeUndefined();
  });

  it('of any other bytes is refused with a reason', () => {
    expect(decodeCommand(Buffer.alloc(MAX_COMMAND_BYTES + 1))).toMatchObject({ ok: false });
    expect(decodeCommand(Buffer.from('{"json": true}'))).toMatchObject({
      ok: false,
      reason: expect.stringContaining('no Sparkplug'),
    });
    expect(decodeCommand(Buffer.from(Array(600).fill([0x12, 0]).flat()))).toMatchObject({
      ok: false,
      reason: expect.stringContaining('600 metrics'),
    });
    // Groups within groups, and messages within messages.
    expect(decodeCommand(Buffer.alloc(60_000, 0x0b))).toMatchObject({ ok: false });
    expect(decodeCommand(Buffer.alloc(0))).toEqual({ ok: true, metrics: [] });
  });

  it('never throws, whatever 30,000 random and damaged payloads hold', () => {
    let state = 20_261_125;
    const random = (below: number) => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state % below;
    };
    const good = commandPayload([
      { name: 'Node Control/Rebirth', value: true },
      { alias: 5, value: 1.5 },
    ]);
    const types = Object.values(DataType);
    let refused = 0;
    for (let round = 0; round < 30_000; round += 1) {
      const bytes =
        round % 2 === 0 ? Buffer.from(good) : Buffer.from(Array.from({ length: random(60) }, () => random(256)));
      for (let damage = random(4); damage > 0 && bytes.length > 0; damage -= 1)
        bytes[random(bytes.length)] = random(256);
      const decoded = decodeCommand(round % 3 === 0 ? bytes.subarray(0, random(bytes.length + 1)) : bytes);
      if (!decoded.ok) refused += 1;
      else for (const metric of decoded.metrics) for (const type of types) commandValue(metric, type);
    }
    expect(refused).toBeGreaterThan(5000);
  });
});
