import { messageOf } from '../base/errors.js';
import { commandErrors } from '../domain/errors.js';

/** A command has arguments, and one of them may be a map. */
const MAX_DEPTH = 4;
const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|[{}[\]]/g;

/**
 * JSON as a stranger may send it: UTF-8 alone, nothing nested deeply, and no key twice, since readers differ in which
 * of the two they take.
 * @throws COMMAND_NOT_UTF8, COMMAND_NOT_JSON, COMMAND_TOO_DEEP, COMMAND_DUPLICATE_KEY, COMMAND_FORM_INVALID
 */
export function readJson(bytes: Uint8Array): unknown {
  const text = textOf(bytes);
  const value = parsed(text);
  checkShape(text);
  return value;
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw commandErrors.COMMAND_NOT_UTF8({ cause });
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw commandErrors.COMMAND_NOT_JSON({ got: shown(messageOf(cause)), cause });
  }
}

/** Of text that is JSON: a string with a colon behind it can only be a key. */
function checkShape(text: string): void {
  const objects: Set<string>[] = [];
  for (const [token, colon] of text.matchAll(TOKENS)) {
    if (token === '{' || token === '[') {
      objects.push(new Set());
      if (objects.length > MAX_DEPTH) throw commandErrors.COMMAND_TOO_DEEP({ expected: `at most ${MAX_DEPTH} levels` });
    } else if (token === '}' || token === ']') objects.pop();
    else if (colon !== undefined) noteKey(JSON.parse(token.slice(0, -colon.length)) as string, objects.at(-1));
  }
}

function noteKey(key: string, keys: Set<string> | undefined): void {
  // No object of ours has such a member, and copying one could change what an object is.
  if (key === '__proto__') throw commandErrors.COMMAND_FORM_INVALID({ got: `the key ${shown(key)}` });
  if (keys?.has(key)) throw commandErrors.COMMAND_DUPLICATE_KEY({ got: shown(key) });
  keys?.add(key);
}

/** A stranger's text for a message: short, and with every character that is not plain spelt out. */
export function shown(value: unknown, max = 60): string {
  const text = JSON.stringify(value) ?? typeof value;
  const cut = text.length > max ? `${text.slice(0, max)}…` : text;
  return cut.replace(/[^\x20-\x7e…]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
