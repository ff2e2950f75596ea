import type { ErrorCode } from 'yaml';

interface Wording {
  readonly what: string;
  readonly instead: string;
}

/**
 * The parser's errors in a plant engineer's words. The parser's own messages are not shown: some quote the file, and
 * what they quote may be a password.
 */
const WORDINGS: Partial<Record<ErrorCode, Wording>> = {
  BAD_ALIAS: { what: 'A word that begins with * refers to an &anchor.', instead: 'Put the value in quotes.' },
  BAD_DQ_ESCAPE: {
    what: 'In double quotes a backslash begins an escape sequence, and this one does not exist.',
    instead: "Use single quotes ('C:\\pictures') or write each backslash twice.",
  },
  BAD_INDENT: {
    what: 'The indentation does not fit the lines above, or a bracket is not closed.',
    instead: 'Close every [ and {, and indent each key of a section by the same number of spaces.',
  },
  BAD_SCALAR_START: {
    what: 'A value cannot begin with @, % or ` unless it is in quotes.',
    instead: 'Put the value in quotes.',
  },
  BLOCK_AS_IMPLICIT_KEY: {
    what: 'There are two keys on this line, or a section begins behind a value.',
    instead: 'Put each key on a line of its own, and text that has ": " in it in quotes.',
  },
  BLOCK_IN_FLOW: {
    what: 'An indented list or section stands inside [ ] or { }.',
    instead: 'Close the bracket, or separate the entries with commas.',
  },
  MISSING_CHAR: {
    what: 'A quote, bracket, comma or list dash is missing, or a line is indented wrongly.',
    instead: 'Close every quote and bracket, and put lines of one section in the same column.',
  },
  MULTILINE_IMPLICIT_KEY: {
    what: 'This is not of the form "key: value".',
    instead: 'Write a colon and a space between key and value.',
  },
  MULTIPLE_DOCS: { what: 'A second document begins here.', instead: 'Keep one configuration in the file.' },
  NON_STRING_KEY: { what: 'A list or a section stands where a key should be.', instead: 'Write "key: value".' },
  RESOURCE_EXHAUSTION: { what: 'The file is nested too deeply.', instead: 'Look whether this is the right file.' },
  TAB_AS_INDENT: { what: 'The line is indented with a tab.', instead: 'Indent with spaces, two for each level.' },
  TAG_RESOLVE_FAILED: {
    what: 'A word that begins with ! is a YAML tag, and this one is not known.',
    instead: 'Remove it, or put the value in quotes.',
  },
};

const OTHER: Wording = {
  what: 'This is not valid YAML.',
  instead: 'Write "key: value" on a line, indented by spaces; put text with special characters in quotes.',
};

const OPEN_QUOTE: Wording = {
  what: 'The quote that begins here is never closed.',
  instead: 'Close it at the end of the value.',
};

export function wordingOf(code: ErrorCode): Wording {
  return WORDINGS[code] ?? OTHER;
}

export const openQuoteWording = OPEN_QUOTE;

/** After these the rest of the file is read as it was meant, so that its other problems can be shown too. */
export function isHarmless(code: ErrorCode): boolean {
  return code === 'TAB_AS_INDENT' || code === 'TAG_RESOLVE_FAILED';
}
