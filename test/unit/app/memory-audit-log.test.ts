import { expect, it } from 'vitest';
import { auditEntry, auditLogContract } from '../../contract/audit-log.js';
import { MemoryAuditLog } from '../../simulators/memory-audit-log.js';

auditLogContract('MemoryAuditLog', async () => ({ audit: new MemoryAuditLog(), dispose: async () => undefined }));

it('forgets the oldest of ten thousand', async () => {
  const audit = new MemoryAuditLog();
  for (let index = 0; index <= 10_000; index += 1) await audit.audit(auditEntry(`c${index}`));
  expect(await audit.result('c0')).toBeUndefined();
  expect(await audit.result('c1')).toBeDefined();
  expect(await audit.audited(20_000)).toHaveLength(10_000);
});
