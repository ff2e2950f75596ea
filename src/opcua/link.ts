import type { ClientSession, OPCUAClient } from 'node-opcua-client';
import type { Clock } from '../base/clock.js';
import { withTimeout } from '../base/lifecycle.js';
import type { Logger } from '../base/logger.js';
import type { OpcuaConnectionConfig } from '../config/schema/connections.js';
import { opcuaErrors } from './errors.js';
import { endSession, type Leftovers } from './leftovers.js';
import type { ClientLibrary, OpcuaLibrary } from './library.js';
import { Access, type Password } from './security/access.js';
import type { ClockReading } from './server-clock.js';
import { ServerTime } from './server-time.js';
import { type MonitorItem, Subscription } from './subscription.js';
import { tagFault } from './translate.js';
import { statusName, type TagValue, tagValueOf } from './values.js';

export interface LinkOptions {
  readonly library: OpcuaLibrary;
  readonly config: OpcuaConnectionConfig;
  readonly password: Password | undefined;
  readonly pkiFolder: string;
  readonly applicationName: string;
  /** The server is asked for a sign of life at least this often. */
  readonly keepAliveMs: number;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Sessions of earlier links that could not be ended; those of this one are added. */
  readonly leftovers: Leftovers;
  /** Asked for the server's time as soon as there is a session. */
  readonly readClock: (read: () => Promise<ClockReading | null>) => Promise<void>;
  /** Data or a keep-alive came. */
  readonly onHeard: () => void;
  /** So many notifications were lost: what they told is not known. */
  readonly onMissing: (count: number) => void;
  /** The session, the subscription or the socket has ended by itself. */
  readonly onEnded: (reason: string) => void;
}

export interface LinkInfo {
  /** How often the server will really give a sign of life; it may have revised what it was asked for. */
  readonly keepAliveMs: number;
}

export interface NodeWrite {
  readonly nodeId: string;
  readonly dataType: number;
  readonly value: unknown;
}

const CLOSE_TIMEOUT_MS = 2000;
/** What a server answers to a client whose session, subscription or channel it no longer knows. */
const GONE =
  /^Bad(SessionIdInvalid|SessionClosed|SessionNotActivated|NoSubscription|SubscriptionIdInvalid|SecureChannelIdInvalid)$/;

/**
 * One life of a connection: a client with one session and one subscription, opened once, closed once, never repaired.
 */
export class Link {
  #client: OPCUAClient | undefined;
  #access: Access | undefined;
  #session: ClientSession | undefined;
  #subscription: Subscription | undefined;
  #time: ServerTime | undefined;
  #live = false;
  /** The server no longer knows the session. */
  #gone = false;
  #closed = false;

  constructor(private readonly options: LinkOptions) {}

  get #library(): ClientLibrary {
    return this.options.library.client;
  }

  /** How long one request may take. */
  get requestTimeoutMs(): number {
    return Math.min(Math.max(this.options.config.lostAfterMs, 2000), 15_000);
  }

  /** Rejects with whatever the library throws; the caller closes the link then too. */
  async open(): Promise<LinkInfo> {
    const access = await this.#connect();
    const { client } = access;
    // Before the new session is asked for: the server may have no other to give.
    await this.#step(this.options.leftovers.clear(this.#library, client, null, this.requestTimeoutMs));
    const session = await this.#step(access.createSession());
    this.#session = session;
    session.on('session_closed', () => this.#ended('the server closed the session'));
    const time = new ServerTime(this.#library, client, session, this.options.clock);
    this.#time = time;
    await this.#step(this.options.readClock(() => time.read()));
    const keepAliveMs = await this.#step(this.#subscribe(session));
    this.#live = true;
    return { keepAliveMs };
  }

  /** Connects without a session, to end sessions of earlier links on the server that has started at that time. */
  async visit(serverStartMs: number | null): Promise<void> {
    const { client } = await this.#connect();
    await this.options.leftovers.clear(this.#library, client, serverStartMs, this.requestTimeoutMs);
  }

  /** When the server started, by its own clock; null where it does not tell. */
  get serverStartMs(): number | null {
    return this.#time?.serverStartMs ?? null;
  }

  /** Monitors tags; a tag the server refuses is told to its own `onFault` and does not touch the others. */
  async monitor(items: readonly MonitorItem[]): Promise<void> {
    await this.#subscription?.monitor(items);
  }

  /** The server's time; null where it does not tell it. */
  async readClock(): Promise<ClockReading | null> {
    return this.#time === undefined || this.#closed ? null : this.#answered(this.#time.read());
  }

  /** The node's built-in data type and its present value. */
  async readNode(nodeId: string): Promise<{ readonly dataType: number; readonly value: TagValue }> {
    const session = this.#present();
    const { AttributeIds, DataType } = this.#library;
    const [type, data] = await this.#answered(
      session.read([
        { nodeId, attributeId: AttributeIds.DataType },
        { nodeId, attributeId: AttributeIds.Value },
      ]),
    );
    if (type === undefined || data === undefined) throw tagFault(nodeId, 'no answer');
    if (type.statusCode.isBad()) throw tagFault(nodeId, type.statusCode.name);
    // A type of the server's own is written as the built-in type it is derived from; the value shows which that is.
    const shown = data.value?.dataType ?? DataType.Null;
    const dataType = shown === DataType.Null ? await this.#builtInType(session, nodeId) : shown;
    return { dataType, value: tagValueOf(this.#library, nodeId, data) };
  }

  /** The present values of several nodes in one Read call; a node that cannot be read has a value of bad quality. */
  async readValues(nodeIds: readonly string[]): Promise<readonly TagValue[]> {
    const { AttributeIds } = this.#library;
    const asked = nodeIds.map((nodeId) => ({ nodeId, attributeId: AttributeIds.Value }));
    const data = await this.#answered(this.#present().read(asked));
    return data.map((value, index) => tagValueOf(this.#library, nodeIds[index] ?? '', value));
  }

  /** One Write call; gives the status of each node by name, `Good` where it was taken. */
  async write(nodes: readonly NodeWrite[]): Promise<readonly string[]> {
    const session = this.#present();
    const { AttributeIds, VariantArrayType } = this.#library;
    const values = nodes.map(({ nodeId, dataType, value }) => ({
      nodeId,
      attributeId: AttributeIds.Value,
      // No source time: many PLCs refuse to have it written.
      value: { value: { dataType, arrayType: VariantArrayType.Scalar, value } },
    }));
    const codes = await this.#answered(session.write(values));
    return codes.map((code) => (code.isGoodish() ? 'Good' : statusName(code)));
  }

  /**
   * Ends session and socket. Waits for the server at most two seconds: one that hangs would never answer. The request
   * to end the session lies in the socket then; where it was lost with the network, the session is a leftover.
   */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#subscription?.close();
    const client = this.#client;
    if (client === undefined) return;
    const session = this.#session;
    const ended = session === undefined || (await endSession(this.#library, client, session, CLOSE_TIMEOUT_MS));
    const silent = (): Error => opcuaErrors.OPCUA_SERVER_SILENT();
    await withTimeout(client.disconnect(), CLOSE_TIMEOUT_MS, silent).catch(() => undefined);
    if (!ended && !this.#gone) this.options.leftovers.keep(session, this.serverStartMs);
    await this.#access?.close();
  }

  async #connect(): Promise<Access> {
    const access = await this.#prepare();
    const { client } = access;
    this.#client = client;
    client.on('connection_lost', () => this.#ended('the socket was closed'));
    client.on('receive_response', ({ responseHeader }) => {
      const status = responseHeader.serviceResult.name;
      if (this.#live && GONE.test(status)) this.#lose(status);
    });
    await this.#step(access.connect());
    return access;
  }

  /** The library would go silent now, or make a session of its own that nobody ends. */
  #lose(status: string): void {
    this.#gone ||= status.startsWith('BadSession');
    const session = this.#session as unknown as { emitCloseEvent(status: unknown): void } | undefined;
    this.#ended(`the server answered ${status}`);
    session?.emitCloseEvent(this.#library.StatusCodes.BadSessionClosed);
  }

  async #builtInType(session: ClientSession, nodeId: string): Promise<number> {
    return this.#library.getBuiltInDataType(session, this.#library.resolveNodeId(nodeId));
  }

  async #prepare(): Promise<Access> {
    const { library, config, password, pkiFolder, applicationName, keepAliveMs, clock, logger } = this.options;
    const access = await Access.prepare({
      library,
      config,
      password,
      pkiFolder,
      applicationName,
      timeoutMs: this.requestTimeoutMs,
      // What is left on a server that hung while the session was closed ends by itself.
      sessionTimeoutMs: Math.max(30_000, 10 * keepAliveMs),
      nowMs: () => clock.nowMs(),
      logger,
    });
    if (!this.#closed) {
      this.#access = access;
      return access;
    }
    await access.close();
    throw opcuaErrors.OPCUA_NOT_CONNECTED();
  }

  async #subscribe(session: ClientSession): Promise<number> {
    const { config, keepAliveMs, onHeard, onMissing } = this.options;
    const subscription = new Subscription({
      library: this.#library,
      publishingMs: Math.min(config.publishingIntervalMs, keepAliveMs),
      keepAliveMs,
      onHeard,
      onMissing,
      onEnded: (reason) => this.#ended(reason),
    });
    this.#subscription = subscription;
    return subscription.open(session);
  }

  /** The library has a time-out of its own; this one holds where it forgets a request in a closing channel. */
  #answered<T>(work: Promise<T>): Promise<T> {
    const where = this.options.config.endpoint;
    return withTimeout(work, this.requestTimeoutMs + 1000, () => opcuaErrors.OPCUA_SERVER_SILENT({ where }));
  }

  #present(): ClientSession {
    if (this.#session === undefined || this.#closed) throw opcuaErrors.OPCUA_NOT_CONNECTED();
    return this.#session;
  }

  /** Waits for a step of `open`; if the link was closed meanwhile nothing further is done. */
  async #step<T>(work: Promise<T>): Promise<T> {
    const result = await work;
    if (!this.#closed) return result;
    const late = result as { close?: (deleteSubscriptions: boolean) => Promise<void> } | undefined;
    await late?.close?.(true)?.catch(() => undefined);
    await this.#client?.disconnect().catch(() => undefined);
    throw opcuaErrors.OPCUA_NOT_CONNECTED();
  }

  #ended(reason: string): void {
    if (!this.#closed) this.options.onEnded(reason);
  }
}
