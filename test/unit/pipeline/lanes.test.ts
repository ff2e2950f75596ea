import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { silentLogger } from '#jidoka/base/logger.js';
import { Deliverer, type DelivererOptions } from '#jidoka/pipeline/deliver.js';
import { FakeOutbox } from '../../simulators/fake-outbox.js';
import { FakePublisher } from '../../simulators/fake-publisher.js';

const running: Deliverer[] = [];

// Time passes only in `pass`, so that rates are exact.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});

afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(running.splice(0).map((deliverer) => deliverer.stop(0)));
});

/** Lets everything happen that needs no time. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 40; turn += 1) await setImmediate();
}

async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 5) {
    await vi.advanceTimersByTimeAsync(Math.min(5, ms - passed));
    await quiet();
  }
}

interface SetUp extends Partial<DelivererOptions> {
  readonly outbox?: FakeOutbox;
  readonly lanes?: 'one' | 'two';
  readonly window?: number;
}

async function setUp({ lanes = 'one', window = 10, outbox = new FakeOutbox(), ...options }: SetUp = {}) {
  const publisher = new FakePublisher(window, lanes);
  publisher.automatic = true;
  const deliverer = new Deliverer({
    destination: 'mqtt',
    outbox,
    publisher,
    drainPerSecond: 100,
    failsFirst: false,
    logger: silentLogger,
    retry: { initialMs: 20, maxMs: 40 },
    ...options,
  });
  running.push(deliverer);
  await deliverer.start();
  return { outbox, publisher, deliverer };
}

const many = (count: number, station = 'a'): string[] => Array.from({ length: count }, () => station);
const ids = (station: string, from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `${station}-${from + index}`);

describe('one lane', () => {
  it('lets what waited for the connection out at the rate, and what comes afterwards at once', async () => {
    const { outbox, publisher } = await setUp();
    outbox.commit(...many(4));
    publisher.connect();
    await quiet();
    expect(publisher.sent).toEqual([]);
    await pass(10);
    await quiet();
    expect(publisher.sent).toEqual(ids('a', 1, 1));
    outbox.commit('b', 'a');
    await quiet();
    expect(publisher.sent).toEqual(ids('a', 1, 1));
    for (const sent of [2, 3, 4]) {
      await pass(10);
      await quiet();
      expect(publisher.sent.slice(0, 4)).toEqual(ids('a', 1, sent));
    }
    await quiet();
    expect(publisher.sent).toEqual([...ids('a', 1, 4), 'b-1', 'a-5']);
    outbox.commit(...many(30));
    await quiet();
    expect(publisher.taken).toHaveLength(36);
    expect(publisher.sentBy).toEqual({ history: ids('a', 1, 4), live: ['b-1', ...ids('a', 5, 35)] });
  });

  it('counts what came during the drain as waiting, as long as the backlog shrinks', async () => {
    const { outbox, publisher } = await setUp({ window: 5 });
    outbox.commit(...many(100));
    publisher.connect();
    const sent = () => publisher.sent.length;
    await pass(400);
    expect(sent()).toBeGreaterThanOrEqual(38);
    expect(sent()).toBeLessThanOrEqual(41);
    outbox.commit(...many(40));
    // The 40 that came meanwhile are not let out together when their turn comes.
    await pass(900);
    expect(sent()).toBeGreaterThanOrEqual(120);
    expect(sent()).toBeLessThanOrEqual(131);
    outbox.commit(...many(40));
    // While 40 went 40 have come: the backlog does not get shorter, so the limit ends.
    await pass(300);
    expect(publisher.taken).toEqual(ids('a', 1, 180));
  });

  it('begins a new backlog with each connection', async () => {
    const { outbox, publisher } = await setUp();
    publisher.connect();
    outbox.commit(...many(3));
    await quiet();
    expect(publisher.taken).toEqual(ids('a', 1, 3));
    publisher.disconnect();
    outbox.commit(...many(3));
    publisher.connect();
    await quiet();
    expect(publisher.taken).toEqual(ids('a', 1, 3));
    await pass(1000);
    await quiet();
    expect(publisher.taken).toEqual(ids('a', 1, 6));
    expect(publisher.sentBy.history).toEqual(ids('a', 4, 6));
  });
});

describe('two lanes', () => {
  it('sends what is new at once and what waited beside it at the rate, each in order', async () => {
    const { outbox, publisher, deliverer } = await setUp({ lanes: 'two' });
    outbox.commit(...many(5));
    publisher.connect();
    await quiet();
    outbox.commit(...many(5));
    await quiet();
    expect(publisher.sentBy.live).toEqual(ids('a', 6, 10));
    expect(publisher.sentBy.history).toEqual([]);
    await pass(50);
    await quiet();
    expect(deliverer.status().state).toBe('idle');
    expect(publisher.sentBy).toEqual({ history: ids('a', 1, 5), live: ids('a', 6, 10) });
    expect(outbox.rows.size).toBe(0);
  });

  it('sends again as history what was not settled when the connection was lost', async () => {
    const { outbox, publisher, deliverer } = await setUp({ lanes: 'two' });
    publisher.automatic = false;
    publisher.connect();
    await quiet();
    outbox.commit(...many(4));
    await quiet();
    expect(publisher.sentBy.live).toEqual(ids('a', 1, 4));
    publisher.acknowledge('a-1');
    await quiet();
    expect(outbox.settled).toEqual([1]);
    publisher.disconnect();
    await quiet();
    expect(deliverer.status().state).toBe('waiting');
    outbox.commit(...many(1));
    publisher.automatic = true;
    publisher.connect();
    await quiet();
    outbox.commit(...many(1));
    await pass(100);
    await quiet();
    expect(outbox.rows.size).toBe(0);
    expect(publisher.sentBy).toEqual({ live: [...ids('a', 1, 4), 'a-6'], history: ids('a', 2, 5) });
    expect(deliverer.status()).toMatchObject({ delivered: 6, retried: 3 });
  });

  it('gives each lane half of the window, so that unsettled history does not hold up what is new', async () => {
    const { outbox, publisher, deliverer } = await setUp({ lanes: 'two', window: 8 });
    publisher.automatic = false;
    outbox.commit(...many(20));
    publisher.connect();
    await pass(200);
    expect(publisher.sentBy.history).toEqual(ids('a', 1, 4));
    outbox.commit(...many(3));
    await quiet();
    expect(publisher.sentBy.live).toEqual(ids('a', 21, 23));
    expect(deliverer.status().underWay).toBe(7);
  });

  it('is not narrowed by connections that end before anything could be settled', async () => {
    const { outbox, publisher, deliverer } = await setUp({ lanes: 'two', drainPerSecond: 1000 });
    publisher.automatic = false;
    for (let round = 0; round < 6; round += 1) {
      publisher.connect();
      await quiet();
      outbox.commit(...many(5));
      const expected = (round + 1) * 5;
      await quiet();
      expect(publisher.sentBy.live).toEqual(ids('a', 1, expected));
      publisher.disconnect();
      await quiet();
      expect(deliverer.status().state).toBe('waiting');
    }
    expect(deliverer.status().refusals).toEqual([]);
  });

  it('holds a refused message in both lanes alike and goes on with the other stations', async () => {
    const { outbox, publisher, deliverer } = await setUp({ lanes: 'two' });
    publisher.refuses = (record) => record.inspectionId === 'a-1';
    publisher.connect();
    await quiet();
    outbox.commit('a', 'a', 'b');
    await quiet();
    expect(deliverer.status()).toMatchObject({ state: 'refused', delivered: 1 });
    publisher.disconnect();
    publisher.connect();
    await pass(100);
    outbox.commit('a', 'b');
    await quiet();
    expect(publisher.taken).toEqual(expect.arrayContaining(['a-3', 'b-2']));
    publisher.refuses = () => false;
    while (outbox.rows.size > 0) {
      await pass(50);
    }
    expect(publisher.taken.filter((id) => id === 'a-1')).toEqual(['a-1']);
    expect(publisher.taken.lastIndexOf('a-2')).toBeGreaterThan(publisher.taken.indexOf('a-1'));
  });

  it('stops when everything has been sent, without waiting for it to be settled', async () => {
    const { outbox, publisher, deliverer } = await setUp({ lanes: 'two' });
    publisher.automatic = false;
    publisher.connect();
    await quiet();
    outbox.commit('a');
    await quiet();
    expect(publisher.sentBy.live).toEqual(['a-1']);
    await deliverer.stop(600_000);
    expect(outbox.rows.size).toBe(1);
  });
});

describe('fails first', () => {
  function mixed(outbox: FakeOutbox, count: number, failEvery: number): string[] {
    const fails: string[] = [];
    for (let index = 1; index <= count; index += 1) {
      outbox.verdict = index % failEvery === 0 ? 'fail' : 'pass';
      const [record] = outbox.commit('a');
      if (outbox.verdict === 'fail' && record !== undefined) fails.push(record.inspectionId);
    }
    outbox.verdict = 'pass';
    return fails;
  }

  it('sends copies of fails that wait behind more than a window, oldest first, once each', async () => {
    const { outbox, publisher, deliverer } = await setUp({ failsFirst: true });
    const fails = mixed(outbox, 200, 20);
    publisher.connect();
    while (publisher.hurried.length < fails.length) {
      await pass(20);
    }
    expect(publisher.hurried).toEqual(fails);
    expect(publisher.sent.length).toBeLessThan(100);
    expect(outbox.settled.length).toBeLessThanOrEqual(publisher.sent.length);
    outbox.verdict = 'fail';
    outbox.commit('b');
    while (publisher.hurried.length === fails.length) {
      await pass(20);
    }
    expect(publisher.hurried.at(-1)).toBe('b-1');
    while (outbox.rows.size > 0) {
      await pass(50);
    }
    expect(publisher.taken).toEqual([...ids('a', 1, 200), 'b-1']);
    expect(deliverer.status().hurried).toBe(fails.length + 1);
  }, 60_000);

  it('begins anew with each connection, and keeps to its share of the rate', async () => {
    const { outbox, publisher } = await setUp({ failsFirst: true });
    mixed(outbox, 400, 10);
    publisher.connect();
    await pass(500);
    expect(publisher.sent.length).toBeGreaterThan(40);
    expect(publisher.hurried.length).toBeGreaterThan(8);
    expect(publisher.hurried.length).toBeLessThan(16);
    const before = publisher.hurried.length;
    publisher.disconnect();
    publisher.connect();
    while (publisher.hurried.length === before) {
      await pass(10);
    }
    expect(new Set(publisher.hurried).size).toBeLessThan(publisher.hurried.length);
  });

  it('sends no copies where it is not asked to, or where nothing waits', async () => {
    const off = await setUp();
    mixed(off.outbox, 100, 10);
    off.publisher.connect();
    const on = await setUp({ failsFirst: true });
    on.publisher.connect();
    await quiet();
    on.outbox.verdict = 'fail';
    on.outbox.commit('a', 'a', 'a');
    while (off.outbox.rows.size + on.outbox.rows.size > 0) {
      await pass(50);
    }
    expect([off.publisher.hurried, on.publisher.hurried]).toEqual([[], []]);
  });
});

describe('several destinations', () => {
  it('each have an account of their own: one that is away does not hold up the other', async () => {
    const outbox = new FakeOutbox(['mqtt', 'mes']);
    const main = await setUp({ outbox });
    const mes = await setUp({ outbox, destination: 'mes', window: 200 });
    mes.publisher.connect();
    await quiet();
    outbox.commit(...many(500));
    await quiet();
    expect(mes.publisher.taken).toEqual(ids('a', 1, 500));
    await quiet();
    expect(outbox.waiting('mes')).toBe(0);
    expect([outbox.waiting('mqtt'), outbox.rows.size, main.publisher.sent.length]).toEqual([500, 500, 0]);
    main.publisher.connect();
    while (outbox.rows.size > 0) {
      await pass(50);
    }
    expect(main.publisher.taken).toEqual(ids('a', 1, 500));
    expect(mes.publisher.taken).toHaveLength(500);
  }, 60_000);
});
