import { describe, expect, it } from 'vitest';
import type { Problem } from '#jidoka/config/problem.js';
import { MINIMAL, problemsOf, withStation } from './helpers.js';

function only(source: string): Problem {
  const problems = problemsOf(source);
  expect(problems).toHaveLength(1);
  return problems[0] as Problem;
}

const mqtt = (lines: string): string => MINIMAL.replace('1883" }', `1883", ${lines} }`);
const camera = (lines: string): string => MINIMAL.replace('kind: simulated }', `kind: replay, path: /p, ${lines} }`);

describe('wrong types', () => {
  it.each([
    ['yes', 'Write `true` without quotes (in YAML 1.2 `yes` is a text).'],
    ['off', 'Write `false` without quotes (in YAML 1.2 `off` is a text).'],
    ['"true"', 'Write `true` without quotes.'],
    ['1', 'Write `true` without quotes.'],
  ])('helps where a switch is %s', (value, instead) => {
    expect(only(camera(`loop: ${value}`))).toMatchObject({ instead, path: 'stations[0].camera.loop' });
  });

  it.each([
    ['window: "5"', 'Write `5`, without quotes.'],
    ['window: 5 messages', 'Write the number without the unit.'],
    ['window: 1.5', 'Write a whole number, such as `2`.'],
    ['window: many', 'Write, for example, `window: 50`.'],
    ['keepAliveSeconds: 1 min', 'Write `60`, in seconds, without the unit.'],
    ['connectTimeoutMs: 5s', 'Write `5000`, in milliseconds, without the unit.'],
    ['connectTimeoutMs: 5_000', 'Write `5000`, in digits alone.'],
    ['window: .inf', 'Write, for example, `window: 50`.'],
  ])('helps with the number in %s', (line, instead) => {
    expect(only(mqtt(line)).instead).toBe(instead);
  });

  it('helps with decimal commas, shares and sizes', () => {
    const policy = (value: string) => withStation(`verdict: { minimumPassConfidence: ${value} }`);
    expect(only(policy('"0,8"')).instead).toBe('Write `0.8`, with a decimal point.');
    expect(only(policy('80%')).instead).toBe('Write `0.8`, as a share of 1.');
    const size = only(`${MINIMAL}storage: { imageQuotaBytes: 5 GB }\n`);
    expect(size.instead).toBe('Write `5000000000`, in bytes, without the unit.');
  });

  it('asks for quotes where a number stands for a text, as it was written', () => {
    expect(only(mqtt('clientId: 0070')).instead).toBe('Write it in quotes: `"0070"`.');
    expect(only(mqtt('protocol: 5')).instead).toBe('Write it in quotes: `"5"`.');
  });

  it('shows how a list is written', () => {
    expect(only(withStation('sensors: { name: x }')).instead).toBe('Begin each entry with a dash: `- name: …`.');
    expect(only(`${MINIMAL}inference: { providers: cuda }\n`).instead).toBe('Write a list: `[cuda]`.');
    const dashed = MINIMAL.replace('      package', '      - package');
    expect(only(dashed).instead).toBe('Write the keys without a dash in front of them.');
  });

  it('shows where a space behind the colon is missing', () => {
    const file = MINIMAL.replace('      package: m', '      package:m');
    expect(only(file).instead).toBe('Write a space behind the colon of each key.');
  });
});

describe('wrong values', () => {
  it('gives the range of a number', () => {
    expect(only(mqtt('window: 0'))).toMatchObject({
      what: '`window` must be at least 1, but is the number 0.',
      instead: 'Write a whole number from 1 to 1000.',
    });
    expect(only(mqtt('window: 1001')).what).toBe('`window` must be at most 1000, but is the number 1001.');
  });

  it.each([
    ['FAIL', '`fail`'],
    ['reviw', '`review`'],
    ['ingore', '`ignore`'],
  ])('proposes the nearest choice for %s', (value, meant) => {
    expect(only(withStation(`verdict: { defaultAction: ${value} }`)).instead).toBe(`Did you mean ${meant}?`);
  });

  it('lists the choices of a rotation, which are numbers', () => {
    expect(only(camera('rotate: 45')).what).toBe(
      '`rotate` must be one of `0`, `90`, `180`, `270`, but is the number 45.',
    );
  });

  it('asks for the kind of a camera that has none', () => {
    expect(only(MINIMAL.replace('kind: simulated', 'seed: 1'))).toMatchObject({
      what: '`camera` lacks the key `kind`.',
      instead: 'Add it, for example `kind: directory`.',
    });
  });

  it('checks a camera against its own kind', () => {
    const { what, instead } = only(MINIMAL.replace('kind: simulated', 'kind: simulated, framesPerSec: 3'));
    expect([what, instead]).toEqual([
      'The key `framesPerSec` is not known in `camera`.',
      'Did you mean `framesPerSecond`?',
    ]);
  });

  it.each([
    ['name: Press 1', '`press-1`'],
    ['name: Prüfung_A', '`prufung_a`'],
  ])('proposes a name for %s', (line, name) => {
    expect(only(MINIMAL.replace('name: a', line)).instead).toContain(`For example ${name}.`);
  });

  it.each(['broker:1883', 'http://broker', 'mqtt://', '""'])(
    'shows how an address is written in place of %s',
    (url) => {
      const { instead, line } = only(MINIMAL.replace('"mqtt://broker:1883"', url.startsWith('"') ? url : `"${url}"`));
      expect([line, instead]).toEqual([3, 'Write, for example, `url: mqtt://broker.plant.local:1883`.']);
    },
  );

  it('says what a secret must be', () => {
    const plain = only(mqtt('username: u, password: 12345'));
    expect(plain.what).toContain('in plain text');
    expect(plain.instead).toContain('password: { credential: NAME }');
    for (const reference of ['{ env: A, file: b }', '{ evn: A }', '{}']) {
      expect(only(mqtt(`username: u, password: ${reference}`)).what).toContain('exactly one of');
    }
  });

  it('refuses names of servers that are not names, under opcua', () => {
    const problem = only(`${MINIMAL}opcua:\n  PLC 1: { endpoint: "opc.tcp://plc" }\n`);
    expect(problem).toMatchObject({ line: 10, column: 3, instead: expect.stringContaining('`plc-1`') });
  });
});
