/** The text of a command line that cannot be split, and what is wrong with it. */
export class ShellWordsError extends Error {}

/**
 * Splits a command line into words as a shell does, and does nothing else of what a shell does: single quotes keep all,
 * double quotes keep all but `\"`, `\\`, and a backslash keeps the next character. Line breaks part words; a backslash
 * before one is dropped with it, so that commands from a manual can be pasted.
 *
 * @throws ShellWordsError for a quote that is not closed or a backslash at the end.
 */
export function shellWords(text: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote: '"' | "'" | undefined;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index] ?? '';
    if (quote === "'" && character !== "'") word = (word ?? '') + character;
    else if (character === '\\') {
      index += 1;
      const next = text[index];
      if (next === undefined) throw new ShellWordsError('it ends with a backslash');
      if (next === '\n') continue;
      const kept = quote === '"' && next !== '"' && next !== '\\' ? `\\${next}` : next;
      word = (word ?? '') + kept;
    } else if (character === quote) quote = undefined;
    else if (quote === undefined && (character === '"' || character === "'")) {
      quote = character;
      word ??= '';
    } else if (quote === undefined && /\s/.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + character;
  }
  if (quote !== undefined) throw new ShellWordsError(`a quotation mark (${quote}) is not closed`);
  if (word !== undefined) words.push(word);
  return words;
}
