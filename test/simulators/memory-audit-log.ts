import type { AuditEntry, CommandResult } from '#jidoka/domain/command.js';
import type { AuditLog } from '#jidoka/ports/commands.js';

const MAX_ENTRIES = 10_000;

/** An audit that lasts as long as the process. */
export class MemoryAuditLog implements AuditLog {
  readonly #entries: AuditEntry[] = [];

  async result(id: string): Promise<CommandResult | undefined> {
    const results = this.#entries.filter((entry) => entry.id === id).map(({ result }) => result);
    return results.find(({ ok }) => ok) ?? results[0];
  }

  async audit(entry: AuditEntry): Promise<void> {
    this.#entries.push(entry);
    if (this.#entries.length > MAX_ENTRIES) this.#entries.shift();
  }

  async audited(limit: number): Promise<readonly AuditEntry[]> {
    return this.#entries.slice(-limit).reverse();
  }
}
