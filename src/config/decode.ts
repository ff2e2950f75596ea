import { isUtf8 } from 'node:buffer';

export const MAX_CONFIG_BYTES = 1_048_576;

export interface DecodeFault {
  /** Both begin at 1. */
  readonly line: number;
  readonly column: number;
  readonly what: string;
  readonly instead: string;
}

/**
 * The text of a configuration file without its byte order mark. Windows editors write UTF-16 or a local code page
 * when they are left to choose; both are told apart from plain damage so that the message can name the remedy.
 */
export function decodeConfig(source: string | Uint8Array): { readonly text: string } | { readonly fault: DecodeFault } {
  const size = typeof source === 'string' ? Buffer.byteLength(source) : source.byteLength;
  if (size > MAX_CONFIG_BYTES) {
    return fault(
      1,
      1,
      `The file is larger than ${MAX_CONFIG_BYTES} bytes.`,
      'A configuration has a few kilobytes: look whether this is the right file.',
    );
  }
  if (typeof source === 'string') return checkText(source);
  const [first, second] = source;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    return fault(1, 1, 'The file is in UTF-16.', 'Save it as UTF-8 (in Notepad: Save as, Encoding: UTF-8).');
  }
  const text = new TextDecoder('utf-8').decode(source);
  if (!isUtf8(source)) {
    const offset = Math.max(0, text.indexOf('\uFFFD'));
    return fault(
      ...position(text, offset),
      'A character here is not UTF-8; the file was saved in another encoding, such as Windows-1252.',
      'Save the file as UTF-8.',
    );
  }
  return checkText(text);
}

function checkText(source: string): { readonly text: string } | { readonly fault: DecodeFault } {
  const text = source.startsWith('\uFEFF') ? source.slice(1) : source;
  const offset = text.indexOf('\0');
  if (offset < 0) return { text };
  return fault(...position(text, offset), 'The file holds binary data.', 'Look whether this is the right file.');
}

function position(text: string, offset: number): [line: number, column: number] {
  const before = text.slice(0, offset).split('\n');
  return [before.length, (before.at(-1)?.length ?? 0) + 1];
}

function fault(line: number, column: number, what: string, instead: string): { readonly fault: DecodeFault } {
  return { fault: { line, column, what, instead } };
}
