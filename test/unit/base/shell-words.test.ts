import { describe, expect, it } from 'vitest';
import { ShellWordsError, shellWords } from '#jidoka/base/shell-words.js';

describe('shell words', () => {
  it.each<[string, readonly string[]]>([
    ['v4l2src device=/dev/video0 ! jpegdec', ['v4l2src', 'device=/dev/video0', '!', 'jpegdec']],
    ['  a \t b\n c ', ['a', 'b', 'c']],
    ["x location='two words.mp4' ! y", ['x', 'location=two words.mp4', '!', 'y']],
    ['"video/x-raw(memory:NVMM), width=640"', ['video/x-raw(memory:NVMM), width=640']],
    ['a \\! b two\\ words', ['a', '!', 'b', 'two words']],
    ['a \\\n b', ['a', 'b']],
    ['"say \\"so\\" \\\\ \\n"', ['say "so" \\ \\n']],
    ["'no \\ escape'", ['no \\ escape']],
    ['"" \'\'', ['', '']],
    ['a\'b\'"c"d', ['abcd']],
    ['$HOME `id` $(id) | & ; > *', ['$HOME', '`id`', '$(id)', '|', '&', ';', '>', '*']],
    ['', []],
  ])('splits %j', (text, words) => {
    expect(shellWords(text)).toEqual(words);
  });

  it.each([
    ['a "b', /\("\) is not closed/],
    ["a 'b", /\('\) is not closed/],
    ['a \\', /backslash/],
  ])('refuses %j', (text, why) => {
    expect(() => shellWords(text)).toThrow(ShellWordsError);
    expect(() => shellWords(text)).toThrow(why);
  });
});
