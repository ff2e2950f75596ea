import { afterEach, describe, expect, it, vi } from 'vitest';
import { silentLogger } from '#jidoka/base/logger.js';
import { Deliverer, type DelivererOptions } from '#jidoka/pipeline/deliver.js';
import { FakeOutbox } from '../../simulators/fake-outbox.js';
import { FakePublisher } from '../../simulators/fake-publisher.js';

const running: Deliverer[] = [];

afterEach(async () => {
  await Promise.all(running.splice(0).map((deliverer) => deliverer.stop(0)));
});

async function setUp({ window = 4, ...options }: Partial<DelivererOptions> & { window?: number } = {}) {
  const outbox = new FakeOutbox();
  const publisher = new FakePublisher(window);
  const deliverer = new Deliverer({
    destination: 'mqtt',
    outbox,
    publisher,
    drainPerSecond: 100_000,
    failsFirst: false,
    logger: silentLogger,
    retry: { initialMs: 20, maxMs: 40 },
    ...options,
  });
  running.push(deliverer);
  await deliverer.start();
  return { outbox, publisher, deliverer };
}

/** First occurrences: what a consumer that drops ids it has seen makes of the messages. */
function distinct(ids: readonly string[]): string[] {
  return [...new Set(ids)];
}

function ids(station: string, from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => `${station}-${from + index}`);
}

describe('Deliverer', () => {
  it('sends in the order of commit, at most a window at a time, and deletes on acknowledgement', async () => {
    const { outbox, publisher, deliverer } = await setUp();
    outbox.commit('a', 'b', 'a', 'b', 'a', 'b');
    publisher.connect();
    await vi.waitFor(() => expect(publisher.sent).toEqual(['a-1', 'b-1', 'a-2', 'b-2']));
    expect(outbox.rows.size).toBe(6);
    publisher.acknowledge('a-1');
    await vi.waitFor(() => expect(publisher.sent).toEqual(['a-1', 'b-1', 'a-2', 'b-2', 'a-3']));
    await vi.waitFor(() => expect(outbox.settled).toEqual([1]));
    publisher.automatic = true;
    publisher.acknowledge();
    await vi.waitFor(() => expect(publisher.sent).toHaveLength(6));
    publisher.acknowledge();
    await vi.waitFor(() => expect(deliverer.status()).toMatchObject({ state: 'idle', delivered: 6, retried: 0 }));
    expect(publisher.mostUnderWay).toBe(4);
    expect(outbox.rows.size).toBe(0);
  });

  it('wakes on a commit', async () => {
    const { outbox, publisher, deliverer } = await setUp();
    publisher.automatic = true;
    publisher.connect();
    await vi.waitFor(() => expect(deliverer.status().state).toBe('idle'));
    outbox.commit('a');
    await vi.waitFor(() => expect(deliverer.status()).toMatchObject({ state: 'idle', delivered: 1 }));
  });

  it('settles acknowledgements that arrive together in one call', async () => {
    const { outbox, publisher } = await setUp();
    outbox.commit('a', 'a', 'a', 'a');
    publisher.connect();
    await vi.waitFor(() => expect(publisher.underWay).toHaveLength(4));
    publisher.acknowledge();
    await vi.waitFor(() => expect(outbox.settled).toEqual([1, 2, 3, 4]));
    expect(outbox.settleCalls).toEqual([4]);
  });

  it('goes on from the oldest unacknowledged row after a lost connection', async () => {
    const { outbox, publisher, deliverer } = await setUp();
    outbox.commit('a', 'a', 'a', 'a', 'a');
    publisher.connect();
    await vi.waitFor(() => expect(publisher.underWay).toHaveLength(4));
    publisher.acknowledge('a-1');
    await vi.waitFor(() => expect(publisher.underWay).toHaveLength(4));
    publisher.disconnect();
    await vi.waitFor(() => expect(deliverer.status().state).toBe('waiting'));
    expect(outbox.settled).toEqual([1]);
    publisher.automatic = true;
    publisher.connect();
    await vi.waitFor(() => expect(outbox.rows.size).toBe(0));
    expect(publisher.taken).toEqual(ids('a', 1, 5));
    expect(deliverer.status()).toMatchObject({ delivered: 5, retried: 4 });
  });

  it('never settles a row whose predecessor at the station is not acknowledged', async () => {
    const { outbox, publisher, deliverer } = await setUp();
    outbox.commit('a', 'b', 'a', 'a');
    publisher.connect();
    await vi.waitFor(() => expect(publisher.underWay).toHaveLength(4));
    publisher.acknowledge('a-2', 'a-3', 'b-1');
    await vi.waitFor(() => expect(outbox.settled).toEqual([2]));
    publisher.disconnect();
    await vi.waitFor(() => expect(deliverer.status().state).toBe('waiting'));
    publisher.automatic = true;
    publisher.connect();
    await vi.waitFor(() => expect(outbox.rows.size).toBe(0));
    expect(publisher.sent).toEqual(['a-1', 'b-1', 'a-2', 'a-3', 'a-1', 'a-2', 'a-3']);
  });

  it('finds a connection again even where the publisher did not announce it', async () => {
    const { outbox, publisher } = await setUp();
    outbox.commit('a', 'a');
    publisher.connect();
    await vi.waitFor(() => expect(publisher.underWay).toHaveLength(2));
    const onConnected = vi.spyOn(publisher, 'onConnected');
    publisher.disconnect();
    vi.spyOn(publisher, 'status').mockReturnValue({ state: 'connected', text: 'back' });
    vi.spyOn(publisher, 'deliver').mockResolvedValue();
    await vi.waitFor(() => expect(outbox.rows.size).toBe(0), { timeout: 5000 });
    expect(onConnected).not.toHaveBeenCalled();
  });

  it('lets other stations pass while one waits at a message that the broker refuses, and loses nothing', async () => {
    const { outbox, publisher, deliverer } = await setUp({ window: 10 });
    publisher.automatic = true;
    publisher.refuses = (record) => record.inspectionId === 'a-2';
    outbox.commit('a', 'a', 'a', 'b', 'a', 'b');
    publisher.connect();
    await vi.waitFor(() => expect(deliverer.status()).toMatchObject({ state: 'refused', delivered: 3 }));
    outbox.commit(...Array.from({ length: 50 }, () => ['a', 'b']).flat());
    await vi.waitFor(() => expect(publisher.taken).toContain('b-52'));
    const status = deliverer.status();
    expect(status.refusals).toEqual([{ station: 'a', seq: 2, text: expect.stringContaining('FAKE_REFUSED') }]);
    expect(status.text).toMatch(/^Station a waits at message 2: FAKE_REFUSED/);
    expect([...outbox.rows.values()].map((row) => row.inspectionId)).toEqual(ids('a', 2, 54));
    // It is tried again by itself, alone, with back-off.
    const before = publisher.sent.filter((id) => id === 'a-2').length;
    await vi.waitFor(() => expect(publisher.sent.filter((id) => id === 'a-2').length).toBeGreaterThan(before + 1));
    publisher.refuses = () => false;
    await vi.waitFor(() => expect(deliverer.status()).toMatchObject({ state: 'idle', delivered: 106, refusals: [] }));
    const lastOfA2 = publisher.taken.lastIndexOf('a-2');
    expect(distinct(publisher.taken.slice(lastOfA2).filter((id) => id.startsWith('a')))).toEqual(ids('a', 2, 54));
    expect(distinct(publisher.taken.filter((id) => id.startsWith('b')))).toEqual(ids('b', 1, 52));
  });

  it('keeps rows of a station whose refusal and loss of connection come together', async () => {
    const { outbox, publisher, deliverer } = await setUp();
    outbox.commit('a', 'a', 'a');
    publisher.connect();
    await vi.waitFor(() => expect(publisher.underWay).toHaveLength(3));
    publisher.refuses = (record) => record.seq === 2;
    publisher.acknowledge('a-2');
    await vi.waitFor(() => expect(deliverer.status().state).toBe('refused'));
    publisher.disconnect();
    await vi.waitFor(() => expect(deliverer.status().refusals).toMatchObject([{ seq: 1 }]));
    publisher.refuses = () => false;
    publisher.automatic = true;
    publisher.connect();
    await vi.waitFor(() => expect(outbox.rows.size).toBe(0));
    expect(distinct(publisher.taken)).toEqual(['a-1', 'a-2', 'a-3']);
  });

  it('finds the message that makes the broker hang up, and lets other stations pass', async () => {
    const { outbox, publisher, deliverer } = await setUp({ window: 10 });
    publisher.automatic = true;
    publisher.breaksOn = (record) => record.inspectionId === 'a-2';
    outbox.commit('a', 'b', 'a', 'b', 'a', 'b', 'b');
    publisher.connect();
    await vi.waitFor(() => expect(publisher.taken).toContain('b-4'));
    expect(deliverer.status()).toMatchObject({ delivered: 5, refusals: [{ station: 'a', seq: 2 }] });
    expect(deliverer.status().refusals[0]?.text).toMatch(/^The connection is lost whenever this message is sent/);
    outbox.commit('b');
    await vi.waitFor(() => expect(publisher.taken).toContain('b-5'));
    publisher.breaksOn = () => false;
    await vi.waitFor(() => expect(deliverer.status()).toMatchObject({ state: 'idle', delivered: 8, refusals: [] }));
    expect(distinct(publisher.taken.filter((id) => id.startsWith('a')))).toEqual(ids('a', 1, 3));
  });

  it('does not hammer a publisher that calls itself connected and takes nothing', async () => {
    const { outbox, publisher } = await setUp();
    vi.spyOn(publisher, 'status').mockReturnValue({ state: 'connected', text: 'so it says' });
    outbox.commit('a');
    const deliver = vi.spyOn(publisher, 'deliver');
    publisher.connect();
    await vi.waitFor(() => expect(publisher.underWay).toHaveLength(1));
    publisher.disconnect();
    outbox.commit('a', 'a', 'a');
    await vi.waitFor(() => expect(deliver.mock.calls.length).toBeGreaterThan(2), { timeout: 5000 });
    expect(deliver.mock.calls.length).toBeLessThan(10);
  });

  it('says when the outbox fails and goes on when it works again', async () => {
    const { outbox, publisher, deliverer } = await setUp();
    publisher.automatic = true;
    outbox.failure = new Error('disk I/O error');
    outbox.commit('a', 'b');
    publisher.connect();
    await vi.waitFor(() => expect(deliverer.status()).toMatchObject({ state: 'failing' }));
    expect(deliverer.status().text).toContain('disk I/O error');
    outbox.failure = undefined;
    await vi.waitFor(() => expect(deliverer.status()).toMatchObject({ state: 'idle', delivered: 2 }));
  });

  it('keeps what was acknowledged while the outbox could not delete, and deletes it later without sending again', async () => {
    const { outbox, publisher, deliverer } = await setUp();
    outbox.commit('a', 'a');
    publisher.connect();
    await vi.waitFor(() => expect(publisher.underWay).toHaveLength(2));
    outbox.failure = new Error('disk I/O error');
    publisher.acknowledge();
    await vi.waitFor(() => expect(deliverer.status().state).toBe('failing'));
    publisher.disconnect();
    publisher.connect();
    outbox.failure = undefined;
    await vi.waitFor(() => expect(outbox.settled).toEqual([1, 2]));
    expect(publisher.sent).toEqual(['a-1', 'a-2']);
  });

  it('reads in batches whatever the backlog', async () => {
    const { outbox, publisher, deliverer } = await setUp({ window: 50, batchSize: 100 });
    publisher.automatic = true;
    outbox.commit(...Array.from({ length: 2000 }, (_, index) => `s${index % 3}`));
    publisher.connect();
    await vi.waitFor(() => expect(deliverer.status()).toMatchObject({ state: 'idle', delivered: 2000 }));
    expect(outbox.largestRead).toBe(100);
    expect(publisher.mostUnderWay).toBe(50);
    expect(outbox.settled).toEqual([...outbox.settled].sort((a, b) => a - b));
  });

  describe('stop', () => {
    it('drains what is left and ends its subscriptions', async () => {
      const { outbox, publisher, deliverer } = await setUp();
      outbox.commit('a', 'a', 'a', 'a', 'a', 'a');
      publisher.automatic = true;
      publisher.connect();
      await deliverer.stop(5000);
      expect(outbox.rows.size).toBe(0);
      expect(deliverer.status()).toMatchObject({ state: 'stopped', delivered: 6 });
      expect([outbox.listeners, publisher.listeners]).toEqual([0, 0]);
    });

    it('does not wait for a broker that is away', async () => {
      const { outbox, deliverer } = await setUp();
      outbox.commit('a');
      await deliverer.stop(600_000);
      expect(outbox.rows.size).toBe(1);
    });

    it('gives up after the drain timeout and leaves the rows in the outbox', async () => {
      const { outbox, publisher, deliverer } = await setUp();
      outbox.commit('a', 'a');
      publisher.connect();
      await vi.waitFor(() => expect(publisher.underWay).toHaveLength(2));
      await deliverer.stop(20);
      publisher.acknowledge();
      expect(outbox.rows.size).toBe(2);
      expect(outbox.settled).toEqual([]);
    });
  });
});
