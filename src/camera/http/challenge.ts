/** One way to log in that a server offers in `WWW-Authenticate`; names of parameters are in small letters. */
export interface Challenge {
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** A server that sends more is not believed. */
const MAX_CHALLENGES = 16;

// RFC 9110, 11.6.1: schemes and their parameters are separated by the same comma.
const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const PARAMETER = new RegExp(`^(${TOKEN})[ \\t]*=[ \\t]*(?:"((?:[^"\\\\]|\\\\.)*)"|([^",\\s]*))`);
const SCHEME = new RegExp(`^(${TOKEN})(?:[ \\t]+|$|(?=,))`);

/** The challenges of all `WWW-Authenticate` headers of an answer. What cannot be read ends the header it stands in. */
export function parseChallenges(headers: readonly string[]): readonly Challenge[] {
  // What stands in them goes back to the server in a header of the next request, which must not have control characters.
  return headers
    .filter((header) => !/\p{Cc}/u.test(header.replaceAll('\t', ' ')))
    .flatMap(parseHeader)
    .slice(0, MAX_CHALLENGES);
}

function parseHeader(header: string): Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  let rest = header;
  for (;;) {
    rest = rest.replace(/^[\s,]+/, '');
    if (rest === '') return challenges;
    const parameter = PARAMETER.exec(rest);
    const current = challenges.at(-1);
    if (parameter !== null && current !== undefined) {
      const [whole, name = '', quoted, plain] = parameter;
      current.parameters.set(name.toLowerCase(), quoted === undefined ? (plain ?? '') : quoted.replace(/\\(.)/g, '$1'));
      rest = rest.slice(whole.length);
      continue;
    }
    const scheme = parameter === null ? SCHEME.exec(rest) : null;
    if (scheme === null) return challenges;
    challenges.push({ scheme: (scheme[1] ?? '').toLowerCase(), parameters: new Map() });
    rest = rest.slice(scheme[0].length);
  }
}
