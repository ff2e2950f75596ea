import type { HttpCameraConfig } from '../../config/schema/camera-http.js';
import { parseChallenges } from './challenge.js';
import { Digest } from './digest.js';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/**
 * Logs in at one camera. Nothing is sent before the camera asks; afterwards each request carries what it asked for, so
 * that a picture costs one round trip.
 */
export class Login {
  readonly #credentials: Credentials | undefined;
  readonly #allowed: HttpCameraConfig['authentication'];
  #answer: Digest | 'basic' | undefined;

  constructor(credentials: Credentials | undefined, allowed: HttpCameraConfig['authentication']) {
    this.#credentials = credentials;
    this.#allowed = allowed;
  }

  get hasCredentials(): boolean {
    return this.#credentials !== undefined;
  }

  /** The value of `Authorization`; undefined while none is asked for. */
  authorization(method: string, uri: string): string | undefined {
    if (this.#credentials === undefined || this.#answer === undefined) return undefined;
    const { username, password } = this.#credentials;
    if (this.#answer !== 'basic') return this.#answer.authorization({ method, uri, username, password });
    return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
  }

  /** The next request goes without, until the camera asks again. */
  forget(): void {
    this.#answer = undefined;
  }

  /**
   * The camera has answered 401 with these `WWW-Authenticate` headers. True where the request is worth sending again;
   * `what` says for an error what the camera offers.
   */
  challenged(headers: readonly string[]): { readonly retry: boolean; readonly offered: string } {
    const challenges = parseChallenges(headers);
    const offered = [...new Set(challenges.map(({ scheme }) => scheme))].join(' and ') || 'no known way';
    const digest = this.#allowed === 'basic' ? undefined : Digest.strongest(challenges);
    const basic = this.#allowed !== 'digest' && challenges.some(({ scheme }) => scheme === 'basic');
    this.#answer = digest ?? (basic ? 'basic' : undefined);
    return { retry: this.#credentials !== undefined && this.#answer !== undefined, offered };
  }
}
