import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditEntry } from '#jidoka/domain/command.js';
import type { AuditLog } from '#jidoka/ports/commands.js';

export interface AuditWorld {
  readonly audit: AuditLog;
  /** The same list after a restart of the agent, where it outlives one. */
  readonly reopened?: () => Promise<AuditLog>;
  dispose(): Promise<void>;
}

export function auditEntry(id: string, change: Partial<AuditEntry> = {}): AuditEntry {
  return {
    atMs: 1_700_000_000_000,
    id,
    name: 'pause',
    station: 'surface',
    destination: 'mqtt',
    sender: 'kim',
    arguments: { reason: 'new lamp' },
    result: { ok: true, value: { station: 'surface', paused: '2026-11-23T09:41:07.250Z' } },
    ...change,
  };
}

const refusal = { ok: false, code: 'COMMAND_EXPIRED', text: 'COMMAND_EXPIRED: it came too late.' } as const;

/** What every list of commands must keep to. */
export function auditLogContract(name: string, create: () => Promise<AuditWorld>): void {
  describe(name, () => {
    let world: AuditWorld;

    beforeEach(async () => {
      world = await create();
    });
    afterEach(() => world.dispose());

    it('knows the result of a command by its id, and nothing of one that never came', async () => {
      await world.audit.audit(auditEntry('a'));
      expect(await world.audit.result('a')).toEqual(auditEntry('a').result);
      expect(await world.audit.result('b')).toBeUndefined();
      expect(await world.audit.result('')).toBeUndefined();
    });

    it.each([
      ['before', [refusal, auditEntry('a').result]],
      ['after', [auditEntry('a').result, refusal]],
    ])('tells that a command took effect, whatever was refused under its id %s', async (_, results) => {
      for (const result of results) await world.audit.audit(auditEntry('a', { result }));
      expect(await world.audit.result('a')).toMatchObject({ ok: true });
    });

    it('lists the newest first, each as it was written', async () => {
      const entries = [
        auditEntry('a'),
        auditEntry('b', { station: null, sender: null, arguments: {}, result: refusal }),
        auditEntry('c', { name: 'no-such-command', arguments: { deep: { list: [1, 'ü', null] } } }),
      ];
      for (const entry of entries) await world.audit.audit(entry);
      expect(await world.audit.audited(10)).toEqual([...entries].reverse());
      expect((await world.audit.audited(2)).map(({ id }) => id)).toEqual(['c', 'b']);
    });

    it('tells long ids apart', async () => {
      const long = 'x'.repeat(5000);
      await world.audit.audit(auditEntry(`${long}1`));
      expect(await world.audit.result(`${long}1`)).toMatchObject({ ok: true });
      expect(await world.audit.result(`${long}2`)).toBeUndefined();
    });

    it('still knows them after a restart, where it outlives one', async () => {
      await world.audit.audit(auditEntry('a'));
      const audit = (await world.reopened?.()) ?? world.audit;
      expect(await audit.result('a')).toEqual(auditEntry('a').result);
    });
  });
}
