import type { AuditEntry, Command, CommandResult } from '../domain/command.js';

/**
 * Carries out commands. It never rejects: what cannot be done is a result with `ok: false`, a stable code and a plain
 * sentence. Commands for one station are carried out one after the other; the same id again gives the same result
 * without a second effect, over restarts too.
 */
export interface Commands {
  execute(command: Command): Promise<CommandResult>;
  /** Writes down a message that was no command at all, or one that this destination may not give. */
  refused(entry: AuditEntry): void;
}

/** The durable list of commands. */
export interface AuditLog {
  /** The result of a command that was carried out before; undefined where the id is new. */
  result(id: string): Promise<CommandResult | undefined>;
  audit(entry: AuditEntry): Promise<void>;
  /** The newest entries, newest first. */
  audited(limit: number): Promise<readonly AuditEntry[]>;
}
