import { createHash, randomBytes } from 'node:crypto';
import type { Challenge } from './challenge.js';

/** Hashes by the name that challenges give them, the strongest first. */
const HASHES: readonly (readonly [algorithm: string, hash: string])[] = [
  ['SHA-512-256', 'sha512-256'],
  ['SHA-256', 'sha256'],
  ['MD5', 'md5'],
];

export interface DigestRequest {
  readonly method: string;
  /** Path and query as they stand in the request line. */
  readonly uri: string;
  readonly username: string;
  readonly password: string;
}

/**
 * Digest authentication (RFC 7616, and RFC 2069 for servers that give no `qop`) with one nonce of a server, each request
 * under the next count.
 */
export class Digest {
  readonly #challenge: Challenge;
  readonly #hash: string;
  readonly #session: boolean;
  readonly #makeNonce: () => string;
  #count = 0;

  private constructor(challenge: Challenge, hash: string, makeNonce: () => string) {
    this.#challenge = challenge;
    this.#hash = hash;
    this.#session = /-sess$/i.test(challenge.parameters.get('algorithm') ?? '');
    this.#makeNonce = makeNonce;
  }

  /** The strongest digest among the challenges that can be answered. `makeNonce` is fixed in tests. */
  static strongest(
    challenges: readonly Challenge[],
    makeNonce = () => randomBytes(16).toString('hex'),
  ): Digest | undefined {
    const digests = challenges.filter(
      ({ scheme, parameters }) =>
        scheme === 'digest' && parameters.has('nonce') && parameters.has('realm') && answers(parameters.get('qop')),
    );
    for (const [algorithm, hash] of HASHES) {
      const challenge = digests.find(({ parameters }) => {
        const named = (parameters.get('algorithm') ?? 'MD5').toUpperCase();
        return named === algorithm || named === `${algorithm}-SESS`;
      });
      if (challenge !== undefined) return new Digest(challenge, hash, makeNonce);
    }
    return undefined;
  }

  /** The value of `Authorization` for one request. */
  authorization({ method, uri, username, password }: DigestRequest): string {
    const { parameters } = this.#challenge;
    const [realm, nonce] = [parameters.get('realm') ?? '', parameters.get('nonce') ?? ''];
    this.#count += 1;
    const nc = this.#count.toString(16).padStart(8, '0');
    const cnonce = this.#makeNonce();
    const qop = parameters.get('qop') === undefined ? undefined : 'auth';
    const user = `${username}:${realm}:${password}`;
    const a1 = this.#session ? `${this.#digest(user)}:${nonce}:${cnonce}` : user;
    const middle = qop === undefined ? nonce : `${nonce}:${nc}:${cnonce}:${qop}`;
    const response = this.#digest(`${this.#digest(a1)}:${middle}:${this.#digest(`${method}:${uri}`)}`);
    const hashed = parameters.get('userhash')?.toLowerCase() === 'true';
    const fields: (string | undefined)[] = [
      hashed ? `username="${this.#digest(`${username}:${realm}`)}"` : userField(username),
      `realm=${quoted(realm)}`,
      `nonce=${quoted(nonce)}`,
      `uri=${quoted(uri)}`,
      `response="${response}"`,
      parameters.has('algorithm') ? `algorithm=${parameters.get('algorithm')}` : undefined,
      parameters.has('opaque') ? `opaque=${quoted(parameters.get('opaque') ?? '')}` : undefined,
      qop === undefined ? undefined : `qop=${qop}, nc=${nc}`,
      qop === undefined && !this.#session ? undefined : `cnonce="${cnonce}"`,
      hashed ? 'userhash=true' : undefined,
    ];
    return `Digest ${fields.filter((field) => field !== undefined).join(', ')}`;
  }

  #digest(text: string): string {
    return createHash(this.#hash).update(text, 'utf8').digest('hex');
  }
}

/** `auth-int` alone, which signs a body, is not answered; no `qop` at all is the form of RFC 2069. */
function answers(qop: string | undefined): boolean {
  return qop === undefined || qop.split(',').some((one) => one.trim().toLowerCase() === 'auth');
}

/** RFC 7616, 3.4.4: a name that is not plain ASCII goes in the extended notation. */
function userField(username: string): string {
  if (/^[\x20-\x7e]*$/.test(username)) return `username=${quoted(username)}`;
  const encoded = encodeURIComponent(username).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `username*=UTF-8''${encoded}`;
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
