import { createHash } from 'node:crypto';
import { OPCUACertificateManager } from 'node-opcua-certificate-manager';
import type { OPCUAServer } from 'node-opcua-server';
import { systemClock } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import { ThrottledLog } from '../base/throttled-log.js';
import { Access } from './access.js';
import { Calls } from './calls.js';
import { checkGivenCertificate, ensureOwnCertificate } from './own-certificate.js';
import type { FromServer, RefusalCode, ServerSettings, ToServer } from './protocol.js';
import { createServer, descriptionsOf, restrictLogins } from './secure-server.js';
import { ShownStation } from './shown-station.js';
import { VisionModel } from './vision-model.js';

/** What clients get to hear before the connection is closed, ms. */
const GOODBYE_MS = 0;

/** The server and the stations in it, inside its thread. */
export class MachineVisionServer {
  readonly #settings: ServerSettings;
  readonly #post: (message: FromServer) => void;
  readonly #calls: Calls;
  readonly #access: Access;
  readonly #refusals: ThrottledLog;
  readonly #stations = new Map<string, ShownStation>();
  #server: OPCUAServer | undefined;

  constructor(settings: ServerSettings, post: (message: FromServer) => void) {
    this.#settings = settings;
    this.#post = post;
    this.#calls = new Calls(post);
    this.#refusals = new ThrottledLog(
      postingLogger(post),
      systemClock,
      (count) => `${count} further clients of the OPC UA server were refused.`,
    );
    this.#access = new Access(settings, (name) =>
      this.#refusals.warn({}, `The OPC UA server refused a login: wrong name or password (${JSON.stringify(name)}).`),
    );
  }

  /** Undefined once it listens, else why it does not. */
  async start(): Promise<Extract<FromServer, { kind: 'refused' }> | undefined> {
    const { host, port, pkiFolder, certificate } = this.#settings;
    let server: OPCUAServer;
    try {
      const certificates = new OPCUACertificateManager({ rootFolder: pkiFolder, name: 'server' });
      if (certificate === undefined) await ensureOwnCertificate(certificates, this.#settings);
      else await checkGivenCertificate(certificate);
      server = createServer(this.#settings, this.#access, certificates);
      await server.initialize();
      // Only now the endpoints are there.
      restrictLogins(server);
      this.#tellUntrusted(server);
    } catch (error) {
      const where = certificate === undefined ? pkiFolder : `${certificate.cert}, ${certificate.key}`;
      return refused('OPCUA_SERVER_CERTIFICATE', where, error);
    }
    const space = server.engine.addressSpace;
    if (space === null) return refused('OPCUA_SERVER_FAILED', 'its start', new Error('there is no address space'));
    this.#build(new VisionModel(space));
    try {
      await server.start();
    } catch (error) {
      await server.shutdown(GOODBYE_MS).catch(() => undefined);
      return refused('OPCUA_SERVER_PORT_TAKEN', `${host}:${port}`, error);
    }
    this.#server = server;
    const endpoints = descriptionsOf(server).map(({ endpointUrl }) => endpointUrl ?? '');
    this.#post({ kind: 'listening', endpoints: [...new Set(endpoints)] });
    return undefined;
  }

  receive(message: Exclude<ToServer, { kind: 'stop' }>): void {
    if (message.kind === 'answer') this.#calls.answered(message.call, message.answer);
    else if (message.kind === 'view') this.#stations.get(message.station)?.show(message.view, message.told);
    else this.#stations.get(message.station)?.addResult(message.result, message.fresh);
  }

  async stop(): Promise<void> {
    this.#calls.close();
    this.#refusals.flush();
    await this.#server?.shutdown(GOODBYE_MS);
  }

  /** Says whose certificate was refused; the refusal stands. */
  #tellUntrusted(server: OPCUAServer): void {
    const { pkiFolder } = this.#settings;
    for (const endpoint of server.endpoints) {
      endpoint.onAdjustCertificateStatus = (status, certificate) => {
        const thumbprint = createHash('sha1').update(certificate).digest('hex');
        const what = `The OPC UA server refused a client's certificate with the thumbprint ${thumbprint} (${status.name}).`;
        const instead = `If you know the client, move its file from ${pkiFolder}/rejected to ${pkiFolder}/trusted/certs.`;
        this.#refusals.warn({}, `${what} ${instead}`);
        return status;
      };
    }
  }

  #build(model: VisionModel): void {
    const { objects } = model.space.rootFolder;
    const folder = model.own.addFolder(objects, { browseName: 'VisionSystems', nodeId: 's=VisionSystems' });
    for (const station of this.#settings.stations) {
      const parts = { model, folder, station, settings: this.#settings, access: this.#access, calls: this.#calls };
      this.#stations.set(station.name, new ShownStation(parts));
    }
  }
}

function refused(code: RefusalCode, where: string, error: unknown): Extract<FromServer, { kind: 'refused' }> {
  return { kind: 'refused', code, where, got: messageOf(error) };
}

function postingLogger(post: (message: FromServer) => void): Logger {
  const at =
    (level: 'debug' | 'info' | 'warn') =>
    (_fields: object, text: string): void =>
      post({ kind: 'log', level, text });
  const logger: Logger = {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('warn'),
    child: () => logger,
  };
  return logger;
}
