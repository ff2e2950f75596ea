import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Publisher } from '#jidoka/ports/publisher.js';
import { exampleInspection, onlineStatus, outboxRecord, stationState } from '../simulators/messages.js';

/** One publisher and the place it publishes to, which is away at the beginning. */
export interface PublisherWorld {
  readonly publisher: Publisher;
  up(): Promise<void>;
  down(): Promise<void>;
  /** The payloads of the inspections that have arrived, in order. */
  arrived(): readonly string[];
  /** What a consumer that comes now gets to know, by topic; left out where a publisher keeps no state. */
  lateConsumer?(): Promise<ReadonlyMap<string, string>>;
  dispose(): Promise<void>;
}

/** What every publisher must do; see src/ports/publisher.ts. */
export function publisherContract(name: string, setUp: () => Promise<PublisherWorld>): void {
  describe(`${name} as a publisher`, () => {
    let world: PublisherWorld;
    let publisher: Publisher;

    beforeEach(async () => {
      world = await setUp();
      publisher = world.publisher;
    });
    afterEach(async () => {
      await publisher.stop(500);
      await world.dispose();
    });

    const connected = () => vi.waitFor(() => expect(publisher.status().state).toBe('connected'), { timeout: 10_000 });

    it('starts without its broker, says so, and rejects deliveries as transient', async () => {
      await publisher.start();
      await expect(publisher.deliver(outboxRecord(1, 1), 'live')).rejects.toMatchObject({ consequence: 'transient' });
      expect(publisher.status().state).not.toBe('connected');
      expect(publisher.status().text).not.toBe('');
    });

    it('connects once the broker is there, and says so to those who listen', async () => {
      const listener = vi.fn();
      const ended = vi.fn();
      publisher.onConnected(listener);
      publisher.onConnected(ended)();
      await publisher.start();
      await world.up();
      await connected();
      expect(listener).toHaveBeenCalledTimes(1);
      await world.down();
      await vi.waitFor(() => expect(publisher.status().state).not.toBe('connected'));
      await world.up();
      await connected();
      expect(listener).toHaveBeenCalledTimes(2);
      expect(ended).not.toHaveBeenCalled();
    });

    it('delivers the bytes as they are, in the order of the calls', async () => {
      await world.up();
      await publisher.start();
      await connected();
      const records = Array.from({ length: 40 }, (_, index) => outboxRecord(index + 1, index + 1, exampleInspection()));
      await Promise.all(records.map((record) => publisher.deliver(record, 'live')));
      const expected = records.map(({ payload }) => new TextDecoder().decode(payload));
      await vi.waitFor(() => expect(world.arrived()).toEqual(expected));
    });

    it('settles every delivery when the connection goes away, and delivers again after it is back', async () => {
      await world.up();
      await publisher.start();
      await connected();
      const records = Array.from({ length: 40 }, (_, index) => outboxRecord(index + 1, index + 1));
      const outcomes = Promise.allSettled(records.map((record) => publisher.deliver(record, 'live')));
      await world.down();
      for (const outcome of await outcomes) {
        if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ consequence: 'transient' });
      }
      await vi.waitFor(() => expect(publisher.status().state).not.toBe('connected'));
      await expect(publisher.deliver(outboxRecord(50, 50), 'live')).rejects.toMatchObject({ consequence: 'transient' });
      await world.up();
      await connected();
      const last = outboxRecord(51, 51);
      await publisher.deliver(last, 'live');
      await vi.waitFor(() => expect(world.arrived()).toContain(new TextDecoder().decode(last.payload)));
    });

    it('keeps the newest state of each topic for those who come later, over a loss of everything too', async () => {
      const { lateConsumer } = world;
      if (lateConsumer === undefined) return expect(name).toContain('fake');
      await publisher.start();
      for (let total = 1; total <= 500; total += 1) publisher.announceState(stateWith(total));
      publisher.announceState({ ...stateWith(7), station: 'cap' });
      publisher.announceStatus(onlineStatus({ outboxRows: 3 }));
      for (const _ of ['at first', 'after the broker forgot everything']) {
        await world.up();
        await connected();
        const known = await lateConsumer();
        await vi.waitFor(() => {
          const json = (end: string) => JSON.parse([...known].find(([topic]) => topic.endsWith(end))?.[1] ?? '{}');
          expect(json('bottle-neck/state').counts?.total).toBe(500);
          expect(json('cap/state').counts?.total).toBe(7);
          expect(json('/status').outboxRows).toBe(3);
        });
        await world.down();
      }
    });

    it('stops, connected or not, twice too', async () => {
      await publisher.start();
      await publisher.stop(500);
      expect(publisher.status().state).not.toBe('connected');
      await expect(publisher.deliver(outboxRecord(1, 1), 'live')).rejects.toMatchObject({ consequence: 'transient' });
      await publisher.stop(500);
    });
  });
}

function stateWith(total: number) {
  return stationState({ counts: { pass: total, fail: 0, review: 0, total } });
}
