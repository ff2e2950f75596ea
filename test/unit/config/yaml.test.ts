import { describe, expect, it } from 'vitest';
import { MINIMAL, problemsOf } from './helpers.js';

const first = (source: string | Uint8Array) => problemsOf(source)[0];

describe('the file as such', () => {
  it.each([
    ['nothing', ''],
    ['comments alone', '# later\n'],
    ['an empty document', '---\n'],
  ])('asks for content where there is %s', (_, text) => {
    expect(problemsOf(text)).toMatchObject([{ line: 1, column: 1, what: 'The file is empty.' }]);
  });

  it.each([
    ['a list', '- a\n- b\n'],
    ['a word', 'hello\n'],
  ])('wants keys at the top level where there is %s', (_, text) => {
    expect(first(text)?.what).toContain('not a list of `key: value` lines');
  });

  it('takes a byte order mark and Windows line ends without harm to the positions', () => {
    const windows = `\uFEFF${MINIMAL.replaceAll('\n', '\r\n')}`;
    expect(problemsOf(windows)).toEqual([]);
    expect(problemsOf(Buffer.from(windows))).toEqual([]);
    expect(first(`\uFEFFversion: 1\r\ngateway: { nam: x }\r\n`)).toMatchObject({ line: 1 });
    expect(problemsOf(`\uFEFF${MINIMAL}x: 1\r\n`)).toMatchObject([{ line: 9, column: 1 }]);
  });

  it('names the line with a character of another encoding', () => {
    const latin1 = Buffer.from('version: 1\ngateway: { name: gr\xfcn }\n', 'latin1');
    expect(problemsOf(latin1)).toMatchObject([{ line: 2, column: 20, instead: 'Save the file as UTF-8.' }]);
  });

  it('knows UTF-16 and binary data', () => {
    expect(first(Buffer.from('\uFEFFversion: 1', 'utf16le'))?.what).toBe('The file is in UTF-16.');
    expect(first(Buffer.from([0x61, 0, 0x62]))?.what).toBe('The file holds binary data.');
  });

  it('refuses more than a megabyte', () => {
    expect(problemsOf(`${MINIMAL}#${'x'.repeat(1_048_576)}`)).toMatchObject([
      { what: expect.stringContaining('larger than 1048576 bytes') },
    ]);
  });
});

describe('YAML syntax', () => {
  it.each([
    ['a tab', 'gateway:\n\tname: a\n', 2, 1, 'tab'],
    ['an open quote', 'gateway:\n  name: "a\nmqtt: 1\n', 2, 9, 'quote that begins here'],
    ['an open bracket', 'gateway: { name: a\nmqtt: 1\n', 2, 1, 'bracket'],
    ['a second colon', 'gateway: name: a\n', 1, 10, 'two keys on this line'],
    ['a backslash in double quotes', 'gateway: "C:\\data"\n', 1, 13, 'backslash'],
    ['a reserved character', 'gateway: @a\n', 1, 10, 'cannot begin with'],
    ['a second document', 'version: 1\n---\nversion: 1\n', 2, 1, 'second document'],
    ['an unknown alias', 'gateway: *b\n', 1, 10, 'anchor'],
    ['a tag', 'gateway: !secret b\n', 1, 10, 'YAML tag'],
    ['a wrongly indented key', 'stations:\n  - name: a\n   camera: b\n', 3, 4, 'indented wrongly'],
  ])('explains %s', (_, text, line, column, words) => {
    const problem = problemsOf(text).find(({ what }) => what.includes(words));
    expect(problem).toMatchObject({ line, column });
    expect(problem?.instead).not.toBe('');
  });

  it('shows a duplicate key with the line of the first, and goes on', () => {
    expect(problemsOf(`${MINIMAL}log: {}\nlog: {}\nextra: 1\n`)).toMatchObject([
      { line: 10, column: 1, what: 'The key `log` is here a second time.', instead: expect.stringContaining('line 9') },
      { line: 11, what: expect.stringContaining('`extra`') },
    ]);
  });

  it('shows faults above a syntax error and none that only follow from it', () => {
    const text = 'version: 3\ngateway: { name: "a }\nmqtt: { url: mqtt://b }\n';
    expect(problemsOf(text).map(({ line }) => line)).toEqual([1, 2]);
  });

  it('never repeats what a password might be', () => {
    const secret = 'hunter2';
    const files = [
      MINIMAL.replace('1883" }', `1883", username: u, password: ${secret} }`),
      MINIMAL.replace('1883" }', `1883", username: u, password: *${secret} }`),
      MINIMAL.replace('1883" }', `1883", username: u, password: "${secret} }`),
      MINIMAL.replace('1883" }', `1883", username: u, password: @${secret} }`),
      MINIMAL.replace('1883" }', `1883", username: u, password: [${secret}] }`),
      MINIMAL.replace('1883" }', `1883", username: u, pasword: ${secret} }`),
      MINIMAL.replace('mqtt://broker', `mqtt://u:${secret}@broker`),
      MINIMAL.replace('mqtt://broker', `http://u:${secret}@broker`),
      MINIMAL.replace('{ url: "mqtt://broker:1883" }', `password:${secret}`),
      `${MINIMAL}opcua: { password: ${secret} }\n`,
    ];
    for (const file of files) {
      expect(file).toContain(secret);
      const problems = problemsOf(file);
      expect(problems).not.toEqual([]);
      expect(JSON.stringify(problems)).not.toContain(secret);
    }
  });
});

describe('hostile files', () => {
  it('expands no alias bomb', () => {
    const level = (name: string, of: string) => `${name}: &${name} [${Array(10).fill(of).join(', ')}]\n`;
    const bomb = level('a', 'x') + [...'bcdefgh'].map((name, i) => level(name, `*${'abcdefg'[i]}`)).join('');
    expect(problemsOf(bomb)).toMatchObject([{ what: 'The file becomes too large or too deeply nested here.' }]);
  });

  it('takes an ordinary alias for what it stands for', () => {
    const text = MINIMAL.replace('camera: {', 'camera: &cam {').concat(
      '  - name: b\n    camera: *cam\n    model: { package: m/1.0.0 }\n',
    );
    expect(problemsOf(text)).toEqual([]);
  });

  it.each([
    ['an alias of itself', 'gateway: &g [*g]\n'],
    ['brackets without end', '['.repeat(20_000)],
    ['nested maps', `a: ${'{a: '.repeat(2000)}`],
    ['question marks', '? '.repeat(2000)],
    ['a key named __proto__', '__proto__: { polluted: true }\n'],
    ['an odd version', '%YAML 1.1\n---\nversion: 1\n'],
  ])('survives %s', (_, text) => {
    expect(problemsOf(text)).not.toEqual([]);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('has no merge keys and says so', () => {
    expect(first(`${MINIMAL}<<: { log: {} }\n`)?.instead).toContain('no merge keys');
  });
});
