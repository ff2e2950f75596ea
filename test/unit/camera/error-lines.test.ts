import { describe, expect, it } from 'vitest';
import { ErrorLines } from '#jidoka/camera/process/error-lines.js';

describe('the last words of a program', () => {
  it('are whole lines, however they come', () => {
    const errors = new ErrorLines([]);
    for (const piece of ['ERR', 'OR: one\ntw', 'o\r\n\n', '\x1b[31mthree\x1b[0m\nfo', 'ur']) errors.add(piece);
    expect(errors.lines).toEqual(['ERROR: one', 'two', 'three', 'four']);
  });

  it('are bounded, in number and in length, with and without line breaks', () => {
    const errors = new ErrorLines([]);
    for (let line = 0; line < 1000; line += 1) errors.add(`${line} ${'x'.repeat(2000)}\n`);
    expect(errors.lines).toHaveLength(40);
    expect(errors.lines.at(-1)).toMatch(/^999 x+$/);
    for (let piece = 0; piece < 1000; piece += 1) errors.add('y'.repeat(10_000));
    expect(Math.max(...errors.lines.map((line) => line.length))).toBeLessThanOrEqual(500);
  });

  it('hold no secret, neither as it is nor as it stands in an address', () => {
    const errors = new ErrorLines(['p@ss/w']);
    errors.add('user-pw=p@ss/w\nrtsp://viewer:p%40ss%2Fw@10.0.0.1/: Connection refused\n');
    errors.add(`${'z'.repeat(496)}p@ss/w\n`);
    expect(errors.lines.slice(0, 2)).toEqual(['user-pw=***', 'rtsp://viewer:***@10.0.0.1/: Connection refused']);
    expect(errors.lines.join()).not.toContain('p@s');
  });
});
