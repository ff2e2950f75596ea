import type { IncomingMessage } from '#jidoka/mqtt/message.js';

/** A message as it could come from a stranger. */
export type Malformed = Pick<IncomingMessage, 'topic' | 'payload'> & Partial<IncomingMessage>;

/** mulberry32: the same seed gives the same messages. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 0…1, 1 excluded. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  }

  below(count: number): number {
    return Math.floor(this.next() * count);
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.alloc(length);
    for (let index = 0; index < length; index += 1) bytes[index] = this.below(256);
    return bytes;
  }
}

const NAMES = [
  'pause',
  'resume',
  'inspect',
  'set-threshold',
  'acknowledge-alarm',
  'select-model',
  'select-recipe',
  'rebirth',
  'snapshot',
];
const TOPICS = ['plant/line/command', 'plant/line/press/command', 'plant/line/weld/command'];
const STRINGS = [
  '',
  ' ',
  '\u0000',
  '\u202Epause',
  'раuse',
  'pause\u200B',
  '\uD800',
  '\uFEFF',
  'ﬃ',
  '../../etc/passwd',
  '$SYS/#',
  "'; DROP TABLE audit; --",
  '%s%n',
  'constructor',
  '__proto__',
  'toString',
  '𝕡𝕒𝕦𝕤𝕖',
  'a'.repeat(5000),
  'é'.normalize('NFD'),
];
const NUMBERS = [
  '1e999',
  '-1e999',
  '-0',
  '1e-400',
  '9007199254740993',
  '0.1e1',
  '1E400',
  '123456789012345678901234567890',
  '-1',
  '2',
];
const KEYS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'command',
  'id',
  'then',
  'extra',
  '',
];

const valid = (chance: Chance): Record<string, unknown> => ({
  schema: 'jidoka.command/1',
  id: `f-${chance.below(1e9)}`,
  command: chance.of(NAMES),
  arguments: {},
});

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const anyValue = (chance: Chance): unknown =>
  chance.of<unknown>([null, true, 0, -1, 1.5, '', 'x', [], {}, [[]], { a: 1 }, chance.of(STRINGS), 1e308, [null]]);

/** Ways to be no command, by name. Most of what they make is none; some is one by chance. */
export const MALFORMED: Readonly<Record<string, (chance: Chance) => Partial<Malformed>>> = {
  'random bytes': (chance) => ({ payload: chance.bytes(chance.below(200)) }),
  'random text': (chance) => ({
    payload: Buffer.from(
      String.fromCodePoint(...Array.from({ length: chance.below(60) }, () => 32 + chance.below(0xd000))),
    ),
  }),
  'cut short': (chance) => {
    const whole = json(valid(chance));
    return { payload: whole.subarray(0, chance.below(whole.byteLength)) };
  },
  'flipped bytes': (chance) => {
    const bytes = json(valid(chance));
    for (let flips = 1 + chance.below(4); flips > 0; flips -= 1) bytes[chance.below(bytes.length)] = chance.below(256);
    return { payload: bytes };
  },
  'moved pieces': (chance) => {
    const text = JSON.stringify(valid(chance));
    const [from, to] = [chance.below(text.length), chance.below(text.length)];
    return { payload: Buffer.from(text.slice(from) + text.slice(to) + text.slice(0, from)) };
  },
  'deep nesting': (chance) => {
    const depth = chance.of([5, 50, 500, 3000, 10_000]);
    const [open, close] = chance.of([
      ['[', ']'],
      ['{"a":', '}'],
    ]);
    const nested = `${open.repeat(depth)}1${close.repeat(chance.of([depth, 0]))}`;
    const text = chance.of([nested, JSON.stringify(valid(chance)).replace('{}', nested)]);
    return { payload: Buffer.from(text) };
  },
  'huge strings': (chance) => ({
    payload: json({
      ...valid(chance),
      [chance.of(['id', 'sender', 'station', 'command'])]: 'x'.repeat(chance.of([65, 3000, 20_000])),
    }),
  }),
  'poisoned keys': (chance) => {
    const rest = JSON.stringify(valid(chance)).slice(1);
    const key = JSON.stringify(chance.of(KEYS));
    const poison = chance.of(['{"isAdmin":true}', 'null', '"x"', '{"toString":1}']);
    const inside = `${rest.slice(0, -3)}{${key}:${poison}}}`;
    return { payload: Buffer.from(chance.of([`{${key}:${poison},${rest}`, `{${inside}`])) };
  },
  'wrong types': (chance) => {
    const key = chance.of(['schema', 'id', 'command', 'arguments', 'station', 'sender', 'sentAt', 'expiresAt']);
    return { payload: json({ ...valid(chance), [key]: anyValue(chance) }) };
  },
  'missing members': (chance) => {
    const { [chance.of(['schema', 'id', 'command'])]: _, ...rest } = valid(chance);
    return { payload: json(rest) };
  },
  'odd text': (chance) => ({
    payload: json({
      ...valid(chance),
      [chance.of(['id', 'command', 'schema', 'station', 'sender'])]: chance.of(STRINGS),
    }),
  }),
  'keys twice': (chance) => {
    const twice = chance.of(['"command":"pause"', '"id":"x"', '"\\u0069d":"x"', '"arguments":{}']);
    return { payload: Buffer.from(`{${twice},${JSON.stringify(valid(chance)).slice(1)}`) };
  },
  'absurd numbers': (chance) => {
    const number = chance.of(NUMBERS);
    const [name, given] = chance.of([
      ['set-threshold', `{"good":${number}}`],
      ['set-threshold', `{"classes":{"chipped":${number}}}`],
      ['snapshot', `{"width":${number}}`],
    ]);
    const text = `{"schema":"jidoka.command/1","id":"n${chance.below(1e9)}","command":"${name}","arguments":${given}}`;
    return { payload: Buffer.from(text), topic: chance.of(TOPICS) };
  },
  'wrong arguments': (chance) => ({
    payload: json({
      ...valid(chance),
      arguments: { [chance.of(['good', 'classes', 'width', 'as', 'package', 'alarm', 'x'])]: anyValue(chance) },
    }),
    topic: chance.of(TOPICS),
  }),
  'wrong topics': (chance) => ({
    topic: chance.of([
      '',
      '#',
      'plant/line',
      'plant/line/status',
      'plant/line/nowhere/command',
      'plant/line/command/',
      '$SYS/command',
      'constructor',
      chance.of(STRINGS),
    ]),
    payload: json(valid(chance)),
  }),
  'wrong response topics': (chance) => ({
    payload: json(valid(chance)),
    responseTopic: chance.of([
      '',
      '#',
      'a/+/b',
      '$SYS/broker',
      'plant/line',
      'plant/line/status',
      'plant/line/press/state',
      'plant/line/command',
      'spBv1.0/g/NBIRTH/e',
      'a'.repeat(300),
      'a\u0000b',
      'a\u202Eb',
    ]),
    correlationData: chance.bytes(chance.below(20)),
  }),
  'too much correlation data': (chance) => ({
    payload: json(valid(chance)),
    responseTopic: 'answers/x',
    correlationData: chance.bytes(2000),
  }),
  retained: (chance) => ({ payload: json(valid(chance)), retain: true }),
  'too late': (chance) => ({
    payload: json({
      ...valid(chance),
      [chance.of(['sentAt', 'expiresAt'])]: chance.of([
        '1970-01-01T00:00:00Z',
        '2020-02-30T00:00:00Z',
        '2001-01-01T00:00:00.000Z',
        '9999',
        '+275760-09-13T00:00:00Z',
      ]),
    }),
  }),
  'unknown stations': (chance) => ({
    payload: json({ ...valid(chance), station: chance.of(['nowhere', 'constructor', 'PRESS', 'press/', '#']) }),
  }),
  'unknown commands': (chance) => ({
    payload: json({
      ...valid(chance),
      command: chance.of(['reboot', 'Pause', 'pause ', '__proto__', 'constructor', chance.of(STRINGS)]),
    }),
  }),
  'other forms': (chance) => ({
    payload: json(
      chance.of<object>([
        { ...valid(chance), schema: 'jidoka.command/2' },
        { ...valid(chance), schema: 'jidoka.command-result/1', ok: true, value: {} },
        { schema: 'jidoka.inspection/1', id: 'x' },
        [valid(chance)],
        { timestamp: 1, metrics: [{ name: 'Node Control/Rebirth', value: true }] },
      ]),
    ),
  }),
  'Sparkplug bytes': (chance) => ({ payload: sparkplugBytes(chance) }),
};

/** A payload of Sparkplug B with one metric, by hand, and perhaps damaged. */
export function sparkplugBytes(chance: Chance): Buffer {
  const name = Buffer.from(
    chance.of(['Node Control/Rebirth', 'Command/Pause', 'bdSeq', '', '\u0000', 'x'.repeat(100)]),
  );
  const metric = Buffer.concat([
    Buffer.from([0x0a, name.length]),
    name,
    Buffer.from([0x20, chance.below(40), 0x70, chance.below(3)]),
  ]);
  const payload = Buffer.concat([
    Buffer.from([0x08, 0x96, 0x01, 0x12, metric.length]),
    metric,
    Buffer.from([0x18, chance.below(256)]),
  ]);
  if (chance.next() < 0.5) payload[chance.below(payload.length)] = chance.below(256);
  return payload.subarray(0, chance.next() < 0.3 ? chance.below(payload.length) : payload.length);
}

const WAYS = Object.entries(MALFORMED);

/** The message of this number; the ways are taken in turn. */
export function malformed(chance: Chance, number: number): Malformed & { readonly way: string } {
  const [way, make] = WAYS[number % WAYS.length] as (typeof WAYS)[number];
  return { way, topic: TOPICS[0] as string, payload: new Uint8Array(), ...make(chance) };
}
