import type { Database } from 'better-sqlite3';

/**
 * Brings messages and the destinations' accounts in step where a part of either is lost. A message that no account
 * names any more goes to every destination: some may get it twice, with the same id, and none misses it. An entry
 * whose message is lost would be waited for in vain.
 *
 * @returns how many entries were made, and how many were taken out
 */
export function mendAccounts(db: Database): { readonly given: number; readonly takenOut: number } {
  const known = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'pending'").get();
  if (known === undefined) return { given: 0, takenOut: 0 };
  return db.transaction(() => {
    const takenOut = db.prepare('DELETE FROM pending WHERE position NOT IN (SELECT position FROM outbox)').run();
    const given = db
      .prepare(`
        INSERT INTO pending (destination, rank, position, bytes)
        SELECT destination, CASE verdict WHEN 'pass' THEN 0 WHEN 'review' THEN 1 ELSE 2 END, position, LENGTH(payload)
        FROM outbox JOIN inspections ON inspections.number = outbox.inspection CROSS JOIN destinations
        WHERE NOT EXISTS (
          SELECT 1 FROM destinations AS known CROSS JOIN pending ON pending.destination = known.destination
          WHERE pending.rank IN (0, 1, 2) AND pending.position = outbox.position)`)
      .run();
    return { given: given.changes, takenOut: takenOut.changes };
  })();
}
