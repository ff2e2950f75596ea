import { describe, expect, it, vi } from 'vitest';
import { type Destination, Destinations } from '#jidoka/app/destinations.js';
import { troublesOf } from '#jidoka/app/health.js';
import { ShedCounts } from '#jidoka/app/shed-counts.js';
import type { DeliveryStatus } from '#jidoka/pipeline/deliver.js';
import { FakeOutbox } from '../../simulators/fake-outbox.js';
import { FakePublisher } from '../../simulators/fake-publisher.js';
import { onlineStatus, stationState } from '../../simulators/messages.js';

function destination(name: string, state: DeliveryStatus['state'] = 'idle') {
  const publisher = new FakePublisher();
  const order: string[] = [];
  const status = {
    state,
    text: `${name} is ${state}`,
    delivered: 0,
    retried: 0,
    hurried: 0,
    underWay: 0,
    refusals: [],
  };
  const deliverer: Destination['deliverer'] = {
    start: () => Promise.resolve(),
    stop: (drainMs) => {
      order.push(`deliverer ${drainMs}`);
      return Promise.resolve();
    },
    status: () => status,
  };
  vi.spyOn(publisher, 'stop').mockImplementation(() => {
    order.push('publisher');
    return Promise.resolve();
  });
  return { name, main: name === 'mqtt', publisher, deliverer, order };
}

describe('Destinations', () => {
  it('name the trouble of each, the main one as the broker', () => {
    const [main, mes, cloud] = [destination('mqtt', 'failing'), destination('mes'), destination('cloud', 'refused')];
    cloud.publisher.connect();
    expect(troublesOf(new Destinations([main, mes, cloud]).health)).toEqual([
      { where: 'broker', text: 'fake' },
      { where: 'delivery', text: 'mqtt is failing' },
      { where: 'broker mes', text: 'fake' },
      { where: 'delivery to cloud', text: 'cloud is refused' },
    ]);
  });

  it('summarise who is there and what waits', () => {
    const [main, mes] = [destination('mqtt'), destination('mes')];
    mes.publisher.connect();
    const summary = new Destinations([main, mes]).summary(
      (name) => name.length,
      () => 7,
    );
    expect(summary).toEqual({
      mqtt: { connected: false, waiting: 4, shed: 7 },
      mes: { connected: true, waiting: 3, shed: 7 },
    });
  });

  it('are all told of status and states', () => {
    const both = [destination('mqtt'), destination('mes')];
    const spies = both.map(({ publisher }) => [
      vi.spyOn(publisher, 'announceStatus'),
      vi.spyOn(publisher, 'announceState'),
    ]);
    const destinations = new Destinations(both);
    destinations.announceStatus(onlineStatus());
    destinations.announceState(stationState());
    for (const [status, state] of spies) {
      expect(status).toHaveBeenCalledTimes(1);
      expect(state).toHaveBeenCalledTimes(1);
    }
  });

  it('stop each after its delivery, and all even where one fails', async () => {
    const [main, mes] = [destination('mqtt'), destination('mes')];
    vi.spyOn(main.deliverer, 'stop').mockRejectedValue(new Error('stuck'));
    await expect(new Destinations([main, mes]).stop(50)).rejects.toThrow('stuck');
    expect(main.order).toEqual(['publisher']);
    expect(mes.order).toEqual(['deliverer 50', 'publisher']);
  });
});

describe('ShedCounts', () => {
  it('say what each station and destination has lost, and whether that is new', async () => {
    const outbox = new FakeOutbox();
    const counts = new ShedCounts(outbox);
    expect(await counts.refresh()).toBe(false);
    outbox.shedCounts = [
      { destination: 'mqtt', station: 'a', verdict: 'pass', reason: 'full', count: 5 },
      { destination: 'mqtt', station: 'b', verdict: 'fail', reason: 'expired', count: 2 },
      { destination: 'mes', station: 'a', verdict: 'pass', reason: 'full', count: 9 },
    ];
    expect(await counts.refresh()).toBe(true);
    expect(await counts.refresh()).toBe(false);
    expect([counts.toDestination('mqtt'), counts.toDestination('mes'), counts.toDestination('x')]).toEqual([7, 9, 0]);
    expect(counts.ofStation('a')).toEqual([
      { destination: 'mqtt', verdict: 'pass', reason: 'full', count: 5 },
      { destination: 'mes', verdict: 'pass', reason: 'full', count: 9 },
    ]);
  });

  it('keep what they know while the outbox does not answer', async () => {
    const outbox = new FakeOutbox();
    outbox.shedCounts = [{ destination: 'mqtt', station: 'a', verdict: 'pass', reason: 'full', count: 5 }];
    const counts = new ShedCounts(outbox);
    await counts.refresh();
    vi.spyOn(outbox, 'shed').mockRejectedValue(new Error('disk I/O error'));
    expect(await counts.refresh()).toBe(false);
    expect(counts.toDestination('mqtt')).toBe(5);
  });
});
