import type { OPCUACertificateManager } from 'node-opcua-certificate-manager';
import type { ClientSession, OPCUAClient, UserIdentityInfo } from 'node-opcua-client';
import type { Logger } from '../../base/logger.js';
import type { OpcuaConnectionConfig } from '../../config/schema/connections.js';
import { opcuaErrors } from '../errors.js';
import type { OpcuaLibrary } from '../library.js';
import { type Attempt, translateConnectError } from '../translate.js';
import { checkLoginOffered, describeEndpoint, endpointFor, type Login, readEndpoints } from './endpoints.js';
import { checkValidity, readKeyPair } from './key-pair.js';
import { type OwnCertificate, ownCertificate } from './own-certificate.js';
import { verifyServer } from './verify-server.js';

/** The secret itself, or a function that resolves it anew for each attempt. */
export type Password = string | (() => string | Promise<string>);

export interface AccessOptions {
  readonly library: OpcuaLibrary;
  readonly config: OpcuaConnectionConfig;
  readonly password: Password | undefined;
  readonly pkiFolder: string;
  readonly applicationName: string;
  readonly timeoutMs: number;
  readonly sessionTimeoutMs: number;
  readonly nowMs: () => number;
  readonly logger: Logger;
}

/**
 * The way into one server for one connection: certificates of both sides, the client, the login. With message
 * security the server is judged first, so that neither a password nor a signature reaches a stranger. Everything is
 * read anew for each connection. Whoever prepared it closes it; the client's own ending is the caller's.
 */
export class Access {
  readonly client: OPCUAClient;
  readonly #options: AccessOptions;
  readonly #manager: OPCUACertificateManager;
  readonly #own: OwnCertificate;

  private constructor(options: AccessOptions, manager: OPCUACertificateManager, own: OwnCertificate, server?: Buffer) {
    const { config, library, applicationName, timeoutMs, sessionTimeoutMs } = options;
    this.#options = options;
    this.#manager = manager;
    this.#own = own;
    const [leaf = own.certificate.der] = own.chain;
    this.client = library.client.OPCUAClient.create({
      applicationName,
      applicationUri: own.applicationUri,
      clientName: applicationName,
      clientCertificateManager: manager,
      certificateKeyPairProvider: {
        getCertificate: () => leaf,
        getCertificateChain: () => [...own.chain],
        getPrivateKey: () => ({ hidden: own.privateKey }),
      },
      ...(server !== undefined && { serverCertificate: server }),
      securityMode: { none: 'None', sign: 'Sign', signAndEncrypt: 'SignAndEncrypt' }[config.securityMode],
      securityPolicy: config.securityPolicy,
      // Servers in containers and behind NAT announce addresses that only they can reach.
      endpointMustExist: false,
      connectionStrategy: { maxRetry: 0, initialDelay: 100, maxDelay: 200 },
      transportTimeout: timeoutMs,
      defaultTransactionTimeout: timeoutMs,
      requestedSessionTimeout: sessionTimeoutMs,
      // Whoever has a session ends it and knows whether the server has heard of that.
      keepPendingSessionsOnDisconnect: true,
    });
  }

  /** Reads the certificates, asks the server for its own and judges it. Throws JidokaErrors. */
  static async prepare(options: AccessOptions): Promise<Access> {
    const { library, config, pkiFolder, applicationName, logger } = options;
    const manager = new library.certificates.OPCUACertificateManager({
      rootFolder: pkiFolder,
      automaticallyAcceptUnknownCertificate: false,
      disableFileWatchers: true,
    });
    try {
      await manager.initialize();
      const nowMs = options.nowMs();
      const files = config.applicationCertificate;
      const own = await ownCertificate({ manager, pkiFolder, applicationName, files, nowMs, logger });
      const server = config.securityMode === 'none' ? undefined : await judgedServer(options, manager, own);
      return new Access(options, manager, own, server);
    } catch (error) {
      await manager.dispose().catch(() => undefined);
      throw error;
    }
  }

  /** Opens the secure channel. Throws JidokaErrors. */
  async connect(): Promise<void> {
    const { config } = this.#options;
    await translated(attempt(this.#options, 'channel', this.#own), () => this.client.connect(config.endpoint));
  }

  /** Logs in. Throws JidokaErrors. */
  async createSession(): Promise<ClientSession> {
    this.#checkEndpoint();
    const identity = await this.#identity();
    return translated(attempt(this.#options, 'session', this.#own), () => this.client.createSession(identity));
  }

  /** A client that never connected lets its manager go no more than one that did: left alone it stays in memory. */
  async close(): Promise<void> {
    this.#manager.referenceCounter = 0;
    await this.#manager.dispose().catch(() => undefined);
  }

  /** Without message security the endpoints are known only now; with it they may have changed since. */
  #checkEndpoint(): void {
    const { library, config } = this.#options;
    const { client } = library;
    const mode = client.coerceMessageSecurityMode(this.client.securityMode);
    const found = this.client.findEndpointForSecurity(mode, this.client.securityPolicy);
    if (found !== undefined) checkLoginOffered(describeEndpoint(client, found), loginOf(config), config.endpoint);
  }

  async #identity(): Promise<UserIdentityInfo> {
    const { config, password, library } = this.#options;
    const { UserTokenType } = library.client;
    const { username, userCertificate } = config;
    if (userCertificate !== undefined) {
      const pair = await readKeyPair(userCertificate);
      checkValidity(
        pair,
        this.#options.nowMs(),
        'Have it renewed by whoever issued it and put the new files in place.',
      );
      const privateKey = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
      return { type: UserTokenType.Certificate, certificateData: pair.certificate.der, privateKey };
    }
    if (username === undefined) return { type: UserTokenType.Anonymous };
    const secret = typeof password === 'function' ? await password() : (password ?? '');
    return { type: UserTokenType.UserName, userName: username, password: secret };
  }
}

export function loginOf({ username, userCertificate }: OpcuaConnectionConfig): Login {
  if (userCertificate !== undefined) return 'certificate';
  return username === undefined ? 'anonymous' : 'username';
}

async function judgedServer(
  options: AccessOptions,
  manager: OPCUACertificateManager,
  own: OwnCertificate,
): Promise<Buffer> {
  const { library, config, pkiFolder, timeoutMs, logger } = options;
  const { endpoint: url, checkHostName } = config;
  const endpoints = await translated(attempt(options, 'discovery', own), () =>
    readEndpoints(library.client, url, timeoutMs),
  );
  const endpoint = endpointFor(endpoints, config);
  checkLoginOffered(endpoint, loginOf(config), url);
  if (endpoint.certificate.length === 0) {
    throw opcuaErrors.OPCUA_CERT_INVALID({ where: url, got: 'an endpoint with message security and no certificate' });
  }
  await verifyServer({ url, endpoint, manager, pkiFolder, checkHostName, nowMs: options.nowMs(), logger });
  return endpoint.certificate;
}

function attempt({ config, pkiFolder }: AccessOptions, step: Attempt['step'], own: OwnCertificate): Attempt {
  return {
    step,
    where: config.endpoint,
    secured: config.securityMode !== 'none',
    pkiFolder,
    login: loginOf(config),
    ownCertificate: own.cert,
    ...(config.userCertificate !== undefined && { userCertificate: config.userCertificate.cert }),
  };
}

async function translated<T>(about: Attempt, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw translateConnectError(error, about.where, about).error;
  }
}
