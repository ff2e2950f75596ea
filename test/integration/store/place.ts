import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '#jidoka/base/logger.js';
import { SqliteLedger, type SqliteLedgerOptions } from '#jidoka/store/sqlite-ledger.js';

export const QUOTA_BYTES = 64 * 1024 * 1024;

export function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'jidoka-store-'));
}

export function ledgerIn(directory: string, options: Partial<SqliteLedgerOptions> = {}): SqliteLedger {
  return new SqliteLedger({
    directory,
    imageQuotaBytes: QUOTA_BYTES,
    destinations: [{ name: 'mqtt' }],
    outboxQuotaBytes: QUOTA_BYTES,
    retention: {},
    pid: process.pid,
    logger: silentLogger,
    ...options,
  });
}

export function removeFolder(directory: string): Promise<void> {
  return rm(directory, { recursive: true, force: true });
}
