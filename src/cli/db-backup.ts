import type { Command } from 'commander';
import { backUp } from '../store/tools/backup.js';
import { openReader } from '../store/tools/open-reader.js';
import { addFolderOptions, bytesText, type FolderOptions, Progress, storageFolder } from './db-options.js';
import { guardOutput, print } from './open-model.js';

export function registerDbBackup(db: Command): void {
  addFolderOptions(db.command('backup'))
    .description('copy the database to a file, check the copy, and only then give it its name')
    .argument('<file>', 'the copy; refused where it exists')
    .addHelpText(
      'after',
      `
The copy is whole and needs no other file beside it. Images are files of their own, in the folder images.

Example:
  jidoka db backup --config /etc/jidoka/jidoka.yaml /backup/jidoka-2026-03-14.sqlite`,
    )
    .action(backup);
}

async function backup(file: string, options: FolderOptions): Promise<void> {
  guardOutput();
  const database = openReader(await storageFolder(options));
  const progress = new Progress('pages', 1);
  try {
    const bytes = await backUp(database, file, ({ total, remaining }) => {
      progress.total(total);
      progress.update(total - remaining);
    });
    progress.stop();
    await print(`${file}: ${bytesText(bytes)}, checked.\n`);
  } finally {
    progress.stop();
    database.close();
  }
}
