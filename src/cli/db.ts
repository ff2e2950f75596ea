import type { Command } from 'commander';
import { registerDbBackup } from './db-backup.js';
import { registerDbCheck } from './db-check.js';
import { registerDbExport } from './db-export.js';
import { registerDbStats } from './db-stats.js';

export function registerDb(program: Command): void {
  const db = program.command('db').description('look after the database; works while the daemon runs');
  registerDbCheck(db);
  registerDbStats(db);
  registerDbBackup(db);
  registerDbExport(db);
}
