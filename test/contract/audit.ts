import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditEntry } from '#jidoka/domain/command.js';
import type { Store, StorePlace } from './ledger.js';

export function anEntry(id: string, change: Partial<AuditEntry> = {}): AuditEntry {
  return {
    atMs: Date.UTC(2026, 2, 14),
    id,
    name: 'set-threshold',
    station: 's1',
    destination: 'mqtt',
    sender: 'shift-leader',
    arguments: { class: 'crack', threshold: 0.4 },
    result: { ok: true, value: { threshold: 0.4 } },
    ...change,
  };
}

/** What every implementation of AuditLog must do. */
export function auditContract(name: string, makePlace: () => Promise<StorePlace>): void {
  describe(`${name} keeps the contract of the audit`, () => {
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

    it('gives back what was written, newest first, over restarts', async () => {
      const entries = [
        anEntry('a'),
        anEntry('b', { name: '?', station: null, sender: null, result: { ok: false, code: 'X', text: 'No command.' } }),
        anEntry('c', { arguments: {} }),
      ];
      for (const entry of entries) await store.audit(entry);
      await store.stop();
      store = place.open();
      await store.start();
      expect(await store.audited(10)).toEqual(entries.toReversed());
      expect(await store.audited(1)).toEqual([entries[2]]);
    });

    it('knows the result of an id, the first where it came again', async () => {
      expect(await store.result('a')).toBeUndefined();
      await store.audit(anEntry('a'));
      await store.audit(anEntry('a', { result: { ok: false, code: 'LATER', text: 'Too late.' } }));
      expect(await store.result('a')).toEqual({ ok: true, value: { threshold: 0.4 } });
      expect(await store.result('b')).toBeUndefined();
    });

    it('tells long ids apart', async () => {
      const long = 'x'.repeat(5000);
      await store.audit(anEntry(`${long}1`));
      expect(await store.result(`${long}1`)).toMatchObject({ ok: true });
      expect(await store.result(`${long}2`)).toBeUndefined();
    });
  });
}
