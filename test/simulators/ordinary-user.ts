import { chown } from 'node:fs/promises';

const NOBODY = 65_534;

/**
 * Runs `work` as somebody who may not read or write everything: as root, with the effective user of nobody, to whom
 * `paths` are given first; otherwise as the user who runs the tests.
 */
export async function asOrdinaryUser(paths: readonly string[], work: () => Promise<void>): Promise<void> {
  if (process.geteuid?.() !== 0) return work();
  for (const path of paths) await chown(path, NOBODY, NOBODY);
  process.seteuid?.(NOBODY);
  try {
    await work();
  } finally {
    process.seteuid?.(0);
  }
}
