import type { ClientMonitoredItemBase, ClientSession, ClientSubscription, OPCUAClient } from 'node-opcua-client';
import type { Clock } from '../base/clock.js';
import { messageOf } from '../base/errors.js';
import { withTimeout } from '../base/lifecycle.js';
import type { Logger } from '../base/logger.js';
import type { OpcuaConnectionConfig } from '../config/schema/connections.js';
import { opcuaErrors } from './errors.js';
import type { ClientLibrary, OpcuaLibrary } from './library.js';
import { Access, type Password } from './security/access.js';
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
  /** Data or a keep-alive came. */
  readonly onHeard: () => void;
  /** The session, the subscription or the socket has ended by itself. */
  readonly onEnded: (reason: string) => void;
}

export interface LinkInfo {
  /** How often the server will really give a sign of life; it may have revised what it was asked for. */
  readonly keepAliveMs: number;
  /** The server's clock minus the gateway's, in ms; null where it could not be read. */
  readonly clockAheadMs: number | null;
}

export interface MonitorItem {
  readonly nodeId: string;
  readonly samplingMs: number;
  readonly queueSize: number;
  readonly onValue: (value: TagValue) => void;
  readonly onFault: (status: string, fault: Error) => void;
  /** The server monitors it now; `drop` ends that. */
  readonly onMonitored: (drop: () => void) => void;
}

export interface NodeWrite {
  readonly nodeId: string;
  readonly dataType: number;
  readonly value: unknown;
}

const ITEMS_A_CALL = 100;
const CLOSE_TIMEOUT_MS = 2000;
const SERVER_CURRENT_TIME = 'i=2258';

/**
 * One life of a connection: a client with one session and one subscription, opened once, closed once, never repaired.
 */
export class Link {
  #client: OPCUAClient | undefined;
  #access: Access | undefined;
  #session: ClientSession | undefined;
  #subscription: ClientSubscription | undefined;
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
    const access = await this.#prepare();
    this.#client = access.client;
    access.client.on('connection_lost', () => this.#ended('the socket was closed'));
    await this.#step(access.connect());
    const session = await this.#step(access.createSession());
    this.#session = session;
    session.on('session_closed', () => this.#ended('the server closed the session'));
    const clockAheadMs = await this.#step(this.#clockAhead(session));
    const subscription = await this.#step(this.#subscribe(session));
    return { keepAliveMs: subscription.publishingInterval * subscription.maxKeepAliveCount, clockAheadMs };
  }

  /** Monitors tags; a tag the server refuses is told to its own `onFault` and does not touch the others. */
  async monitor(items: readonly MonitorItem[]): Promise<void> {
    const batches = new Map<string, MonitorItem[]>();
    for (const item of items) {
      if (!this.#isNodeId(item)) continue;
      const key = `${item.samplingMs}/${item.queueSize}`;
      const batch = batches.get(key);
      if (batch === undefined) batches.set(key, [item]);
      else batch.push(item);
    }
    for (const batch of batches.values()) {
      for (let from = 0; from < batch.length; from += ITEMS_A_CALL) {
        if (this.#closed) return;
        await this.#monitorBatch(batch.slice(from, from + ITEMS_A_CALL));
      }
    }
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
   * to close the session lies in the socket then, and the server's own time-out covers the rest.
   */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const client = this.#client;
    if (client === undefined) return;
    const session = this.#session;
    const farewell = (async () => {
      await session?.close(true).catch(() => undefined);
      await client.disconnect().catch(() => undefined);
    })();
    const silent = (): Error => opcuaErrors.OPCUA_SERVER_SILENT();
    await withTimeout(farewell, CLOSE_TIMEOUT_MS, silent).catch(async () => {
      await withTimeout(client.disconnect(), CLOSE_TIMEOUT_MS, silent).catch(() => undefined);
    });
    await this.#access?.close();
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

  async #clockAhead(session: ClientSession): Promise<number | null> {
    const { clock } = this.options;
    const before = clock.nowMs();
    const data = await session.read({ nodeId: SERVER_CURRENT_TIME, attributeId: this.#library.AttributeIds.Value });
    const after = clock.nowMs();
    const told: unknown = data.value?.value;
    return told instanceof Date ? told.getTime() - (before + after) / 2 : null;
  }

  async #subscribe(session: ClientSession): Promise<ClientSubscription> {
    const { config, keepAliveMs, onHeard } = this.options;
    const publishingMs = Math.min(config.publishingIntervalMs, keepAliveMs);
    const keepAliveCount = Math.max(1, Math.floor(keepAliveMs / publishingMs));
    const subscription = this.#library.ClientSubscription.create(session, {
      requestedPublishingInterval: publishingMs,
      requestedMaxKeepAliveCount: keepAliveCount,
      requestedLifetimeCount: Math.max(keepAliveCount * 10, Math.ceil(30_000 / publishingMs)),
      maxNotificationsPerPublish: 0,
      publishingEnabled: true,
      priority: 100,
    });
    this.#subscription = subscription;
    subscription.on('raw_notification', () => {
      if (!this.#closed) onHeard();
    });
    subscription.on('terminated', () => this.#ended('the server ended the subscription'));
    await new Promise<void>((resolve, reject) => {
      subscription.once('started', () => resolve());
      subscription.once('internal_error', reject);
      subscription.once('error', reject);
    });
    subscription.on('internal_error', (error: Error) => this.#ended(messageOf(error)));
    subscription.on('error', (error: Error) => this.#ended(messageOf(error)));
    return subscription;
  }

  #monitorBatch(batch: readonly MonitorItem[]): Promise<void> {
    const subscription = this.#subscription;
    const [sample] = batch;
    if (subscription === undefined || sample === undefined) return Promise.resolve();
    const { AttributeIds, ClientMonitoredItemGroup, TimestampsToReturn } = this.#library;
    // Listeners are set before the request leaves: the first values may come with its answer.
    const group = ClientMonitoredItemGroup.create(
      subscription,
      batch.map(({ nodeId }) => ({ nodeId, attributeId: AttributeIds.Value })),
      { samplingInterval: sample.samplingMs, queueSize: sample.queueSize, discardOldest: true },
      TimestampsToReturn.Both,
    );
    for (const [index, item] of batch.entries()) {
      const monitored = group.monitoredItems[index];
      monitored?.on('err', (message: string) => refuse(item, message));
    }
    group.on('changed', (_monitored, data, index) => {
      const item = batch[index];
      if (item !== undefined && !this.#closed) item.onValue(tagValueOf(this.#library, item.nodeId, data));
    });
    return new Promise((resolve) => {
      group.once('initialized', () => {
        for (const [index, item] of batch.entries()) {
          const monitored = group.monitoredItems[index];
          if (monitored?.statusCode.isGood()) item.onMonitored(() => this.#drop(monitored));
        }
        resolve();
      });
      group.once('err', (message: string) => {
        for (const item of batch) refuse(item, message);
        resolve();
      });
      group.once('terminated', () => resolve());
    });
  }

  #drop(monitored: ClientMonitoredItemBase): void {
    if (!this.#closed) monitored.terminate().catch(() => undefined);
  }

  /** The library throws at a NodeId it cannot parse, and takes the whole batch with it. */
  #isNodeId(item: MonitorItem): boolean {
    try {
      this.#library.resolveNodeId(item.nodeId);
      return true;
    } catch (error) {
      refuse(item, `BadNodeIdInvalid: ${messageOf(error)}`);
      return false;
    }
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

/** The library gives the status inside a text such as `BadNodeIdUnknown (0x80340000)`. */
function refuse(item: MonitorItem, message: string): void {
  const status = /\b(?:Bad|Uncertain)\w*/.exec(message)?.[0] ?? 'BadUnexpectedError';
  item.onFault(status, tagFault(item.nodeId, message));
}
