import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { InspectionMessage } from '#jidoka/domain/message.js';
import type { AuditLog } from '#jidoka/ports/commands.js';
import type { Ledger, OriginLog, Outbox } from '#jidoka/ports/ledger.js';
import { anInspection, idOf } from './inspections.js';

export type Store = Ledger & Outbox & OriginLog & AuditLog;

export interface StoreSettings {
  readonly destinations: readonly { readonly name: string; readonly expireAfterSeconds?: number }[];
  readonly outboxQuotaBytes: number;
}

/** One place to keep things, opened as often as the suite likes: a new store each time, the same memory. */
export interface StorePlace {
  /** Without other settings: one destination `mqtt`, nothing expires, room for all. */
  open(settings?: Partial<StoreSettings>): Store;
  remove(): Promise<void>;
}

/** What every implementation of Ledger and OriginLog must do, and of Outbox with one destination. */
export function ledgerContract(name: string, makePlace: () => Promise<StorePlace>): void {
  describe(`${name} keeps the contract of the ledger`, () => {
    let place: StorePlace;
    let store: Store;

    beforeEach(async () => {
      place = await makePlace();
      store = place.open();
      await store.start();
    });

    afterEach(async () => {
      await store.stop();
      await place.remove();
    });

    async function reopen(): Promise<void> {
      await store.stop();
      store = place.open();
      await store.start();
    }

    describe('recording', () => {
      it('gives each station its own numbers from 1, in the order of the calls', async () => {
        const calls = Array.from({ length: 60 }, (_, index) =>
          store.record(anInspection(index, { station: index % 3 === 0 ? 'left' : 'right' })),
        );
        const seqs = (await Promise.all(calls)).map(({ seq }) => seq);
        expect(seqs.filter((_, index) => index % 3 === 0)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
        expect(seqs.filter((_, index) => index % 3 !== 0)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
      });

      it('goes on counting after a restart', async () => {
        await Promise.all([1, 2, 3].map((index) => store.record(anInspection(index))));
        await reopen();
        expect(await store.record(anInspection(4))).toEqual({ seq: 4 });
      });

      it('keeps totals by verdict since the first part', async () => {
        expect(await store.totals('s1')).toEqual({ counts: { pass: 0, fail: 0, review: 0 }, lastSeq: 0 });
        for (const [index, decision] of (['pass', 'pass', 'fail', 'review', 'pass'] as const).entries()) {
          await store.record(anInspection(index, { decision }));
        }
        await store.record(anInspection(9, { station: 's2', decision: 'fail' }));
        await reopen();
        expect(await store.totals('s1')).toEqual({ counts: { pass: 3, fail: 1, review: 1 }, lastSeq: 5 });
        expect(await store.totals('s2')).toEqual({ counts: { pass: 0, fail: 1, review: 0 }, lastSeq: 1 });
      });

      it('records an id once, and says the number it has', async () => {
        const [first, second] = await Promise.all([1, 1].map((index) => store.record(anInspection(index))));
        expect(second).toEqual(first);
        await reopen();
        expect(await store.record(anInspection(1))).toEqual(first);
        expect(await store.totals('s1')).toMatchObject({ lastSeq: 1 });
        expect(await store.read('mqtt', { after: 0 }, 10)).toHaveLength(1);
      });

      it('refuses one that cannot be stored without harm to its neighbours', async () => {
        const results = await Promise.allSettled([
          store.record(anInspection(1)),
          store.record({ ...anInspection(2), capturedAtMs: Number.NaN }),
          store.record(anInspection(3)),
        ]);
        expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
        expect(results[2]).toMatchObject({ value: { seq: 2 } });
        expect(await store.totals('s1')).toMatchObject({ lastSeq: 2 });
      });

      it('says that it is open, has nothing pending, and is alive', async () => {
        await store.record(anInspection(1));
        expect(store.status()).toMatchObject({ state: 'open', outboxRows: 1, pendingWrites: 0 });
        expect(await store.alive(5000)).toBe(true);
      });

      it('counts what is pending', async () => {
        const calls = [1, 2, 3].map((index) => store.record(anInspection(index)));
        expect(store.status().pendingWrites).toBe(3);
        await Promise.all(calls);
        expect(store.status().pendingWrites).toBe(0);
      });

      it('commits what is pending on stop, and refuses calls after it', async () => {
        const calls = [1, 2, 3].map((index) => store.record(anInspection(index)));
        await store.stop();
        expect((await Promise.all(calls)).map(({ seq }) => seq)).toEqual([1, 2, 3]);
        await store.stop();
        expect(store.status().state).toBe('closed');
        expect(await store.alive(1000)).toBe(false);
        await expect(store.record(anInspection(4))).rejects.toMatchObject({ name: 'JidokaError' });
      });
    });

    describe('the outbox', () => {
      it('holds a message for each inspection, in the order of commit', async () => {
        await Promise.all([1, 2, 3].map((index) => store.record(anInspection(index))));
        const rows = await store.read('mqtt', { after: 0 }, 10);
        expect(rows.map(({ inspectionId, station, seq }) => ({ inspectionId, station, seq }))).toEqual(
          [1, 2, 3].map((index) => ({ inspectionId: idOf(index), station: 's1', seq: index })),
        );
        const [message] = rows.map(({ payload }) => JSON.parse(Buffer.from(payload).toString()) as InspectionMessage);
        expect(message).toMatchObject({ schema: 'jidoka.inspection/1', id: idOf(1), seq: 1, verdict: 'pass' });
      });

      it('reads on from a position, a limited number at a time', async () => {
        await Promise.all([1, 2, 3, 4, 5].map((index) => store.record(anInspection(index))));
        const first = await store.read('mqtt', { after: 0 }, 2);
        const rest = await store.read('mqtt', { after: first[1]?.position ?? Number.NaN }, 10);
        expect([...first, ...rest].map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
      });

      it('forgets what is settled, and never gives a position twice', async () => {
        await Promise.all([1, 2, 3].map((index) => store.record(anInspection(index))));
        const rows = await store.read('mqtt', { after: 0 }, 10);
        const last = rows[2]?.position ?? Number.NaN;
        await Promise.all([
          store.settle(
            'mqtt',
            rows.slice(0, 1).map(({ position }) => position),
          ),
          store.settle('mqtt', [last]),
        ]);
        expect((await store.read('mqtt', { after: 0 }, 10)).map(({ seq }) => seq)).toEqual([2]);
        expect(store.status().outboxRows).toBe(1);
        await store.settle('mqtt', [last, 987_654]);
        expect(store.status().outboxRows).toBe(1);
        await reopen();
        expect(store.status().outboxRows).toBe(1);
        await store.record(anInspection(4));
        expect((await store.read('mqtt', { after: last }, 10)).map(({ seq }) => seq)).toEqual([4]);
      });

      it('tells its listeners of new rows, until they leave', async () => {
        const listener = vi.fn();
        const leave = store.onCommitted(listener);
        await store.record(anInspection(1));
        await vi.waitFor(() => expect(listener).toHaveBeenCalled());
        const calls = listener.mock.calls.length;
        const [row] = await store.read('mqtt', { after: 0 }, 1);
        await store.settle('mqtt', [row?.position ?? Number.NaN]);
        await store.record(anInspection(1));
        expect(listener).toHaveBeenCalledTimes(calls);
        leave();
        await store.record(anInspection(2));
        await store.alive(5000);
        expect(listener).toHaveBeenCalledTimes(calls);
      });
    });

    describe('the origin log', () => {
      const origin = (index: number) => ({ name: `part-${index}.jpg`, key: `part-${index}.jpg:${index}:0` });

      it('knows which files were inspected, station by station, over restarts', async () => {
        expect(await store.seen('s1', [origin(1).key])).toEqual(new Set());
        await store.record({ ...anInspection(1), origin: origin(1) });
        await reopen();
        expect(await store.seen('s1', [origin(1).key, origin(2).key])).toEqual(new Set([origin(1).key]));
        expect(await store.seen('s2', [origin(1).key])).toEqual(new Set());
      });

      it('answers for more keys than fit one question', async () => {
        await store.record({ ...anInspection(1), origin: origin(2500) });
        const keys = Array.from({ length: 3000 }, (_, index) => origin(index).key);
        expect(await store.seen('s1', keys)).toEqual(new Set([origin(2500).key]));
      });

      it('lists quarantined files with their first reason, newest first', async () => {
        await store.quarantine('s1', origin(1), 'not an image');
        await store.quarantine('s1', origin(1), 'something else');
        await store.record({ ...anInspection(1), origin: origin(1) });
        await store.quarantine('s2', origin(2), 'too large');
        await reopen();
        expect(await store.quarantined('s1', 10)).toEqual([
          { station: 's1', name: origin(1).name, reason: 'not an image', atMs: expect.any(Number) },
        ]);
        expect(await store.seen('s1', [origin(1).key])).toEqual(new Set([origin(1).key]));
      });

      it('puts a file that is already recorded on the list', async () => {
        await store.record({ ...anInspection(1), origin: origin(1) });
        await store.quarantine('s1', origin(1), 'cut off in the middle');
        expect(await store.quarantined('s1', 10)).toMatchObject([{ reason: 'cut off in the middle' }]);
      });

      it('forgets what is gone', async () => {
        await store.quarantine('s1', origin(1), 'not an image');
        await store.record({ ...anInspection(1), origin: origin(2) });
        await store.forget('s1', [origin(1).key, origin(2).key]);
        expect(await store.seen('s1', [origin(1).key, origin(2).key])).toEqual(new Set());
        expect(await store.quarantined('s1', 10)).toEqual([]);
      });
    });
  });
}
