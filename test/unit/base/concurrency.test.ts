import { describe, expect, it } from 'vitest';
import { Backoff } from '#jidoka/base/backoff.js';
import { BoundedQueue } from '#jidoka/base/bounded-queue.js';
import { InOrder } from '#jidoka/base/in-order.js';
import { Rerun } from '#jidoka/base/rerun.js';
import { Semaphore } from '#jidoka/base/semaphore.js';

describe('BoundedQueue', () => {
  it('waits for room and keeps the order', async () => {
    const queue = new BoundedQueue<number>(2, 'wait');
    await queue.push(1);
    await queue.push(2);
    let third = false;
    const pushing = queue.push(3).then(() => {
      third = true;
    });
    await Promise.resolve();
    expect(third).toBe(false);
    expect(await queue.shift()).toBe(1);
    await pushing;
    expect([await queue.shift(), await queue.shift()]).toEqual([2, 3]);
    expect(queue.dropped).toBe(0);
  });

  it.each([
    ['drop-oldest', [2, 3], [1]],
    ['drop-newest', [1, 2], [3]],
  ] as const)('%s keeps the right items and hands over what it drops', async (policy, kept, dropped) => {
    const lost: number[] = [];
    const queue = new BoundedQueue<number>(2, policy, (item) => lost.push(item));
    for (const item of [1, 2, 3]) await queue.push(item);
    expect([await queue.shift(), await queue.shift()]).toEqual(kept);
    expect(lost).toEqual(dropped);
    expect(queue.dropped).toBe(1);
  });

  it('gives out what it holds after closing, then undefined; a late item counts as dropped', async () => {
    const queue = new BoundedQueue<number>(2, 'wait');
    await queue.push(1);
    queue.close();
    await queue.push(2);
    expect(await queue.shift()).toBe(1);
    expect(await queue.shift()).toBeUndefined();
    expect(queue.dropped).toBe(1);
  });

  it('wakes a waiting consumer on close, and a waiting producer', async () => {
    const empty = new BoundedQueue<number>(1, 'wait');
    const taking = empty.shift();
    empty.close();
    expect(await taking).toBeUndefined();
    const full = new BoundedQueue<number>(1, 'wait');
    await full.push(1);
    const pushing = full.push(2);
    full.close();
    await pushing;
    expect(full.dropped).toBe(1);
  });
});

describe('InOrder', () => {
  it('runs steps in the order of their turns, whatever finishes first', async () => {
    const order = new InOrder();
    const ran: string[] = [];
    const first = order.turn();
    const second = order.turn();
    const later = second(() => ran.push('second'));
    await Promise.resolve();
    expect(ran).toEqual([]);
    await first(() => ran.push('first'));
    await later;
    expect(ran).toEqual(['first', 'second']);
  });

  it('gives way after a step that failed', async () => {
    const order = new InOrder();
    const first = order.turn();
    const second = order.turn();
    await expect(first(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await second(() => 2)).toBe(2);
  });
});

describe('Semaphore', () => {
  it('lets in no more than its limit, first come first served', async () => {
    const semaphore = new Semaphore(1);
    const entered: number[] = [];
    await semaphore.acquire();
    const waiting = [1, 2].map((n) => semaphore.acquire().then(() => entered.push(n)));
    await Promise.resolve();
    expect(entered).toEqual([]);
    semaphore.release();
    await waiting[0];
    expect(entered).toEqual([1]);
    semaphore.release();
    await waiting[1];
    semaphore.release();
    expect(semaphore.inUse).toBe(0);
  });
});

describe('Backoff', () => {
  it('doubles up to its bound, draws from the upper half, and starts small again after a success', () => {
    const low = new Backoff({ initialMs: 100, maxMs: 1000, random: () => 0 });
    expect([low.next(), low.next(), low.next(), low.next(), low.next()]).toEqual([50, 100, 200, 400, 500]);
    low.reset();
    expect(low.next()).toBe(50);
    const high = new Backoff({ initialMs: 100, maxMs: 1000, random: () => 1 });
    expect([high.next(), high.next()]).toEqual([100, 200]);
  });
});

describe('Semaphore with another limit', () => {
  it('lets in who waits when it is raised, and lets those inside finish when it is lowered', async () => {
    const semaphore = new Semaphore(1);
    const entered: number[] = [];
    const enter = (id: number) => semaphore.acquire().then(() => void entered.push(id));
    const all = [1, 2, 3, 4].map(enter);
    await all[0];
    expect(entered).toEqual([1]);
    semaphore.limit = 3;
    await Promise.all(all.slice(0, 3));
    expect(entered).toEqual([1, 2, 3]);
    semaphore.limit = 1;
    expect(semaphore.inUse).toBe(3);
    semaphore.release();
    semaphore.release();
    await Promise.resolve();
    expect(entered).toEqual([1, 2, 3]);
    semaphore.release();
    await all[3];
    expect(semaphore.inUse).toBe(1);
    semaphore.release();
    expect(semaphore.inUse).toBe(0);
  });
});

describe('Rerun', () => {
  /** Work whose runs end when they are told to. */
  function controlled() {
    const ends: ((error?: Error) => void)[] = [];
    const rerun = new Rerun(
      () =>
        new Promise<void>((resolve, reject) => {
          ends.push((error) => (error === undefined ? resolve() : reject(error)));
        }),
    );
    return { rerun, ends };
  }

  it('serves every request that comes during a run with one more run', async () => {
    const { rerun, ends } = controlled();
    const first = rerun.request();
    const others = [rerun.request(), rerun.request(), rerun.request()];
    expect(ends).toHaveLength(1);
    ends[0]?.();
    await first;
    // Between two runs a request joins the one that is about to begin.
    others.push(rerun.request());
    await expect.poll(() => ends.length).toBe(2);
    ends[1]?.();
    await Promise.all(others);
    expect(ends).toHaveLength(2);
    const later = rerun.request();
    expect(ends).toHaveLength(3);
    ends[2]?.();
    await later;
  });

  it('goes on after a run that failed, and tells only those whom it served', async () => {
    const { rerun, ends } = controlled();
    const failing = rerun.request();
    const next = rerun.request();
    ends[0]?.(new Error('no'));
    await expect(failing).rejects.toThrow('no');
    await expect.poll(() => ends.length).toBe(2);
    const idle = rerun.idle();
    ends[1]?.();
    await Promise.all([next, idle]);
  });
});
