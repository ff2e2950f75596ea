import type { Command } from 'commander';
import { registerDbBackup } from './db-backup.js';
import { registerDbCheck } from './db-check.js';
import { registerDbDropDestination } from './db-drop-destination.js';
import { registerDbExport } from './db-export.js';
import { registerDbStats } from './db-stats.js';

export function registerDb(program: Command): void {
  const db = program.command('db').description('look after the database');
  registerDbCheck(db);
  registerDbStats(db);
  registerDbBackup(db);
  registerDbExport(db);
  registerDbDropDestination(db);
}
