import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Inspection } from '#jidoka/domain/inspection.js';
import type { Decision } from '#jidoka/domain/verdict.js';
import type { OutboxSelection } from '#jidoka/ports/ledger.js';
import { anInspection, idOf } from './inspections.js';
import type { Store, StorePlace, StoreSettings } from './ledger.js';

const BOTH = { destinations: [{ name: 'mqtt' }, { name: 'cloud' }] };

/** What every implementation of Outbox must do for several destinations. */
export function outboxContract(name: string, makePlace: () => Promise<StorePlace>): void {
  describe(`${name} keeps the contract of the outbox`, () => {
    let place: StorePlace;
    let store: Store;

    beforeEach(async () => {
      place = await makePlace();
    });

    afterEach(async () => {
      await store.stop();
      await place.remove();
    });

    async function open(settings: Partial<StoreSettings>): Promise<void> {
      store = place.open(settings);
      await store.start();
    }

    async function reopen(settings: Partial<StoreSettings>): Promise<void> {
      await store.stop();
      await open(settings);
    }

    const record = (...decisions: readonly Decision[]): Promise<unknown> =>
      recordAll(decisions.map((decision, index) => anInspection(index + 1, { decision })));

    const recordAll = (inspections: readonly Inspection[]): Promise<unknown> =>
      Promise.all(inspections.map((inspection) => store.record(inspection)));

    async function waiting(destination: string, selection: Partial<OutboxSelection> = {}): Promise<number[]> {
      return (await store.read(destination, { after: 0, ...selection }, 1000)).map(({ seq }) => seq);
    }

    async function settle(destination: string, ...seqs: readonly number[]): Promise<void> {
      const rows = await store.read(destination, { after: 0 }, 1000);
      const positions = rows.filter(({ seq }) => seqs.includes(seq)).map(({ position }) => position);
      await store.settle(destination, positions);
    }

    describe('accounts', () => {
      it('keeps one for each destination: what one has received the others still get', async () => {
        await open(BOTH);
        await record('pass', 'fail', 'review');
        await settle('mqtt', 1, 2);
        expect(await waiting('mqtt')).toEqual([3]);
        expect(await waiting('cloud')).toEqual([1, 2, 3]);
        expect(store.status().outboxRows).toBe(3);
        await settle('cloud', 2, 3);
        expect(store.status().outboxRows).toBe(2);
        await reopen(BOTH);
        expect(await waiting('mqtt')).toEqual([3]);
        expect(await waiting('cloud')).toEqual([1]);
        expect(store.status()).toMatchObject({ outboxRows: 2, waiting: { mqtt: 1, cloud: 1 } });
      });

      it('gives a new destination what is committed from then on', async () => {
        await open({});
        await record('pass', 'pass');
        await reopen(BOTH);
        await store.record(anInspection(9));
        expect(await waiting('mqtt')).toEqual([1, 2, 3]);
        expect(await waiting('cloud')).toEqual([3]);
      });

      it('keeps what waits for a destination that is no longer configured, says so, and adds nothing', async () => {
        await open(BOTH);
        await record('pass', 'pass');
        await reopen({});
        await store.record(anInspection(9));
        await settle('mqtt', 1, 2, 3);
        expect(store.status()).toMatchObject({ state: 'open', outboxRows: 2 });
        expect(store.status().text).toMatch(/Destination cloud is no longer configured; 2 messages wait for it/);
        await reopen(BOTH);
        expect(await waiting('cloud')).toEqual([1, 2]);
        expect(store.status().text).toBe('Open.');
      });

      it('has nothing for a destination it does not know', async () => {
        await open({});
        await record('pass');
        expect(await waiting('elsewhere')).toEqual([]);
        await store.settle('elsewhere', [1]);
        expect(await waiting('mqtt')).toEqual([1]);
      });

      it('tells each row with what a publisher needs', async () => {
        await open({});
        const inspection = anInspection(1, { station: 's2', decision: 'fail' });
        await store.record(inspection);
        const [row] = await store.read('mqtt', { after: 0 }, 1);
        expect(row).toEqual({
          position: await store.newest(),
          inspectionId: idOf(1),
          station: 's2',
          seq: 1,
          verdict: 'fail',
          decidedAtMs: inspection.decidedAtMs,
          payload: expect.any(Uint8Array),
        });
      });
    });

    describe('selection', () => {
      beforeEach(async () => {
        await open({});
        await record('pass', 'fail', 'review', 'pass', 'fail', 'review', 'pass');
      });

      it('reads all in the order of commit, whatever the verdict', async () => {
        expect(await waiting('mqtt')).toEqual([1, 2, 3, 4, 5, 6, 7]);
        const rows = await store.read('mqtt', { after: 0 }, 3);
        expect(rows.map(({ seq }) => seq)).toEqual([1, 2, 3]);
      });

      it('reads one verdict', async () => {
        expect(await waiting('mqtt', { verdict: 'fail' })).toEqual([2, 5]);
        expect(await waiting('mqtt', { verdict: 'review' })).toEqual([3, 6]);
        expect(await waiting('mqtt', { verdict: 'pass' })).toEqual([1, 4, 7]);
      });

      it('reads what lies between two positions, the second included', async () => {
        const positions = (await store.read('mqtt', { after: 0 }, 10)).map(({ position }) => position);
        const [after, upTo] = [positions[1] ?? Number.NaN, positions[4] ?? Number.NaN];
        expect(await waiting('mqtt', { after, upTo })).toEqual([3, 4, 5]);
        expect(await waiting('mqtt', { after, upTo, verdict: 'fail' })).toEqual([5]);
        expect(await waiting('mqtt', { after: upTo, upTo: after })).toEqual([]);
      });

      it('knows the newest position, when its row is long gone too', async () => {
        const newest = await store.newest();
        expect((await store.read('mqtt', { after: 0 }, 10)).at(-1)?.position).toBe(newest);
        await settle('mqtt', 1, 2, 3, 4, 5, 6, 7);
        await reopen({});
        expect(await store.newest()).toBe(newest);
        await store.record(anInspection(9));
        expect(await store.newest()).toBeGreaterThan(newest);
      });
    });

    it('has no newest position before the first', async () => {
      await open({});
      expect(await store.newest()).toBe(0);
    });

    describe('when it is full', () => {
      /** Room for five messages. */
      async function openSmall(settings: Partial<StoreSettings> = {}): Promise<void> {
        await open({});
        await record('pass');
        const [row] = await store.read('mqtt', { after: 0 }, 1);
        await settle('mqtt', 1);
        await reopen({ outboxQuotaBytes: (row?.payload.byteLength ?? Number.NaN) * 5.5, ...settings });
      }

      const shortFail = (index: number, decision: Decision): Inspection => {
        const inspection = anInspection(index, { decision });
        return { ...inspection, verdict: { decision, reasons: [] } };
      };

      it('gives up the oldest passes, then reviews, then fails, and counts them for good', async () => {
        await openSmall();
        const decisions: Decision[] = ['fail', 'pass', 'review', 'fail', 'pass', 'pass', 'fail', 'fail', 'fail'];
        await recordAll(decisions.map((decision, index) => shortFail(index + 10, decision)));
        // Numbers 2 to 10: the passes 3, 6, 7 and the review 4 went, in this order.
        expect(await waiting('mqtt')).toEqual([2, 5, 8, 9, 10]);
        await store.record(shortFail(30, 'fail'));
        expect(await waiting('mqtt')).toEqual([5, 8, 9, 10, 11]);
        expect(store.status().text).toMatch(/given up because the outbox is full: 5\./);
        await reopen({});
        expect(await store.shed()).toEqual([
          { destination: 'mqtt', station: 's1', verdict: 'fail', reason: 'full', count: 1 },
          { destination: 'mqtt', station: 's1', verdict: 'pass', reason: 'full', count: 3 },
          { destination: 'mqtt', station: 's1', verdict: 'review', reason: 'full', count: 1 },
        ]);
      });

      it('takes from the destination that has the most waiting', async () => {
        await openSmall(BOTH);
        for (let index = 10; index < 20; index += 1) {
          await store.record(shortFail(index, 'fail'));
          if (index < 18) await settle('mqtt', index - 8);
        }
        expect(await waiting('mqtt')).toEqual([10, 11]);
        expect(await waiting('cloud')).toEqual([7, 8, 9, 10, 11]);
        expect(await store.shed()).toEqual([
          { destination: 'cloud', station: 's1', verdict: 'fail', reason: 'full', count: 5 },
        ]);
        expect(store.status().outboxRows).toBe(5);
      });

      it('gives up what two destinations wait for from both', async () => {
        await openSmall(BOTH);
        await recordAll(Array.from({ length: 9 }, (_, index) => shortFail(index + 10, 'pass')));
        expect(await waiting('mqtt')).toEqual([6, 7, 8, 9, 10]);
        expect(await waiting('cloud')).toEqual([6, 7, 8, 9, 10]);
        expect((await store.shed()).map(({ count }) => count)).toEqual([4, 4]);
      });

      it('makes room at the start where the bound has become smaller', async () => {
        await open({});
        await recordAll(Array.from({ length: 50 }, (_, index) => shortFail(index + 1, 'pass')));
        const [row] = await store.read('mqtt', { after: 0 }, 1);
        await reopen({ outboxQuotaBytes: (row?.payload.byteLength ?? Number.NaN) * 3.5 });
        await vi.waitFor(() => expect(store.status().outboxRows).toBe(3), { timeout: 10_000 });
        expect(await waiting('mqtt')).toEqual([48, 49, 50]);
      });
    });

    describe('expiry', () => {
      it('gives up what waited too long, destination by destination, and counts it', async () => {
        await open(BOTH);
        const now = Date.now();
        const decided = (index: number, decision: Decision, ageSeconds: number): Inspection => ({
          ...anInspection(index, { decision }),
          decidedAtMs: now - ageSeconds * 1000,
        });
        await recordAll([
          decided(1, 'pass', 9000),
          decided(2, 'fail', 8000),
          decided(3, 'pass', 8000),
          decided(4, 'pass', 0),
          decided(5, 'fail', 0),
        ]);
        await reopen({ destinations: [{ name: 'mqtt', expireAfterSeconds: 3600 }, { name: 'cloud' }] });
        await vi.waitFor(async () => expect(await waiting('mqtt')).toEqual([4, 5]), { timeout: 10_000 });
        expect(await waiting('cloud')).toEqual([1, 2, 3, 4, 5]);
        await reopen(BOTH);
        expect(await store.shed()).toEqual([
          { destination: 'mqtt', station: 's1', verdict: 'fail', reason: 'expired', count: 1 },
          { destination: 'mqtt', station: 's1', verdict: 'pass', reason: 'expired', count: 2 },
        ]);
      });
    });
  });
}
