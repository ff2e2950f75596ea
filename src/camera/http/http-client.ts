import { readFile } from 'node:fs/promises';
import { type ClientRequest, Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { type JidokaError, messageOf } from '../../base/errors.js';
import type { HttpCameraConfig } from '../../config/schema/camera-http.js';
import { cameraErrors } from '../errors.js';
import { systemCode } from '../image-file.js';
import { Login } from './login.js';
import { networkError } from './network-errors.js';

const MAX_REDIRECTS = 3;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** The first 401 asks for a login, or for another one when the nonce has grown old; the second one refuses it. */
const MAX_LOGINS = 2;

export interface HttpClientOptions {
  readonly config: Pick<HttpCameraConfig, 'url' | 'username' | 'authentication' | 'tls' | 'connectTimeoutMs'>;
  readonly password: string | undefined;
}

/** Asks one camera for its picture: logs in, follows redirects within the camera, and keeps the connection for the next. */
export class HttpClient {
  /** The address without its query, in which some cameras want a password. */
  readonly where: string;
  readonly #config: HttpClientOptions['config'];
  readonly #url: URL;
  readonly #login: Login;
  readonly #agent: HttpAgent;

  constructor({ config, password }: HttpClientOptions) {
    this.#config = config;
    this.#url = new URL(config.url);
    this.where = shown(this.#url);
    const { username, authentication } = config;
    const credentials = username === undefined || password === undefined ? undefined : { username, password };
    this.#login = new Login(credentials, authentication);
    this.#agent =
      this.#url.protocol === 'https:' ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
  }

  /**
   * The camera's answer to one GET, its body unread. Whoever gets it reads or destroys it; an abort destroys it as well.
   * @throws JidokaError (transient) CAMERA_HTTP_…, also on abort
   */
  async get(signal: AbortSignal): Promise<IncomingMessage> {
    const ca = await this.#readAuthority();
    let url = this.#url;
    let [redirects, logins] = [0, 0];
    for (;;) {
      const response = await this.#send(url, ca, signal);
      const status = response.statusCode ?? 0;
      if (status === 200) return response;
      // What is in the body of a refusal is not read; a camera that goes on sending is cut off.
      response.on('error', () => undefined).destroy();
      if (REDIRECTS.has(status)) {
        redirects += 1;
        url = this.#redirected(url, response.headers.location, redirects);
      } else if (status === 401) {
        logins += 1;
        this.#logIn(response, logins);
      } else throw refusal(status, response.statusMessage ?? '', this.where);
    }
  }

  /** Closes the connections that are kept. */
  close(): void {
    this.#agent.destroy();
  }

  /** Where the camera closes a kept connection in the instant of the next request, that request is sent once more. */
  async #send(url: URL, ca: Buffer | undefined, signal: AbortSignal): Promise<IncomingMessage> {
    try {
      return await this.#sendOnce(url, ca, signal);
    } catch (error) {
      if (signal.aborted || !(error instanceof KeptConnectionLost)) throw networkError(error, this.where);
    }
    return this.#sendOnce(url, ca, signal).catch((error: unknown) => {
      throw networkError(error instanceof KeptConnectionLost ? error.cause : error, this.where);
    });
  }

  #sendOnce(url: URL, ca: Buffer | undefined, signal: AbortSignal): Promise<IncomingMessage> {
    const { tls, connectTimeoutMs } = this.#config;
    const authorization = this.#login.authorization('GET', url.pathname + url.search);
    const options = {
      agent: this.#agent,
      // Cameras end lines with LF alone, send headers twice and worse. There is one peer here, so nothing can be smuggled.
      insecureHTTPParser: true,
      headers: {
        accept: '*/*',
        'user-agent': 'jidoka',
        ...(authorization !== undefined && { authorization }),
      },
      ...(ca !== undefined && { ca }),
      ...(tls?.serverName !== undefined && { servername: tls.serverName }),
    };
    const request = url.protocol === 'https:' ? httpsRequest(url, options) : httpRequest(url, options);
    return new Promise((resolve, reject) => {
      const overdue = setTimeout(() => {
        const got = `no answer within ${connectTimeoutMs} ms`;
        request.destroy(cameraErrors.CAMERA_HTTP_SLOW({ where: this.where, got }));
      }, connectTimeoutMs);
      const abort = (): void => void request.destroy(new Error('the camera is being stopped'));
      signal.addEventListener('abort', abort, { once: true });
      // For as long as the body may be read: an abort ends it too.
      request.on('close', () => signal.removeEventListener('abort', abort));
      request.on('response', (response) => {
        clearTimeout(overdue);
        resolve(response);
      });
      request.on('error', (error) => {
        clearTimeout(overdue);
        reject(isKeptConnectionLost(request, error) ? new KeptConnectionLost('lost', { cause: error }) : error);
      });
      if (signal.aborted) abort();
      request.end();
    });
  }

  #redirected(from: URL, location: string | undefined, count: number): URL {
    const target = location !== undefined && URL.canParse(location, from.href) ? new URL(location, from) : undefined;
    const got = target === undefined ? 'no usable address' : shown(target);
    if (target === undefined || count > MAX_REDIRECTS) {
      const hint = 'It sends the agent round and round: write the address that a browser ends up at in `url`.';
      throw cameraErrors.CAMERA_HTTP_REDIRECT({ where: this.where, got, ...(target !== undefined && { hint }) });
    }
    // Another origin would be told the password, or be another machine altogether.
    if (target.origin !== this.#url.origin) throw cameraErrors.CAMERA_HTTP_REDIRECT({ where: this.where, got });
    return target;
  }

  #logIn(response: IncomingMessage, count: number): void {
    const headers = response.headersDistinct['www-authenticate'] ?? [];
    const { retry, offered } = this.#login.challenged(headers);
    const where = this.where;
    if (!this.#login.hasCredentials) {
      const hint = 'Add `username` and `password: { credential: NAME }` to the camera.';
      throw cameraErrors.CAMERA_HTTP_LOGIN({ where, got: `it asks for a login (${offered})`, hint });
    }
    if (!retry) {
      const hint = 'Set `authentication: auto`, or another way to log in at the camera.';
      throw cameraErrors.CAMERA_HTTP_LOGIN({ where, got: `it offers ${offered}`, hint });
    }
    if (count >= MAX_LOGINS) {
      // So that the next attempt is one wrong login and not two: cameras count them.
      this.#login.forget();
      throw cameraErrors.CAMERA_HTTP_LOGIN({ where, got: `it refuses the user ${this.#config.username}` });
    }
  }

  /** Read anew for each request, so that a renewed file needs no restart; it is small. */
  async #readAuthority(): Promise<Buffer | undefined> {
    const path = this.#config.tls?.ca;
    if (path === undefined || this.#url.protocol !== 'https:') return undefined;
    const ca = await readFile(path).catch((cause: unknown) => {
      throw cameraErrors.CAMERA_HTTP_CA_FILE({ where: path, got: messageOf(cause), cause });
    });
    // OpenSSL takes a file without a certificate for an empty list, and then trusts nobody without saying why.
    if (ca.includes('-----BEGIN ')) return ca;
    throw cameraErrors.CAMERA_HTTP_CA_FILE({ where: path, got: 'no PEM block', expected: '-----BEGIN …' });
  }
}

class KeptConnectionLost extends Error {}

function isKeptConnectionLost(request: ClientRequest, error: Error): boolean {
  return request.reusedSocket && (systemCode(error) === 'ECONNRESET' || systemCode(error) === 'EPIPE');
}

function refusal(status: number, message: string, where: string): JidokaError {
  const got = `${status} ${message}`.trim();
  if (status === 403) return cameraErrors.CAMERA_HTTP_FORBIDDEN({ where, got });
  if (status === 404 || status === 410) return cameraErrors.CAMERA_HTTP_NOT_FOUND({ where, got });
  if (status === 503 || status === 429) return cameraErrors.CAMERA_HTTP_BUSY({ where, got });
  return cameraErrors.CAMERA_HTTP_REFUSED({ where, got });
}

function shown(url: URL): string {
  return `${url.origin}${url.pathname}`;
}
