import type { ClientMonitoredItemBase, ClientSession, ClientSubscription } from 'node-opcua-client';
import { messageOf } from '../base/errors.js';
import type { ClientLibrary } from './library.js';
import { SequenceWatch } from './sequence-watch.js';
import { tagFault } from './translate.js';
import { statusName, type TagValue, tagValueOf } from './values.js';

export interface SubscriptionOptions {
  readonly library: ClientLibrary;
  readonly publishingMs: number;
  /** The server is asked for a sign of life at least this often. */
  readonly keepAliveMs: number;
  /** Data or a keep-alive came. */
  readonly onHeard: () => void;
  /** So many notifications were sent and never arrived: what changed in them is not known. */
  readonly onMissing: (count: number) => void;
  /** It has ended by itself. */
  readonly onEnded: (reason: string) => void;
}

export interface MonitorItem {
  readonly nodeId: string;
  readonly samplingMs: number;
  readonly queueSize: number;
  readonly onValue: (value: TagValue) => void;
  readonly onFault: (status: string, fault: Error) => void;
  /** The server monitors it now, sampling as often as it says; `drop` ends that. */
  readonly onMonitored: (drop: () => void, samplingMs: number) => void;
}

const ITEMS_A_CALL = 100;
/** How long the server keeps a subscription that nobody fetches from. */
const LIFETIME_MS = 30_000;

/** The subscription of one link with its monitored items. */
export class Subscription {
  #inner: ClientSubscription | undefined;
  #closed = false;

  constructor(private readonly options: SubscriptionOptions) {}

  /** Rejects with whatever the library throws. Gives how often the server will really give a sign of life. */
  async open(session: ClientSession): Promise<number> {
    const { library, publishingMs, keepAliveMs, onHeard, onMissing } = this.options;
    const keepAliveCount = Math.max(1, Math.floor(keepAliveMs / publishingMs));
    const subscription = library.ClientSubscription.create(session, {
      requestedPublishingInterval: publishingMs,
      requestedMaxKeepAliveCount: keepAliveCount,
      requestedLifetimeCount: Math.max(keepAliveCount * 10, Math.ceil(LIFETIME_MS / publishingMs)),
      maxNotificationsPerPublish: 0,
      publishingEnabled: true,
      priority: 100,
    });
    this.#inner = subscription;
    const numbers = new SequenceWatch();
    subscription.on('raw_notification', ({ sequenceNumber, notificationData }) => {
      if (this.#closed) return;
      onHeard();
      const missing = numbers.take(sequenceNumber, (notificationData ?? []).length === 0);
      if (missing > 0) onMissing(missing);
    });
    subscription.on('terminated', () => this.#ended('the server ended the subscription'));
    subscription.on('status_changed', (status) => {
      if (status.isBad()) this.#ended(`the server ended the subscription (${statusName(status)})`);
    });
    await new Promise<void>((resolve, reject) => {
      subscription.once('started', () => resolve());
      subscription.once('internal_error', reject);
      subscription.once('error', reject);
    });
    subscription.on('internal_error', (error: Error) => this.#ended(messageOf(error)));
    subscription.on('error', (error: Error) => this.#ended(messageOf(error)));
    return subscription.publishingInterval * subscription.maxKeepAliveCount;
  }

  /** Says nothing more from now on. */
  close(): void {
    this.#closed = true;
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

  #monitorBatch(batch: readonly MonitorItem[]): Promise<void> {
    const [sample] = batch;
    if (this.#inner === undefined || sample === undefined) return Promise.resolve();
    const { library } = this.options;
    const { AttributeIds, ClientMonitoredItemGroup, TimestampsToReturn } = library;
    // Listeners are set before the request leaves: the first values may come with its answer.
    const group = ClientMonitoredItemGroup.create(
      this.#inner,
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
      if (item !== undefined && !this.#closed) item.onValue(tagValueOf(library, item.nodeId, data));
    });
    return new Promise((resolve) => {
      group.once('initialized', () => {
        for (const [index, item] of batch.entries()) {
          const monitored = group.monitoredItems[index];
          if (!monitored?.statusCode.isGood()) continue;
          const revisedMs = monitored.result?.revisedSamplingInterval ?? item.samplingMs;
          item.onMonitored(() => this.#drop(monitored), revisedMs);
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
      this.options.library.resolveNodeId(item.nodeId);
      return true;
    } catch (error) {
      refuse(item, `BadNodeIdInvalid: ${messageOf(error)}`);
      return false;
    }
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
